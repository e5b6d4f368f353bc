//! The platform's own language model. Where there is one, it is asked for a word or two.

use super::refusals::{refused_with, stream_refused_with};
use crate::check::{Outcome, broken, same, skipped, that};
use crate::context::Cx;
use crate::exchange::message;
use crate::rule::{Group, Rule};
use mortise_proto::pb::chat_completion_stream_response::Event;
use mortise_proto::pb::{self, ErrorReason, Feature, LlmMessageRole as Role};
use mortise_proto::rpc::table::utility_llm_service::{
    CHAT_COMPLETION, CHAT_COMPLETION_STREAM, NAME,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("UTIL-01", "Without a model both calls fail with INTERNAL + LLM.", "UL:124-137", util_01_without_model)
        .hard("UTIL-02", "A request without messages fails with INTERNAL + LLM.", "UL:82-87", util_02_without_messages)
        .hard("UTIL-03", "A stream ends with exactly one `done` or `error`.", "LR:37-70", util_03_ends_once)
        .soft("UTIL-04", "The deltas together are the text of the same completion in one piece.", "LR:148-195", util_04_same_text)
        .hard("UTIL-05", "A message without a role or content, and an unknown effort, are refused as INVALID_FIELD.", "utility_llm.proto", util_05_malformed)
        .hard("UTIL-06", "Cancelling a stream leaves the model usable.", "utility_llm.proto, ChatCompletionStream", util_06_given_up).full()
        .list()
}

fn question(text: &str) -> pb::UtilityLlmRequest {
    pb::UtilityLlmRequest {
        messages: vec![pb::LlmMessage {
            role: Role::User.into(),
            content: Some(pb::llm_message::Content::Text(text.into())),
            ..Default::default()
        }],
        ..Default::default()
    }
}

const QUESTION: &str = "Answer with the one word `green` and nothing else.";

fn whole(request: pb::UtilityLlmRequest) -> pb::ChatCompletionRequest {
    pb::ChatCompletionRequest {
        context: None,
        request: Some(request),
    }
}

fn streamed(request: pb::UtilityLlmRequest) -> pb::ChatCompletionStreamRequest {
    pb::ChatCompletionStreamRequest {
        context: None,
        request: Some(request),
    }
}

fn has_model(cx: &Cx) -> bool {
    cx.offers_feature(NAME, Feature::UtilityLlmConfigured)
}

/// The rule is about a model.
fn with_model(cx: &Cx) -> Outcome {
    match has_model(cx) {
        true => Ok(()),
        false => skipped("the server has no model (FEATURE_UTILITY_LLM_CONFIGURED)"),
    }
}

/// Both calls are refused with one of these reasons.
async fn both_refused(cx: &Cx, request: pb::UtilityLlmRequest, reasons: &[ErrorReason]) -> Outcome {
    refused_with(cx, &CHAT_COMPLETION, whole(request.clone()), reasons).await?;
    let request = streamed(request);
    stream_refused_with(cx, &CHAT_COMPLETION_STREAM, request, reasons).await?;
    Ok(())
}

async fn util_01_without_model(cx: Cx) -> Outcome {
    match has_model(&cx) {
        true => skipped("the server has a model"),
        false => both_refused(&cx, question(QUESTION), &[ErrorReason::Llm]).await,
    }
}

async fn util_02_without_messages(cx: Cx) -> Outcome {
    let request = pb::UtilityLlmRequest::default();
    both_refused(&cx, request, &[ErrorReason::Llm]).await
}

/// The text of a streamed completion, whose events must have their form.
async fn text_of_stream(cx: &Cx) -> Outcome<String> {
    let request = streamed(question(QUESTION));
    let events = cx.collect(&CHAT_COMPLETION_STREAM, request).await?;
    let shape = message(&events);
    let (mut text, mut ended) = (String::new(), None);
    for event in events {
        if ended.is_some() {
            return broken("the stream of a completion", "nothing after its end", shape);
        }
        match event.event {
            Some(Event::TextDelta(more)) => text.push_str(&more),
            Some(Event::Done(_)) => ended = Some(Ok(())),
            Some(Event::Error(error)) => ended = Some(Err(error)),
            Some(
                Event::ThinkingDelta(_)
                | Event::ThinkingSignature(_)
                | Event::ReasonItem(_)
                | Event::ToolCalls(_),
            ) => {}
            None => return broken("an event of a completion", "to say what happened", shape),
        }
    }
    match ended {
        Some(Ok(())) => Ok(text),
        Some(Err(error)) => skipped(format!("the model failed: {error}")),
        None => broken("the last event of a completion", "`done` or `error`", shape),
    }
}

async fn util_03_ends_once(cx: Cx) -> Outcome {
    with_model(&cx)?;
    let text = text_of_stream(&cx).await?;
    that(
        "the text of a completion",
        "some text",
        !text.is_empty(),
        &text,
    )
}

async fn util_04_same_text(cx: Cx) -> Outcome {
    with_model(&cx)?;
    let request = whole(question(QUESTION));
    let first = cx.call(&CHAT_COMPLETION, request.clone()).await?.text;
    let second = cx.call(&CHAT_COMPLETION, request).await?.text;
    if first != second {
        return skipped("the model does not answer the same twice");
    }
    same(
        "the deltas of a stream together",
        &text_of_stream(&cx).await?,
        &first,
    )
}

async fn util_05_malformed(cx: Cx) -> Outcome {
    let mut without_role = question(QUESTION);
    without_role.messages[0].role = Role::Unspecified.into();
    let mut other_role = question(QUESTION);
    other_role.messages[0].role = 99;
    let mut without_content = question(QUESTION);
    without_content.messages[0].content = None;
    let without_effort = pb::UtilityLlmRequest {
        reasoning_effort: Some(0),
        ..question(QUESTION)
    };
    for request in [without_role, other_role, without_content, without_effort] {
        // Without a model every call fails with LLM, and need not be looked at.
        let reasons: &[_] = match has_model(&cx) {
            true => &[ErrorReason::InvalidField],
            false => &[ErrorReason::InvalidField, ErrorReason::Llm],
        };
        both_refused(&cx, request, reasons).await?;
    }
    Ok(())
}

async fn util_06_given_up(cx: Cx) -> Outcome {
    with_model(&cx)?;
    let request = streamed(question("Count from 1 to 500, one number a line."));
    let mut stream = cx.open(&CHAT_COMPLETION_STREAM, request).await?;
    cx.next(&CHAT_COMPLETION_STREAM, &mut stream).await?;
    drop(stream);
    text_of_stream(&cx).await.map(drop)
}

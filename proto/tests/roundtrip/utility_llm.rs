//! What the platform's own model is asked and answers.

use everruns_core::llm_retry::{RateLimitInfo, RateLimitType, RetryMetadata};
use everruns_core::tool_types::ToolCall;
use everruns_core::{
    LlmCompletionMetadata, LlmContentPart, LlmMessage, LlmMessageContent, LlmMessageRole,
    LlmResponse, LlmStreamEvent, UtilityLlmReasoningEffort, UtilityLlmRequest,
};
use mortise_proto::pb;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

use crate::properties::{crosses, debug_form, through_bytes};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    UtilityLlmReasoningEffort { Low, Medium, High }
    LlmMessageRole { System, User, Assistant, Tool }
    RateLimitType { Requests, InputTokens, OutputTokens, TotalTokens, Unknown }
}

arb_struct! {
    UtilityLlmRequest { messages, reasoning_effort, temperature, max_tokens, metadata }
    LlmMessage {
        role, content, tool_calls, tool_call_id, phase, thinking, thinking_signature,
    }
    ToolCall { id, name, arguments }
    LlmResponse { text, thinking, thinking_signature, tool_calls, metadata }
    LlmCompletionMetadata {
        total_tokens, prompt_tokens, completion_tokens, cache_read_tokens, cache_creation_tokens,
        provider_cost_usd, model, finish_reason, retry_metadata, response_id, phase,
    }
    RetryMetadata { attempts, total_retry_wait, last_rate_limit_info }
    RateLimitInfo {
        retry_after_secs, requests_remaining, tokens_remaining, requests_reset, tokens_reset,
        limit_type,
    }
}

impl Arb for f32 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = Self::from_bits(tape.word() as u32);
        let random = if random.is_finite() { random } else { 0.5 };
        tape.choose(&[0.0, random, -0.0, 0.7, Self::MAX, 1e-45])
    }
}

/// Every duration that the wire can hold: half of the seconds that the type can.
impl Arb for Duration {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = tape.word() >> 1;
        let seconds = tape.choose(&[0, random, 1, i64::MAX as u64]);
        let nanos = tape.below(1_000_000_000) as u32;
        Self::new(seconds, tape.choose(&[0, nanos, 1, 999_999_999]))
    }
}

impl Arb for LlmMessageContent {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(2) {
            0 => Self::Parts(tape.make()),
            _ => Self::Text(tape.make()),
        }
    }
}

impl Arb for LlmContentPart {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(3) {
            0 => Self::Text { text: tape.make() },
            1 => Self::Image { url: tape.make() },
            _ => Self::Audio { url: tape.make() },
        }
    }
}

/// How many kinds of events there are.
const KINDS: usize = 7;

fn event(tape: &mut Tape<'_>, kind: usize) -> LlmStreamEvent {
    match kind {
        0 => LlmStreamEvent::TextDelta(tape.make()),
        1 => LlmStreamEvent::ThinkingDelta(tape.make()),
        2 => LlmStreamEvent::ThinkingSignature(tape.make()),
        3 => LlmStreamEvent::ReasonItem {
            provider: tape.make(),
            model: tape.make(),
            item_id: tape.make(),
            encrypted_content: tape.make(),
            summary: tape.make(),
            token_count: tape.make(),
        },
        4 => LlmStreamEvent::ToolCalls(tape.make()),
        5 => LlmStreamEvent::Done(Box::new(tape.make())),
        _ => LlmStreamEvent::Error(tape.make()),
    }
}

/// A request as text; its metadata has no order of its own.
fn request_form(request: &UtilityLlmRequest) -> Value {
    let UtilityLlmRequest {
        messages,
        reasoning_effort,
        temperature,
        max_tokens,
        metadata,
    } = request;
    json!([
        debug_form(messages),
        debug_form(reasoning_effort),
        debug_form(temperature),
        max_tokens,
        metadata,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A request keeps every field; no parts, no calls and no text stay three things.
    #[test]
    fn requests(words in tape()) {
        let request: UtilityLlmRequest = Tape::new(&words).make();
        let wire = through_bytes(&pb::UtilityLlmRequest::from(request.clone()));
        let back = UtilityLlmRequest::try_from(wire).unwrap();
        prop_assert_eq!(request_form(&back), request_form(&request));
    }

    /// An answer keeps every field.
    #[test]
    fn answers(words in tape()) {
        crosses::<LlmResponse, pb::ChatCompletionResponse>(Tape::new(&words).make(), debug_form);
    }

    /// An event of every kind keeps every field.
    #[test]
    fn stream_events(words in tape()) {
        for kind in 0..KINDS {
            let event = event(&mut Tape::new(&words), kind);
            crosses::<LlmStreamEvent, pb::ChatCompletionStreamResponse>(event, debug_form);
        }
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn refusals(words in tape()) {
        let mut tape = Tape::full(&words);
        let request = pb::UtilityLlmRequest::from(tape.make::<UtilityLlmRequest>());
        refuses("UtilityLlmRequest", &request, UtilityLlmRequest::try_from);
        let answer = pb::ChatCompletionResponse::from(tape.make::<LlmResponse>());
        refuses("ChatCompletionResponse", &answer, LlmResponse::try_from);
        for kind in 0..KINDS {
            let event = pb::ChatCompletionStreamResponse::from(event(&mut tape, kind));
            refuses("ChatCompletionStreamResponse", &event, LlmStreamEvent::try_from);
        }
    }
}

/// A wait longer than the wire can say is the longest that it can; one that is not a
/// wait is refused.
#[test]
fn waits() {
    let retries = RetryMetadata {
        total_retry_wait: Duration::MAX,
        ..Default::default()
    };
    let mut wire = pb::RetryMetadata::from(retries);
    let back = RetryMetadata::try_from(wire.clone()).unwrap();
    assert_eq!(back.total_retry_wait.as_secs(), i64::MAX as u64);
    for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
        wire.total_retry_wait = Some(prost_types::Duration { seconds, nanos });
        let error = RetryMetadata::try_from(wire.clone()).unwrap_err();
        assert_eq!(error.path, "total_retry_wait");
    }
}

//! The history of a session, as messages.

mod content;
mod filters;
mod growth;
mod pages;
mod reading;
mod tenancy;
mod tool_results;

use crate::advice::advised;
use crate::check::{Outcome, broken};
use crate::context::Cx;
use crate::rule::Rule;
use crate::rules::events::say;
use mortise_proto::pb;
use mortise_proto::pb::load_filtered_messages_response::Part;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES,
};

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = [
        reading::rules(),
        pages::rules(),
        growth::rules(),
        tenancy::rules(),
        filters::rules(),
        content::rules(),
        tool_results::rules(),
    ]
    .into_iter()
    .flatten()
    .collect();
    rules.sort_by_key(|rule| rule.id);
    advised(rules, include_str!("message_retriever/advice.md"))
}

fn getting(session: &str, message: &str) -> pb::GetMessageRequest {
    pb::GetMessageRequest {
        context: None,
        session_id: session.into(),
        message_id: message.into(),
    }
}

fn loading(session: &str) -> pb::LoadMessagesRequest {
    pb::LoadMessagesRequest {
        context: None,
        session_id: session.into(),
    }
}

fn counting(session: &str) -> pb::CountMessagesRequest {
    pb::CountMessagesRequest {
        context: None,
        session_id: session.into(),
    }
}

fn paging(session: &str, offset: u64, limit: u64) -> pb::LoadMessagePageRequest {
    pb::LoadMessagePageRequest {
        context: None,
        session_id: session.into(),
        offset,
        limit,
    }
}

/// A query without a filter and a window.
fn querying(session: &str) -> pb::LoadFilteredMessagesRequest {
    pb::LoadFilteredMessagesRequest {
        context: None,
        session_id: session.into(),
        filters: Vec::new(),
        limit: None,
        offset: None,
    }
}

fn chunks(chunks: impl IntoIterator<Item = Option<pb::MessageChunk>>) -> Vec<pb::Message> {
    chunks
        .into_iter()
        .flatten()
        .flat_map(|chunk| chunk.messages)
        .collect()
}

async fn get(cx: &Cx, session: &str, message: &str) -> Outcome<Option<pb::Message>> {
    Ok(cx
        .call(&GET_MESSAGE, getting(session, message))
        .await?
        .message)
}

pub(crate) async fn load(cx: &Cx, session: &str) -> Outcome<Vec<pb::Message>> {
    let answers = cx.collect(&LOAD_MESSAGES, loading(session)).await?;
    Ok(chunks(answers.into_iter().map(|answer| answer.chunk)))
}

async fn count(cx: &Cx, session: &str) -> Outcome<u64> {
    Ok(cx.call(&COUNT_MESSAGES, counting(session)).await?.count)
}

async fn page(cx: &Cx, session: &str, offset: u64, limit: u64) -> Outcome<Vec<pb::Message>> {
    let request = paging(session, offset, limit);
    let answers = cx.collect(&LOAD_MESSAGE_PAGE, request).await?;
    Ok(chunks(answers.into_iter().map(|answer| answer.chunk)))
}

/// What a query finds: how many there were before the window, and those in it.
struct Found {
    matched: u64,
    messages: Vec<pb::Message>,
}

async fn query(cx: &Cx, request: pb::LoadFilteredMessagesRequest) -> Outcome<Found> {
    let answers = cx.collect(&LOAD_FILTERED_MESSAGES, request).await?;
    let mut parts = answers.into_iter().map(|answer| answer.part);
    let matched = match parts.next() {
        Some(Some(Part::Matched(matched))) => matched,
        other => {
            return broken(
                "the first message of LoadFilteredMessages",
                "matched",
                format!("{other:?}"),
            );
        }
    };
    let mut messages = Vec::new();
    for part in parts {
        match part {
            Some(Part::Chunk(chunk)) => messages.extend(chunk.messages),
            other @ (Some(Part::Matched(_)) | None) => {
                return broken(
                    "a further message of LoadFilteredMessages",
                    "a chunk",
                    format!("{other:?}"),
                );
            }
        }
    }
    Ok(Found { matched, messages })
}

fn ids(messages: &[pb::Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

/// A session in which so many texts were said, `text 0` first; the messages' ids.
async fn conversation(cx: &Cx, count: u8) -> Outcome<(String, Vec<String>)> {
    let session = cx.session().await?;
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(say(cx, &session, &format!("text {number}"), number).await?);
    }
    Ok((session, ids))
}

//! Callers that leave in the middle of changes.

use crate::check::{Outcome, present, same, skipped, that};
use crate::context::Cx;
use crate::rule::Group;
use crate::rules::event_log::read;
use crate::rules::events::{emit, emitting, event};
use crate::rules::session_file_system::files;
use crate::rules::session_storage_store::calls::{get, set};
use futures::future::join_all;
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, event_log_service as log,
    session_file_system_service as files_service, session_storage_store_service as storage,
};
use serde_json::json;
use std::time::Duration;

const CALLERS: u32 = 64;

/// How much longer each waits than the one before.
const STEP: Duration = Duration::from_micros(300);

const SIZE: usize = 100_000;

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("GEN-17", "Of 64 changes whose callers leave in the middle each happens whole or not at all, and the server goes on.", "context.proto, cancelled calls", gen_17_leaving).full()
}

async fn gen_17_leaving(cx: Cx) -> Outcome {
    let mut held = false;
    if cx.offers(storage::NAME) {
        values(&cx).await?;
        held = true;
    }
    if cx.offers(files_service::NAME) {
        written(&cx).await?;
        held = true;
    }
    if cx.offers(emitter::NAME) {
        emitted(&cx).await?;
        held = true;
    }
    match held {
        true => Ok(()),
        false => skipped("no service with changes that the suite has requests for is offered"),
    }
}

/// The callers, each over one of eight connections and with a little more patience.
fn callers(cx: &Cx) -> Vec<Cx> {
    let connections: Vec<Cx> = (0..8).map(|_| cx.over_new_connection()).collect();
    let with_patience = |(number, cx): (u32, &Cx)| cx.with_patience(STEP * number);
    (0..CALLERS)
        .zip(connections.iter().cycle())
        .map(with_patience)
        .collect()
}

async fn values(cx: &Cx) -> Outcome {
    let session = cx.session().await?;
    let (before, after) = ("a".repeat(SIZE), "b".repeat(SIZE));
    let keys: Vec<String> = (0..CALLERS).map(|number| format!("key-{number}")).collect();
    for key in &keys {
        let request = set(&session, key, &before);
        cx.call(&storage::SET_VALUE, request).await?;
    }
    let callers = callers(cx);
    let leaving = keys.iter().zip(&callers).map(|(key, caller)| {
        let request = set(&session, key, &after);
        caller.attempt(&storage::SET_VALUE, request)
    });
    drop(join_all(leaving).await);
    for key in &keys {
        let value = present("the value", get(cx, &session, key).await?)?;
        let is_whole = value == before || value == after;
        that(
            "a value whose writer left",
            &format!("{SIZE} times `a`, as before, or {SIZE} times `b`, as written"),
            is_whole,
            &value,
        )?;
    }
    // A change that was left holds up no other.
    for key in &keys {
        let request = set(&session, key, "c");
        cx.call(&storage::SET_VALUE, request).await?;
        same(
            "the value",
            &get(cx, &session, key).await?.as_deref(),
            &Some("c"),
        )?;
    }
    Ok(())
}

async fn written(cx: &Cx) -> Outcome {
    let session = cx.session().await?;
    let content = "日本語\n".repeat(SIZE / 10);
    let folder = |number: u32| format!("/folder-{number}");
    let file = |number: u32| format!("/folder-{number}/file");
    let callers = callers(cx);
    let leaving = (0..CALLERS).zip(&callers).map(|(number, caller)| {
        let request = files::writing(&session, &file(number), &content);
        caller.attempt(&files_service::WRITE_FILE, request)
    });
    drop(join_all(leaving).await);
    for number in 0..CALLERS {
        // What is being written still may be there with the second look, but whole.
        if files::stat(cx, &session, &file(number)).await?.is_none()
            && files::stat(cx, &session, &folder(number)).await?.is_some()
        {
            let stat = files::stat(cx, &session, &file(number)).await?;
            present("the file in a folder that its writer made", stat)?;
        }
        if files::stat(cx, &session, &file(number)).await?.is_some() {
            files::holds(cx, &session, &file(number), &content).await?;
        }
        files::write(cx, &session, &file(number), "c").await?;
        files::holds(cx, &session, &file(number), "c").await?;
    }
    Ok(())
}

async fn emitted(cx: &Cx) -> Outcome {
    let session = cx.session().await?;
    let text = "e".repeat(SIZE);
    let sent = |number: u32| {
        event(
            &session,
            "tool.progress",
            &json!({"n": number, "text": text}),
        )
    };
    let callers = callers(cx);
    let leaving = (0..CALLERS)
        .zip(&callers)
        .map(|(number, caller)| caller.attempt(&emitter::EMIT, emitting(sent(number))));
    drop(join_all(leaving).await);
    let last = emit(cx, sent(CALLERS)).await?;
    if !cx.offers(log::NAME) {
        return Ok(());
    }
    let events = read(cx, &session, 0).await?;
    let mut seen = Vec::new();
    for (event, sequence) in events.iter().zip(1..) {
        same(
            "the number of an event, which follows the one before",
            &event.sequence,
            &sequence,
        )?;
        let data: serde_json::Value = serde_json::from_str(&event.data_json).unwrap_or_default();
        same(
            "the text of an event whose sender left",
            &data["text"],
            &json!(text),
        )?;
        that(
            "an event",
            "to be stored once",
            !seen.contains(&data["n"]),
            &data["n"],
        )?;
        seen.push(data["n"].clone());
    }
    let is_there = events.iter().any(|event| event.sequence == last.sequence);
    that(
        "the event sent when all had left",
        "to be there",
        is_there,
        &events.len(),
    )
}

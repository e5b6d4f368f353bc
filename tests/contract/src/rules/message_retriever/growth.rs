//! What a long history costs.

use super::{count, load, page};
use crate::check::{Outcome, broken, same, skipped};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::events::{emit, input, say, user_message};
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_proto::pb;
use mortise_proto::pb::emit_stream_response::Outcome as Became;
use mortise_proto::rpc::table::event_emitter_service::{EMIT_STREAM, NAME as EMITTER};
use mortise_proto::rpc::table::message_retriever_service::NAME;
use std::time::{Duration, Instant};

const FEW: u64 = 1_000;
const MANY: u64 = 10_000;

/// How many times as long a history of MANY may take as one of FEW: linear is 10, and a
/// machine has other things to do as well.
const RATIO_MAX: u32 = 40;

/// What takes less is not told from nothing.
const SHORTEST: Duration = Duration::from_millis(5);

/// How often what took too long is tried before it counts.
const TRIES: u32 = 3;

/// How many events are under way at once.
const AT_ONCE: usize = 64;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .soft(
            "MSG-41",
            "With 10,000 messages in a session loading, counting, the last page and the next \
             message take at most 40 times as long as with 1,000.",
            "docs/contract.md, long histories",
            msg_41_growth,
        )
        .with(&[EMITTER])
        .full()
        .alone()
        .list()
}

/// What is done with a history.
#[derive(Debug, Clone, Copy)]
enum Work {
    Load,
    Count,
    LastPage,
    Say,
}

async fn msg_41_growth(cx: Cx) -> Outcome {
    const ALL: [Work; 4] = [Work::Load, Work::Count, Work::LastPage, Work::Say];
    let session = cx.session().await?;
    let until = Instant::now() + cx.shared.patience;
    let mut length = fill(&cx, &session, 0, FEW, until).await?;
    let mut bounds = Vec::new();
    for work in ALL {
        let mut took = Duration::ZERO;
        for _ in 0..TRIES {
            took = took.max(measured(&cx, &session, work, &mut length).await?);
        }
        bounds.push((work, took));
    }
    let mut length = fill(&cx, &session, length, MANY, until).await?;
    for (work, with_few) in bounds {
        let bound = with_few.max(SHORTEST) * RATIO_MAX;
        let mut tries = 0;
        loop {
            let took = measured(&cx, &session, work, &mut length).await?;
            tries += 1;
            if took <= bound {
                break;
            }
            if tries == TRIES {
                return broken(
                    format!("{work:?} with {MANY} messages, which took {with_few:?} with {FEW}"),
                    format!("at most {bound:?}"),
                    format!("{took:?}"),
                );
            }
        }
    }
    Ok(())
}

/// Says so much that a session has so many messages; how many it has then.
async fn fill(cx: &Cx, session: &str, from: u64, to: u64, until: Instant) -> Outcome<u64> {
    let mut stored = from;
    let mut acks = match cx.offers_feature(EMITTER, pb::Feature::EmitStream) {
        true => streamed(cx, session, to - from).await?,
        false => emitted(cx, session, to - from),
    };
    while let Some(ack) = acks.next().await {
        ack?;
        stored += 1;
        if Instant::now() > until {
            return skipped(format!(
                "the server stored {stored} messages in the time for {MANY}; allow more with \
                 --timeout"
            ));
        }
    }
    same("how many events are acknowledged", &stored, &to)?;
    Ok(stored)
}

fn said(session: &str) -> pb::NewEvent {
    input(session, &user_message(&fresh_id("message"), "x", 1))
}

/// Each event in a call of its own.
fn emitted(cx: &Cx, session: &str, events: u64) -> BoxStream<'static, Outcome> {
    let (cx, session) = (cx.clone(), session.to_string());
    let emits = (0..events).map(move |_| {
        let (cx, new) = (cx.clone(), said(&session));
        async move { emit(&cx, new).await.map(drop) }
    });
    futures::stream::iter(emits).buffered(AT_ONCE).boxed()
}

/// All events in one stream.
async fn streamed(cx: &Cx, session: &str, events: u64) -> Outcome<BoxStream<'static, Outcome>> {
    let (caller, of) = (cx.clone(), session.to_string());
    let requests = (0..events).map(move |_| pb::EmitStreamRequest {
        context: Some(caller.context()),
        event: Some(said(&of)),
        proposed_event_id: String::new(),
        data_patch: None,
    });
    let requests = futures::stream::iter(requests);
    let answers = cx.exchange(&EMIT_STREAM, requests).await?;
    let acks = futures::stream::unfold((cx.clone(), answers), |(cx, mut answers)| async move {
        let answer = cx.next(&EMIT_STREAM, &mut answers).await.transpose()?;
        let ack = answer.and_then(|answer| match answer.outcome {
            Some(Became::Ack(_)) => Ok(()),
            other => broken("EmitStreamResponse.outcome", "an ack", format!("{other:?}")),
        });
        Some((ack, (cx, answers)))
    });
    Ok(acks.boxed())
}

async fn measured(cx: &Cx, session: &str, work: Work, length: &mut u64) -> Outcome<Duration> {
    let began = Instant::now();
    let (seen, expected) = match work {
        Work::Load => (load(cx, session).await?.len() as u64, *length),
        Work::Count => (count(cx, session).await?, *length),
        Work::LastPage => {
            let last = page(cx, session, *length - 20, 20).await?;
            (last.len() as u64, 20)
        }
        Work::Say => {
            say(cx, session, "x", 1).await?;
            *length += 1;
            (1, 1)
        }
    };
    let took = began.elapsed();
    same(
        &format!("how many messages {work:?} is about"),
        &seen,
        &expected,
    )?;
    Ok(took)
}

//! Events whose data come as a difference from those of an earlier one.

use crate::check::{Outcome, same, skipped, that};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::event_emitter::streams::Open;
use crate::rules::event_log::read;
use crate::rules::events::{emit, emitting, event_of};
use crate::rules::refusals::{has_reason, refused_with};
use mortise_proto::pb::data_piece::Kind;
use mortise_proto::pb::{self, DataPatch, ErrorReason, Feature};
use mortise_proto::rpc::table::event_emitter_service::{EMIT, NAME};
use mortise_proto::rpc::table::event_log_service;
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const LOG: &[&str] = &[event_log_service::NAME];
    Group::of(NAME)
        .hard("EVT-29", "The data of an event that came as a difference are read whole, byte for byte, and may be a base themselves.", "event_emitter.proto, DataPatch", evt_29_whole).with(LOG)
        .hard("EVT-30", "A difference that cannot be applied is refused with PATCH_BASE, and nothing is stored.", "event_emitter.proto, DataPatch", evt_30_refused).with(LOG)
        .hard("EVT-31", "An event sent as a difference and again with its data whole, under one request_id, is one event.", "event_emitter.proto, EmitStream", evt_31_repeated).with(LOG)
        .hard("EVT-32", "A difference that cannot be applied ends a stream, and what follows it is not stored.", "event_emitter.proto, EmitStream", evt_32_ends_the_stream).with(LOG)
        .list()
}

/// A type whose events repeat each other.
const GENERATION: &str = "llm.generation";

/// What a model was shown: turns of a conversation, each with characters of one to four
/// bytes, and what follows them.
fn shown(turns: usize) -> String {
    let turns: Vec<_> = (0..turns)
        .map(|turn| json!({"role": "user", "text": format!("{turn}: é 漢 🦀 {}", "x".repeat(200))}))
        .collect();
    json!({"messages": turns, "tools": ["t".repeat(2000)]}).to_string()
}

fn needs_patches(cx: &Cx) -> Outcome {
    match cx.offers_feature(NAME, Feature::EventPatch) {
        true => Ok(()),
        false => skipped("the server does not offer FEATURE_EVENT_PATCH"),
    }
}

/// The difference between two texts that share much.
fn difference(sequence: i64, base: &str, data: &str) -> Outcome<DataPatch> {
    let patch = DataPatch::between(sequence, base, data);
    crate::check::present("the difference of two texts that share much", patch)
}

/// An event without data, which come beside it.
fn bare(session: &str) -> pb::NewEvent {
    event_of(session, GENERATION, "")
}

fn patched(session: &str, patch: DataPatch) -> pb::EmitRequest {
    pb::EmitRequest {
        data_patch: Some(patch),
        ..emitting(bare(session))
    }
}

/// The data of the events of a session are these, byte for byte.
async fn holds(cx: &Cx, session: &str, expected: &[&str]) -> Outcome {
    let events = read(cx, session, 0).await?;
    same("how many events are stored", &events.len(), &expected.len())?;
    for (event, expected) in events.iter().zip(expected) {
        that(
            "event.data_json",
            "the bytes that the base and the difference make",
            event.data_json == *expected,
            &event.data_json,
        )?;
    }
    Ok(())
}

async fn evt_29_whole(cx: Cx) -> Outcome {
    needs_patches(&cx)?;
    let session = cx.session().await?;
    let (one, two, three) = (shown(20), shown(21), shown(22));
    let first = emit(&cx, event_of(&session, GENERATION, &one)).await?;
    let patch = difference(first.sequence, &one, &two)?;
    let second = cx.call(&EMIT, patched(&session, patch)).await?;
    same(
        "EmitResponse.sequence",
        &second.sequence,
        &(first.sequence + 1),
    )?;
    let patch = difference(second.sequence, &two, &three)?;
    cx.call(&EMIT, patched(&session, patch)).await?;
    // A base need not be the last event.
    let patch = difference(first.sequence, &one, &three)?;
    cx.call(&EMIT, patched(&session, patch)).await?;
    holds(&cx, &session, &[&one, &two, &three, &three]).await
}

async fn evt_30_refused(cx: Cx) -> Outcome {
    needs_patches(&cx)?;
    let (session, other) = (cx.session().await?, cx.session().await?);
    let (one, two) = (shown(20), shown(21));
    let first = emit(&cx, event_of(&session, GENERATION, &one)).await?;
    let good = difference(first.sequence, &one, &two)?;
    let bytes = u32::try_from(one.len()).unwrap_or(u32::MAX);
    let crab = one.find('🦀').and_then(|at| u32::try_from(at).ok());
    let range = |offset, length| DataPatch {
        pieces: vec![pb::DataPiece {
            kind: Some(Kind::Base(pb::DataRange { offset, length })),
        }],
        ..good.clone()
    };
    let unusable = [
        (
            "of an event that is not there",
            &session,
            DataPatch {
                base_sequence: first.sequence + 1,
                ..good.clone()
            },
        ),
        ("of another session's event", &other, good.clone()),
        (
            "of a range beyond the base's end",
            &session,
            range(bytes - 1, 2),
        ),
        (
            "of a range that cuts a character",
            &session,
            range(0, crab.map_or(1, |at| at + 1)),
        ),
        (
            "with another crc32",
            &session,
            DataPatch {
                crc32: !good.crc32,
                ..good.clone()
            },
        ),
    ];
    for (what, session, patch) in unusable {
        let error = cx.refused(&EMIT, patched(session, patch)).await?;
        has_reason(
            &format!("the error of a difference {what}"),
            &error,
            &[ErrorReason::PatchBase],
        )?;
    }
    let both = pb::EmitRequest {
        data_patch: Some(good.clone()),
        ..emitting(event_of(&session, GENERATION, &two))
    };
    refused_with(&cx, &EMIT, both, &[ErrorReason::InvalidField]).await?;
    let second = cx.call(&EMIT, patched(&session, good)).await?;
    same(
        "EmitResponse.sequence after the refusals",
        &second.sequence,
        &(first.sequence + 1),
    )?;
    holds(&cx, &session, &[&one, &two]).await
}

async fn evt_31_repeated(cx: Cx) -> Outcome {
    needs_patches(&cx)?;
    let session = cx.session().await?;
    let (one, two) = (shown(20), shown(21));
    let first = emit(&cx, event_of(&session, GENERATION, &one)).await?;
    let patch = difference(first.sequence, &one, &two)?;
    let once = cx.repeating();
    let answer = once.call(&EMIT, patched(&session, patch.clone())).await?;
    let whole = emitting(event_of(&session, GENERATION, &two));
    let again = [
        once.call(&EMIT, whole).await?,
        once.call(&EMIT, patched(&session, patch)).await?,
    ];
    for again in again {
        same("the answer to the event sent again", &again, &answer)?;
    }
    holds(&cx, &session, &[&one, &two]).await
}

async fn evt_32_ends_the_stream(cx: Cx) -> Outcome {
    needs_patches(&cx)?;
    let session = cx.session().await?;
    let (one, two) = (shown(20), shown(21));
    let mut stream = Open::new(&cx).await?;
    let before = stream.send(event_of(&session, GENERATION, &one)).await?;
    let sequence = stream.stored(&before).await?.sequence;
    let good = difference(sequence, &one, &two)?;
    let bad = DataPatch {
        crc32: !good.crc32,
        ..good.clone()
    };
    let last = stream.send(event_of(&session, GENERATION, &one)).await?;
    let refused = cx.context().request_id;
    stream
        .send_patched(&refused, bare(&session), Some(bad))
        .await?;
    // The stream may have ended before this one is sent.
    let _ended = stream.send(event_of(&session, GENERATION, "{}")).await;
    stream.stored(&last).await?;
    let error = stream.error().await?;
    has_reason(
        "the error that ends the stream",
        &error,
        &[ErrorReason::PatchBase],
    )?;
    holds(&cx, &session, &[&one, &one]).await?;
    // Sent again over another stream, it is stored.
    let mut stream = Open::new(&cx).await?;
    stream
        .send_patched(&refused, bare(&session), Some(good))
        .await?;
    stream.stored(&refused).await?;
    holds(&cx, &session, &[&one, &one, &two]).await
}

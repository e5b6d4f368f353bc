//! A lease passes from one holder to another while the first is at work.

use super::{
    ACQUIRE_LEASE, LONG, RENEW_LEASE, SHORT, acquire, acquire_when_free, acquiring, held,
    is_fenced, lost, release, renewing,
};
use crate::check::{Outcome, broken, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rules::event_log::read;
use crate::rules::events::{emitting, event, input, user_message};
use crate::rules::refusals::has_reason;
use crate::rules::restart::restarted;
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, stream};
use mortise_proto::pb::emit_stream_response::Outcome as Became;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::{self as emitter, EMIT, EMIT_STREAM};
use mortise_proto::rpc::table::session_storage_store_service::{GET_VALUE, SET_VALUE};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// An event of a turn.
pub(super) fn of_turn(session: &str, number: u32) -> pb::NewEvent {
    let mut event = event(session, "tool.progress", &json!({ "n": number }));
    event.context = Some(pb::EventContext {
        turn_id: Some(fresh_id("turn")),
        ..Default::default()
    });
    event
}

pub(super) async fn lse_20_renewal_race(cx: Cx) -> Outcome {
    let races = (0..8).map(|index| race(cx.clone(), index));
    try_join_all(races).await.map(drop)
}

/// One renewal within a few milliseconds of the end, against one that acquires all the time.
async fn race(cx: Cx, index: u64) -> Outcome {
    let session = cx.session().await?;
    let lease = acquire(&cx, &session, "one", SHORT).await?;
    let end = Instant::now() + Duration::from_millis(SHORT);
    let renewal = async {
        sleep_until(end + Duration::from_millis(3 * index) - Duration::from_millis(12)).await;
        let sent = Instant::now();
        (
            sent,
            cx.attempt(&RENEW_LEASE, renewing(&lease, SHORT)).await,
        )
    };
    let takeover = async {
        sleep_until(end - Duration::from_millis(20)).await;
        let other = cx.over_new_connection();
        loop {
            let request = acquiring(&session, "two", LONG);
            match other.attempt(&ACQUIRE_LEASE, request).await {
                Ok(_) => return Ok(Instant::now()),
                Err(error) => has_reason("AcquireLease", &error, &[ErrorReason::Held])?,
            }
            if end.elapsed() > super::LATE + Duration::from_millis(SHORT) {
                return broken("a lease that is not renewed", "to end", described_end());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let ((sent, renewal), granted) = tokio::join!(renewal, takeover);
    let granted = granted?;
    match renewal {
        Ok(_) => that(
            "how long after a renewal for 1,000 ms another holder got the lease",
            "1,000 ms at least",
            granted.duration_since(sent) >= Duration::from_millis(SHORT),
            &granted.duration_since(sent),
        )?,
        Err(error) => is_fenced("RenewLease", &error, &session)?,
    }
    lost(&cx, &lease).await
}

fn described_end() -> String {
    format!(
        "it was still held {} s after its end",
        super::LATE.as_secs()
    )
}

pub(super) async fn lse_21_zombie(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", SHORT).await?;
    let zombie = cx.fenced(&session, first.fence);
    zombie.call(&EMIT, emitting(of_turn(&session, 0))).await?;
    let second = acquire_when_free(&cx, &session, "two").await?;
    let before = read(&cx, &session, 0).await?;
    let attempts = (1..=16).map(|number| {
        let request = emitting(of_turn(&session, number));
        zombie.refused(&EMIT, request)
    });
    for error in try_join_all(attempts).await? {
        is_fenced("Emit", &error, &session)?;
    }
    // A user's message under the stale fence is the zombie's as well.
    let message = user_message(&fresh_id("message"), "late", 1);
    let request = emitting(input(&session, &message));
    let error = zombie.refused(&EMIT, request).await?;
    is_fenced("Emit of a message", &error, &session)?;
    streamed(&zombie, &session).await?;
    lost(&zombie, &first).await?;
    release(&zombie, &first).await?;
    held(&cx, &session, "three").await?;
    same(
        "the session's events",
        &read(&cx, &session, 0).await?,
        &before,
    )?;
    let holder = cx.fenced(&session, second.fence);
    let stored = holder.call(&EMIT, emitting(of_turn(&session, 99))).await?;
    same("the next sequence number", &stored.sequence, &2)
}

/// Each event of a stream is refused, and the stream goes on.
async fn streamed(zombie: &Cx, session: &str) -> Outcome {
    if !zombie.offers_feature(emitter::NAME, pb::Feature::EmitStream) {
        return Ok(());
    }
    let requests: Vec<_> = (1..=4)
        .map(|number| pb::EmitStreamRequest {
            context: Some(zombie.context()),
            event: Some(of_turn(session, number)),
            proposed_event_id: String::new(),
            data_patch: None,
        })
        .collect();
    let mut answers = zombie
        .exchange(
            &EMIT_STREAM,
            stream::iter(requests).chain(stream::pending()),
        )
        .await?;
    for _ in 0..4 {
        let answer = zombie.next(&EMIT_STREAM, &mut answers).await?;
        let answer = present("the answer to an event of EmitStream", answer)?;
        let outcome = present("EmitStreamResponse.outcome", answer.outcome)?;
        let Became::Failure(failure) = outcome else {
            return broken(
                "EmitStream under a stale fence",
                "FENCED",
                format!("{outcome:?}"),
            );
        };
        same("EmitFailure.reason", failure.reason.as_str(), "FENCED")?;
        same("EmitFailure.code", &failure.code, &10)?;
    }
    Ok(())
}

pub(super) async fn lse_22_under_way(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", SHORT).await?;
    let writers = (0..8).map(|writer| {
        let zombie = cx.over_new_connection().fenced(&session, first.fence);
        tokio::spawn(write_until_refused(zombie, session.clone(), writer))
    });
    let writers: Vec<_> = writers.collect();
    acquire_when_free(&cx, &session, "two").await?;
    let at_the_grant = read(&cx, &session, 0).await?;
    let mut answered = 0;
    for writer in join_all(writers).await {
        let Ok(written) = writer else {
            return broken("a writer", "to end", "it panicked");
        };
        answered += written?;
    }
    let in_the_end = read(&cx, &session, 0).await?;
    same(
        "how many events there are after those of the first holder were answered",
        &in_the_end.len(),
        &at_the_grant.len(),
    )?;
    that(
        "how many events were answered",
        &format!("at most {}, which are stored", in_the_end.len()),
        answered <= in_the_end.len(),
        &answered,
    )
}

/// Emits until the lease is lost; how many were answered.
async fn write_until_refused(cx: Cx, session: String, writer: u32) -> Outcome<usize> {
    let until = Instant::now() + Duration::from_millis(SHORT) + super::LATE;
    let mut answered = 0;
    while Instant::now() < until {
        let request = emitting(of_turn(&session, writer));
        match cx.attempt(&EMIT, request).await {
            Ok(_) => answered += 1,
            Err(error) => {
                is_fenced("Emit", &error, &session)?;
                return Ok(answered);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    broken(
        "Emit under a fence that is not the highest",
        "FENCED",
        format!("{answered} events were stored"),
    )
}

pub(super) async fn lse_23_remembered(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", LONG).await?;
    let setting = |value: &str| pb::SetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
        value: value.into(),
    };
    let one = cx.fenced(&session, first.fence).repeating();
    one.call(&SET_VALUE, setting("one")).await?;
    release(&cx, &first).await?;
    let second = acquire(&cx, &session, "two", LONG).await?;
    let two = cx.fenced(&session, second.fence);
    two.call(&SET_VALUE, setting("two")).await?;
    one.call(&SET_VALUE, setting("one")).await?;
    let request = pb::GetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    let value = cx.call(&GET_VALUE, request).await?.value;
    same("GetValue.value", &value.as_deref(), &Some("two"))
}

pub(super) async fn lse_26_restart(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", LONG).await?;
    let cx = restarted(&cx).await?;
    // Whether it still runs depends on where leases are kept; the holder gets it again.
    let second = acquire(&cx, &session, "one", LONG).await?;
    let expected = format!(
        "above {}, which was granted before the restart",
        first.fence
    );
    that(
        "SessionLease.fence",
        &expected,
        second.fence > first.fence,
        &second.fence,
    )?;
    let request = pb::SetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
        value: "v".into(),
    };
    if !super::stores::is_checked(&cx, SET_VALUE.method.service) {
        return Ok(());
    }
    let stale = cx.fenced(&session, first.fence);
    match stale.attempt(&SET_VALUE, request).await {
        Err(error) => is_fenced("SetValue", &error, &session),
        Ok(_) => broken(
            "SetValue under a fence from before the restart",
            "FENCED",
            "success",
        ),
    }
}

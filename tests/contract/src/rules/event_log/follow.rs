//! Following the log.

use crate::check::{Outcome, broken, present, same};
use crate::context::Cx;
use crate::rule::{Group, Need, Rule};
use crate::rules::events::{emit, event};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::event_log_service::{FOLLOW_EVENTS, NAME};
use serde_json::json;
use std::time::{Duration, Instant};
use tonic::Streaming;

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("LOG-09", "A follower gets the stored events and then every further one, in order.", "event_log.proto, FollowEvents", log_09_stored_then_live).with(EMITTER)
        .hard("LOG-10", "A follower that starts after a number gets those after it, also when they do not exist yet.", "event_log.proto, FollowEventsRequest", log_10_from_a_place).with(EMITTER)
        .hard("LOG-11", "Followers that come while four emit miss nothing and get nothing twice.", "event_log.proto, FollowEvents", log_11_gapless).with(EMITTER).full()
        .soft("LOG-12", "Ephemeral events reach a follower, with number 0.", "event_log.proto, FollowEvents", log_12_ephemeral).with(EMITTER)
        .hard("LOG-13", "A follower that reads slowly gets every stored event.", "event_log.proto, FollowEvents", log_13_slow).with(EMITTER).full()
        .hard("LOG-14", "Followers that leave disturb neither emits nor other followers.", "event_log.proto, FollowEvents", log_14_leavers).with(EMITTER).full()
        .hard("LOG-15", "A follower gets no event of another session, and another org's follower none at all.", "context.proto", log_15_apart).with(EMITTER).needs(&[Need::OtherOrg])
        .list()
}

/// How long a follower that must get nothing is waited for at least.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);

/// A follower.
struct Follower {
    cx: Cx,
    events: Streaming<pb::FollowEventsResponse>,
}

impl Follower {
    async fn new(cx: &Cx, session: &str, after_sequence: i64) -> Outcome<Self> {
        let request = pb::FollowEventsRequest {
            context: None,
            session_id: session.into(),
            after_sequence,
        };
        let events = cx.open(&FOLLOW_EVENTS, request).await?;
        Ok(Self {
            cx: cx.clone(),
            events,
        })
    }

    async fn next(&mut self) -> Outcome<pb::Event> {
        let answer = self.cx.next(&FOLLOW_EVENTS, &mut self.events).await?;
        let answer = present(
            "the next event of a follower (the stream has ended)",
            answer,
        )?;
        present("FollowEventsResponse.event", answer.event)
    }

    /// The next stored event has to be that of this number.
    async fn stored(&mut self, sequence: i64) -> Outcome<pb::Event> {
        loop {
            let event = self.next().await?;
            if event.sequence != 0 {
                same(
                    "the number of a follower's next stored event",
                    &event.sequence,
                    &sequence,
                )?;
                return Ok(event);
            }
        }
    }

    async fn all(&mut self, sequences: std::ops::RangeInclusive<i64>) -> Outcome {
        for sequence in sequences {
            self.stored(sequence).await?;
        }
        Ok(())
    }
}

async fn add(cx: &Cx, session: &str, count: usize) -> Outcome {
    for number in 0..count {
        emit(cx, event(session, "tool.progress", &json!({ "n": number }))).await?;
    }
    Ok(())
}

async fn log_09_stored_then_live(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    add(&cx, &session, 3).await?;
    let mut follower = Follower::new(&cx, &session, 0).await?;
    follower.all(1..=3).await?;
    for sequence in 4..=10 {
        let new = event(
            &session,
            "acme.live",
            &json!({"text": "grüße", "n": sequence}),
        );
        let answer = emit(&cx, new.clone()).await?;
        let found = follower.stored(sequence).await?;
        super::same_event(&found, &new, &answer)?;
    }
    Ok(())
}

async fn log_10_from_a_place(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    add(&cx, &session, 5).await?;
    let mut later = Follower::new(&cx, &session, 3).await?;
    later.all(4..=5).await?;
    let mut ahead = Follower::new(&cx, &session, 7).await?;
    let mut end = Follower::new(&cx, &session, 5).await?;
    add(&cx, &session, 4).await?;
    later.all(6..=9).await?;
    end.all(6..=9).await?;
    ahead.all(8..=9).await
}

async fn log_11_gapless(cx: Cx) -> Outcome {
    const EACH: i64 = 40;
    const WRITERS: i64 = 4;
    let session = cx.session().await?;
    let writers = (0..WRITERS).map(|_| {
        let (cx, session) = (cx.over_new_connection(), session.clone());
        async move { add(&cx, &session, EACH as usize).await }
    });
    let followers = (0..6).map(|index| {
        let (cx, session) = (cx.over_new_connection(), session.clone());
        async move {
            // They come one after another: after so many events each.
            let mut first = Follower::new(&cx, &session, 0).await?;
            first.all(1..=index * 20 + 1).await?;
            drop(first);
            let from = index * 20 + 1;
            let mut second = Follower::new(&cx, &session, from).await?;
            second.all(from + 1..=EACH * WRITERS).await
        }
    });
    tokio::try_join!(try_join_all(writers), try_join_all(followers))?;
    Ok(())
}

async fn log_12_ephemeral(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut follower = Follower::new(&cx, &session, 0).await?;
    add(&cx, &session, 1).await?;
    follower.stored(1).await?;
    for number in 0..20 {
        let data = json!({"delta": "x", "accumulated": "x", "n": number});
        emit(&cx, event(&session, "output.message.delta", &data)).await?;
    }
    add(&cx, &session, 1).await?;
    let mut seen = 0;
    loop {
        let event = follower.next().await?;
        if event.sequence != 0 {
            same(
                "the number of the stored event after 20 ephemeral ones",
                &event.sequence,
                &2,
            )?;
            break;
        }
        same(
            "the type of an event with number 0",
            event.r#type.as_str(),
            "output.message.delta",
        )?;
        seen += 1;
    }
    // Some may be lost; none at all is a stream of none.
    crate::check::that(
        "how many of 20 ephemeral events reached a follower",
        "1 or more",
        seen > 0,
        &seen,
    )
}

async fn log_13_slow(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut follower = Follower::new(&cx.over_new_connection(), &session, 0).await?;
    let filler = "x".repeat(60_000);
    // More than windows and buffers hold, none of it read meanwhile.
    for number in 0..150 {
        let data = json!({"n": number, "filler": filler});
        emit(&cx, event(&session, "tool.progress", &data)).await?;
    }
    follower.all(1..=150).await
}

async fn log_14_leavers(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut stays = Follower::new(&cx, &session, 0).await?;
    for round in 0..20 {
        let mut leaves = Follower::new(&cx.over_new_connection(), &session, 0).await?;
        add(&cx, &session, 1).await?;
        leaves.stored(1).await?;
        drop(leaves);
        stays.stored(round + 1).await?;
    }
    Ok(())
}

async fn log_15_apart(cx: Cx) -> Outcome {
    let (session, neighbour) = (cx.session().await?, cx.session().await?);
    let mut follower = Follower::new(&cx, &session, 0).await?;
    add(&cx, &neighbour, 3).await?;
    add(&cx, &session, 1).await?;
    let event = follower.stored(1).await?;
    same("event.session_id", &event.session_id, &session)?;

    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right, and so is a stream that is silent.
    if let Ok(mut stranger) = Follower::new(&other, &session, 0).await {
        let began = Instant::now();
        add(&cx, &session, 1).await?;
        follower.stored(2).await?;
        // Much longer than the event took to those who may have it.
        let patience = (began.elapsed() * 20).max(LEAST_PATIENCE);
        let first = tokio::time::timeout(patience, stranger.events.message()).await;
        if let Ok(Ok(Some(event))) = first {
            return broken(
                "FollowEvents in another org",
                "no event",
                crate::check::shown(&event),
            );
        }
    }
    Ok(())
}

//! What production asks of schedules: firing, repeats, concurrency, other orgs.

use super::super::common::{awkward_texts, lost_reply, repeated};
use super::super::refusals::has_reason;
use super::{at, cancel, cancelled, count, counted, list, listed, made};
use crate::check::{Outcome, broken, present, same, that};
use crate::context::Cx;
use crate::seed::now;
use futures::future::join_all;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_log_service::READ_EVENTS;
use mortise_proto::rpc::table::session_schedule_store_service::{
    CANCEL_SCHEDULE, COUNT_ACTIVE_SCHEDULES, CREATE_SCHEDULE, LIST_SCHEDULES,
};
use prost_types::Timestamp;
use std::time::Duration;

/// How long a schedule that is due may take to fire. The contract says "at once"; servers
/// look every so often.
const FIRES_WITHIN: Duration = Duration::from_secs(30);

/// The only schedule of a session, when it has fired.
async fn fired(cx: &Cx, session: &str) -> Outcome<pb::SessionSchedule> {
    let begun = tokio::time::Instant::now();
    loop {
        let schedules = listed(cx, session).await?;
        match schedules.into_iter().next() {
            Some(schedule) if schedule.trigger_count > 0 => return Ok(schedule),
            Some(schedule) if begun.elapsed() > FIRES_WITHIN => {
                return broken(
                    format!("a schedule that was due {FIRES_WITHIN:?} ago"),
                    "trigger_count 1",
                    format!("{schedule:?}"),
                );
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            None => return broken("ListSchedules.schedules", "the schedule", "none"),
        }
    }
}

pub(super) async fn sched_11_fires(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    made(&cx, at(&session, -5)).await?;
    let schedule = fired(&cx, &session).await?;
    same("trigger_count", &schedule.trigger_count, &1)?;
    same(
        "enabled after a one-shot schedule has fired",
        &schedule.enabled,
        &false,
    )?;
    present("last_triggered_at", schedule.last_triggered_at)?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &0,
    )?;
    // Room for a server that would fire it twice.
    tokio::time::sleep(Duration::from_secs(2)).await;
    same(
        "ListSchedules.schedules a while later",
        &listed(&cx, &session).await?,
        &vec![schedule],
    )
}

pub(super) async fn sched_12_stores_events(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let description = cx.name("water the plants");
    let request = pb::CreateScheduleRequest {
        description: description.clone(),
        ..at(&session, -5)
    };
    made(&cx, request).await?;
    let schedule = fired(&cx, &session).await?;
    let request = pb::ReadEventsRequest {
        context: None,
        session_id: session,
        after_sequence: 0,
        limit: 0,
    };
    let runs = cx.collect(&READ_EVENTS, request).await?;
    let events: Vec<_> = runs.into_iter().flat_map(|run| run.events).collect();
    let of_type = |wanted: &str| {
        let found = events.iter().filter(|event| event.r#type == wanted);
        found
            .map(|event| event.data_json.clone())
            .collect::<Vec<_>>()
    };
    let triggered = of_type("schedule.triggered");
    let names_it = matches!(triggered.as_slice(), [data] if data.contains(&schedule.id));
    that(
        "the events `schedule.triggered` of the session",
        &format!("one, whose data names {}", schedule.id),
        names_it,
        &triggered,
    )?;
    let messages = of_type("input.message");
    let says_it = matches!(messages.as_slice(), [data] if data.contains(&description));
    that(
        "the events `input.message` of the session",
        &format!("one, with the text `{description}`"),
        says_it,
        &messages,
    )
}

pub(super) async fn sched_13_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = repeated(&cx, &CREATE_SCHEDULE, at(&session, 86_400)).await?;
    let schedule = present("CreateSchedule.schedule", answer.schedule)?;
    same(
        "ListSchedules.schedules after one CreateSchedule was sent three times",
        &listed(&cx, &session).await?,
        &vec![schedule.clone()],
    )?;
    repeated(&cx, &CANCEL_SCHEDULE, cancel(&session, &schedule.id)).await?;

    // A refusal that was answered is no schedule later: five, one refused, one cancelled.
    let first = cx.repeating();
    let later = made(&first, at(&session, 7_200)).await?;
    cancelled(&cx, &session, &later.id).await?;
    made(&first, at(&session, 7_200)).await?;
    same(
        "CountActiveSchedules.count after CancelSchedule, when an older CreateSchedule was sent again",
        &counted(&cx, &session).await?,
        &0,
    )
}

pub(super) async fn sched_14_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = lost_reply(&cx, &CREATE_SCHEDULE, at(&session, 86_400)).await?;
    let schedule = present("CreateSchedule.schedule", answer.schedule)?;
    same(
        "ListSchedules.schedules after a CreateSchedule whose answers were lost",
        &listed(&cx, &session).await?,
        &vec![schedule.clone()],
    )?;
    let request = cancel(&session, &schedule.id);
    let answer = lost_reply(&cx, &CANCEL_SCHEDULE, request).await?;
    let cancelled = present("CancelSchedule.schedule", answer.schedule)?;
    same(
        "CancelSchedule.schedule.enabled",
        &cancelled.enabled,
        &false,
    )
}

pub(super) async fn sched_15_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    let requests = (0..16).map(|index| {
        let cx = [&cx, &other][index % 2];
        cx.attempt(&CREATE_SCHEDULE, at(&session, 86_400))
    });
    let answers = join_all(requests).await;
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        has_reason("CreateSchedule of a sixth", error, &[ErrorReason::Store])?;
    }
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    same(
        "how many of 16 CreateSchedule at the same time succeeded",
        &made,
        &5,
    )?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &5,
    )
}

pub(super) async fn sched_16_awkward(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut texts = awkward_texts();
    texts.push("ü".repeat(50_000));
    for text in texts {
        let scheduled_at = Timestamp {
            seconds: now().seconds + 86_400,
            nanos: 123_456_789,
        };
        let request = pb::CreateScheduleRequest {
            description: text.clone(),
            scheduled_at: Some(scheduled_at),
            ..at(&session, 0)
        };
        let schedule = made(&cx, request).await?;
        let kept = cancelled(&cx, &session, &schedule.id).await?;
        same("description", &kept.description, &text)?;
        same("scheduled_at", &kept.scheduled_at, &Some(scheduled_at))?;
    }
    Ok(())
}

pub(super) async fn sched_18_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mine = made(&cx, at(&session, 86_400)).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    listed(&cx, &session).await?;
    counted(&cx, &session).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&LIST_SCHEDULES, list(&session)).await {
        same(
            "ListSchedules.schedules in another org",
            &answer.schedules,
            &vec![],
        )?;
    }
    let request = count(&session);
    if let Ok(answer) = other.attempt(&COUNT_ACTIVE_SCHEDULES, request).await {
        same(
            "CountActiveSchedules.count in another org",
            &answer.count,
            &0,
        )?;
    }
    let request = cancel(&session, &mine.id);
    other.refused(&CANCEL_SCHEDULE, request).await?;
    drop(other.attempt(&CREATE_SCHEDULE, at(&session, 7_200)).await);
    same(
        "ListSchedules.schedules in its own org",
        &listed(&cx, &session).await?,
        &vec![mine],
    )
}

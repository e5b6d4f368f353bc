//! What a session is to be reminded of.

mod clocks;
mod production;

use super::common::refused_as_invalid;
use super::refusals::{NO_SESSION_IDS, refused_with};
use crate::check::{Outcome, present, same, says, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use crate::seed::now;
use mortise_proto::pb::{self, ErrorReason, ScheduleType};
use mortise_proto::rpc::table::event_log_service::{self as event_log};
use mortise_proto::rpc::table::session_schedule_store_service::{
    CANCEL_SCHEDULE, COUNT_ACTIVE_SCHEDULES, CREATE_SCHEDULE, LIST_SCHEDULES, NAME,
};
use prost_types::Timestamp;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("SCHED-01", "A schedule with a time is one-shot, enabled, of its session and listed as it was made.", "session_schedule.rs:80, SCH", sched_01_one_shot)
        .hard("SCHED-02", "A schedule with a cron expression is recurring, even with a time beside it.", "session_schedule.rs:80", sched_02_recurring)
        .soft("SCHED-03", "next_trigger_at of a schedule in the future is there and in the future, by its time zone.", "SCH mock", sched_03_next_trigger)
        .hard("SCHED-04", "Cancelling disables a schedule and lowers the count by one.", "T:679-690", sched_04_cancels)
        .hard("SCHED-05", "Cancelling a schedule that is unknown or another session's is INTERNAL + STORE with `Schedule not found`.", "T:680", sched_05_unknown)
        .hard("SCHED-06", "The list holds the schedules of this session, disabled ones among them, oldest first.", "T:686", sched_06_lists)
        .hard("SCHED-07", "The count is of the enabled schedules of this session.", "T:689", sched_07_counts)
        .soft("SCHED-08", "A sixth enabled schedule is refused, and cancelling one makes room.", "session_schedule.rs:17", sched_08_sixth)
        .soft("SCHED-09", "A cron expression or time zone that cannot be read, one that never comes true, and neither of cron and time are refused.", "session_schedule_store.proto, CreateSchedule", sched_09_unreadable)
        .soft("SCHED-10", "Cancelling twice leaves a schedule disabled.", "session_schedule_store.proto, CancelSchedule", sched_10_cancels_twice)
        .hard("SCHED-11", "A schedule whose time has passed fires at once and once, and is disabled then.", "session_schedule_store.proto", production::sched_11_fires).full()
        .hard("SCHED-12", "Firing stores an event `schedule.triggered` that names the schedule, and a message with the description.", "session_schedule_store.proto", production::sched_12_stores_events).full().with(&[event_log::NAME])
        .hard("SCHED-13", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", production::sched_13_repeats).full()
        .hard("SCHED-14", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", production::sched_14_lost_replies).full()
        .hard("SCHED-15", "Of 16 schedules made at the same time in one session exactly five are, the others are refused.", "session_schedule_store.proto, CreateSchedule", production::sched_15_concurrent).full()
        .hard("SCHED-16", "Descriptions that stores damage and the nanoseconds of a time survive.", "session_schedule_store.proto", production::sched_16_awkward).full()
        .hard("SCHED-17", "A malformed session or schedule id is refused as INVALID_FIELD.", "ID:85-121", sched_17_malformed)
        .hard("SCHED-18", "Another org sees no schedule of a session whose id it knows, and cannot cancel one.", "context.proto", production::sched_18_other_org).needs(&[Need::OtherOrg])
        .soft("SCHED-19", "`30 2 * * *` goes by the clocks of its time zone across their coming changes: on the day that has no such time it fires within the hour after, on the day that has it twice once.", "session_schedule_store.proto, cron_expression", clocks::sched_19_clocks_change).full()
        .list()
}

/// A schedule for a moment that many seconds from now.
fn at(session_id: &str, seconds: i64) -> pb::CreateScheduleRequest {
    let now = now();
    pb::CreateScheduleRequest {
        context: None,
        session_id: session_id.into(),
        description: "Water the plants".into(),
        cron_expression: None,
        scheduled_at: Some(Timestamp {
            seconds: now.seconds + seconds,
            nanos: 0,
        }),
        timezone: "UTC".into(),
    }
}

fn cron(session_id: &str, expression: &str, timezone: &str) -> pb::CreateScheduleRequest {
    pb::CreateScheduleRequest {
        cron_expression: Some(expression.into()),
        scheduled_at: None,
        timezone: timezone.into(),
        ..at(session_id, 0)
    }
}

fn cancel(session_id: &str, schedule_id: &str) -> pb::CancelScheduleRequest {
    pb::CancelScheduleRequest {
        context: None,
        session_id: session_id.into(),
        schedule_id: schedule_id.into(),
    }
}

fn list(session_id: &str) -> pb::ListSchedulesRequest {
    pb::ListSchedulesRequest {
        context: None,
        session_id: session_id.into(),
    }
}

fn count(session_id: &str) -> pb::CountActiveSchedulesRequest {
    pb::CountActiveSchedulesRequest {
        context: None,
        session_id: session_id.into(),
    }
}

async fn made(cx: &Cx, request: pb::CreateScheduleRequest) -> Outcome<pb::SessionSchedule> {
    let answer = cx.call(&CREATE_SCHEDULE, request).await?;
    present("CreateSchedule.schedule", answer.schedule)
}

async fn listed(cx: &Cx, session: &str) -> Outcome<Vec<pb::SessionSchedule>> {
    Ok(cx.call(&LIST_SCHEDULES, list(session)).await?.schedules)
}

async fn counted(cx: &Cx, session: &str) -> Outcome<u32> {
    Ok(cx
        .call(&COUNT_ACTIVE_SCHEDULES, count(session))
        .await?
        .count)
}

async fn cancelled(cx: &Cx, session: &str, id: &str) -> Outcome<pb::SessionSchedule> {
    let answer = cx.call(&CANCEL_SCHEDULE, cancel(session, id)).await?;
    present("CancelSchedule.schedule", answer.schedule)
}

async fn sched_01_one_shot(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = at(&session, 86_400);
    let schedule = made(&cx, request.clone()).await?;
    that(
        "CreateSchedule.schedule.id",
        "`sched_` and 32 hex digits",
        is_id(&schedule.id, "sched"),
        &schedule.id,
    )?;
    that(
        "owner_principal_id",
        "`principal_` and 32 hex digits",
        is_id(&schedule.owner_principal_id, "principal"),
        &schedule.owner_principal_id,
    )?;
    same("session_id", &schedule.session_id, &session)?;
    same("description", &schedule.description, &request.description)?;
    same(
        "cron_expression",
        &schedule.cron_expression,
        &None::<String>,
    )?;
    same(
        "scheduled_at",
        &schedule.scheduled_at,
        &request.scheduled_at,
    )?;
    same("timezone", &schedule.timezone.as_str(), &"UTC")?;
    same("enabled", &schedule.enabled, &true)?;
    same(
        "schedule_type",
        &schedule.schedule_type(),
        &ScheduleType::OneShot,
    )?;
    same("trigger_count", &schedule.trigger_count, &0)?;
    same(
        "last_triggered_at",
        &schedule.last_triggered_at,
        &None::<Timestamp>,
    )?;
    same(
        "ListSchedules.schedules, against what CreateSchedule said",
        &listed(&cx, &session).await?,
        &vec![schedule],
    )
}

async fn sched_02_recurring(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let both = pb::CreateScheduleRequest {
        cron_expression: Some("0 9 * * 1-5".into()),
        ..at(&session, 86_400)
    };
    for request in [cron(&session, "0 9 * * 1-5", "Europe/Berlin"), both] {
        let schedule = made(&cx, request).await?;
        same(
            "schedule_type",
            &schedule.schedule_type(),
            &ScheduleType::Recurring,
        )?;
        same(
            "cron_expression",
            &schedule.cron_expression.as_deref(),
            &Some("0 9 * * 1-5"),
        )?;
        same("enabled", &schedule.enabled, &true)?;
    }
    Ok(())
}

async fn sched_03_next_trigger(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let before = now().seconds;
    let request = at(&session, 86_400);
    let schedule = made(&cx, request.clone()).await?;
    same(
        "next_trigger_at of a time",
        &schedule.next_trigger_at,
        &request.scheduled_at,
    )?;
    // Expression, zone, the farthest that the next time may be, and its second of the day (UTC).
    let cases = [
        ("0 9 * * *", "Asia/Tokyo", 86_400, 0),
        ("30 18 * * *", "Asia/Kolkata", 86_400, 13 * 3_600),
        ("0 0 * * 0", "UTC", 7 * 86_400, 0),
    ];
    for (expression, zone, farthest, second_of_day) in cases {
        let schedule = made(&cx, cron(&session, expression, zone)).await?;
        let what = format!("next_trigger_at of `{expression}` in {zone}");
        let next = present(&what, schedule.next_trigger_at)?;
        let is_near = next.seconds > before && next.seconds <= before + farthest + 60;
        that(
            &what,
            &format!("within {farthest} s from now"),
            is_near,
            &next,
        )?;
        same(
            &format!("{what}, its second of the day in UTC"),
            &next.seconds.rem_euclid(86_400),
            &second_of_day,
        )?;
    }
    Ok(())
}

async fn sched_04_cancels(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = made(&cx, at(&session, 86_400)).await?;
    let second = made(&cx, cron(&session, "0 9 * * *", "UTC")).await?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &2,
    )?;
    for (schedule, left) in [(first, 1), (second, 0)] {
        let cancelled = cancelled(&cx, &session, &schedule.id).await?;
        same("CancelSchedule.schedule.id", &cancelled.id, &schedule.id)?;
        same(
            "CancelSchedule.schedule.enabled",
            &cancelled.enabled,
            &false,
        )?;
        same(
            "created_at after CancelSchedule",
            &cancelled.created_at,
            &schedule.created_at,
        )?;
        same(
            "CountActiveSchedules.count after CancelSchedule",
            &counted(&cx, &session).await?,
            &left,
        )?;
    }
    Ok(())
}

async fn sched_05_unknown(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    let schedule = made(&cx, at(&other, 86_400)).await?;
    for id in [&fresh_id("sched"), &schedule.id] {
        let request = cancel(&session, id);
        let error = refused_with(&cx, &CANCEL_SCHEDULE, request, &[ErrorReason::Store]).await?;
        says(
            "the text of CancelSchedule's error",
            &error.message,
            "Schedule not found",
        )?;
    }
    same(
        "ListSchedules.schedules of the session whose schedule another would have cancelled",
        &listed(&cx, &other).await?,
        &vec![schedule],
    )
}

async fn sched_06_lists(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    same(
        "ListSchedules.schedules of a fresh session",
        &listed(&cx, &session).await?,
        &vec![],
    )?;
    let mut expected = Vec::new();
    for seconds in [86_400, 7_200, 3_600] {
        expected.push(made(&cx, at(&session, seconds)).await?);
    }
    made(&cx, at(&other, 86_400)).await?;
    expected[0] = cancelled(&cx, &session, &expected[0].id).await?;
    same(
        "ListSchedules.schedules",
        &listed(&cx, &session).await?,
        &expected,
    )
}

async fn sched_07_counts(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    same(
        "CountActiveSchedules.count of a fresh session",
        &counted(&cx, &session).await?,
        &0,
    )?;
    for expected in 1..=3 {
        made(&cx, at(&session, 86_400)).await?;
        same(
            "CountActiveSchedules.count",
            &counted(&cx, &session).await?,
            &expected,
        )?;
    }
    same(
        "CountActiveSchedules.count of another session",
        &counted(&cx, &other).await?,
        &0,
    )
}

async fn sched_08_sixth(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut last = String::new();
    for _ in 0..5 {
        last = made(&cx, at(&session, 86_400)).await?.id;
    }
    let request = at(&session, 86_400);
    refused_with(&cx, &CREATE_SCHEDULE, request, &[ErrorReason::Store]).await?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &5,
    )?;
    cancelled(&cx, &session, &last).await?;
    made(&cx, at(&session, 86_400)).await?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &5,
    )
}

async fn sched_09_unreadable(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let neither = pb::CreateScheduleRequest {
        scheduled_at: None,
        ..at(&session, 0)
    };
    let requests = [
        cron(&session, "", "UTC"),
        cron(&session, "every day", "UTC"),
        cron(&session, "61 * * * *", "UTC"),
        cron(&session, "* * *", "UTC"),
        cron(&session, "0 0 31 2 *", "UTC"),
        cron(&session, "0 9 * * *", "Mars/Olympus"),
        cron(&session, "0 9 * * *", ""),
        neither,
    ];
    for request in requests {
        refused_with(&cx, &CREATE_SCHEDULE, request, &[ErrorReason::Store]).await?;
    }
    same(
        "ListSchedules.schedules after every CreateSchedule was refused",
        &listed(&cx, &session).await?,
        &vec![],
    )
}

async fn sched_10_cancels_twice(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let schedule = made(&cx, at(&session, 86_400)).await?;
    cancelled(&cx, &session, &schedule.id).await?;
    let again = cancelled(&cx, &session, &schedule.id).await?;
    same(
        "enabled after the second CancelSchedule",
        &again.enabled,
        &false,
    )?;
    same(
        "CountActiveSchedules.count",
        &counted(&cx, &session).await?,
        &0,
    )
}

async fn sched_17_malformed(cx: Cx) -> Outcome {
    let schedule = fresh_id("sched");
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &CREATE_SCHEDULE, at(id, 86_400)).await?;
        refused_as_invalid(&cx, &CANCEL_SCHEDULE, cancel(id, &schedule)).await?;
        refused_as_invalid(&cx, &LIST_SCHEDULES, list(id)).await?;
        refused_as_invalid(&cx, &COUNT_ACTIVE_SCHEDULES, count(id)).await?;
    }
    let session = cx.session().await?;
    for id in ["", "sched_1", session.as_str(), &schedule.to_uppercase()] {
        refused_as_invalid(&cx, &CANCEL_SCHEDULE, cancel(&session, id)).await?;
    }
    Ok(())
}

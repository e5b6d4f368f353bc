//! A session's title.

use super::{STATUSES, get, moving, name, naming, set};
use crate::check::{Outcome, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{awkward_texts, lost_reply, moved_on, refused_saying, repeated};
use futures::future::try_join_all;
use mortise_proto::pb::SessionStatus as Status;
use mortise_proto::rpc::table::runtime_host_service::{self as host, SET_SESSION_STATUS};
use mortise_proto::rpc::table::session_mutator_service::{self as mutator, UPDATE_SESSION_TITLE};
use mortise_proto::rpc::table::session_store_service::NAME;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("SES-03", "A new title is answered with the session, and updated_at moves on.", "IM:51-59", ses_03_titled).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-04", "A new title is seen in the next answer, over another connection as well.", "IM:51-59", ses_04_title_seen).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-05", "A title for a session that does not exist fails with `not found`.", "IM:55, ER:216", ses_05_no_session_to_name).with(&[mutator::NAME])
        .soft("SES-06", "Titles of 10 KB, of several lines and in all scripts are kept as they are.", "IM:56", ses_06_awkward_titles).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-18", "A title or a status sent again under its request_id is set once, and undoes nothing that came after it.", "context.proto, request_id", ses_18_repeats).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .hard("SES-19", "A title or a status whose caller went away before the answer is set when it is sent again.", "context.proto, request_id", ses_19_lost_replies).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .hard("SES-20", "Titles and statuses set at the same time do not undo each other.", "tool_scheduler.rs:42", ses_20_concurrent).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .list()
}

async fn ses_03_titled(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let before = get(&cx, &session).await?;
    let after = name(&cx, &session, " not trimmed ").await?;
    same(
        "session.title",
        &after.title.as_deref(),
        &Some(" not trimmed "),
    )?;
    moved_on(
        "session.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    same("session.created_at", &after.created_at, &before.created_at)?;
    same("session.status", &after.status, &before.status)
}

async fn ses_04_title_seen(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let other = cx.over_new_connection();
    for title in ["one", "two", ""] {
        name(&cx, &session, title).await?;
        same(
            "session.title",
            &get(&other, &session).await?.title.as_deref(),
            &Some(title),
        )?;
    }
    Ok(())
}

async fn ses_05_no_session_to_name(cx: Cx) -> Outcome {
    let request = naming(&fresh_id("session"), "x");
    refused_saying(&cx, &UPDATE_SESSION_TITLE, request, "not found").await
}

async fn ses_06_awkward_titles(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let mut titles = awkward_texts();
    titles.push("ü".repeat(5_000));
    for title in titles {
        name(&cx, &session, &title).await?;
        same(
            "session.title",
            &get(&cx, &session).await?.title.as_ref(),
            &Some(&title),
        )?;
    }
    Ok(())
}

async fn ses_18_repeats(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    repeated(&cx, &UPDATE_SESSION_TITLE, naming(&session, "x")).await?;
    repeated(&cx, &SET_SESSION_STATUS, moving(&session, Status::Active)).await?;
    let (first, second) = (cx.repeating(), cx.repeating());
    name(&first, &session, "old").await?;
    set(&second, &session, Status::Active).await?;
    name(&cx, &session, "new").await?;
    set(&cx, &session, Status::Idle).await?;
    name(&first, &session, "old").await?;
    set(&second, &session, Status::Active).await?;
    let found = get(&cx, &session).await?;
    same(
        "session.title after an older one was sent again",
        &found.title.as_deref(),
        &Some("new"),
    )?;
    same(
        "session.status after an older one was sent again",
        &found.status(),
        &Status::Idle,
    )
}

async fn ses_19_lost_replies(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    lost_reply(&cx, &UPDATE_SESSION_TITLE, naming(&session, "named")).await?;
    lost_reply(
        &cx,
        &SET_SESSION_STATUS,
        moving(&session, Status::WaitingForToolResults),
    )
    .await?;
    let found = get(&cx, &session).await?;
    same("session.title", &found.title.as_deref(), &Some("named"))?;
    same(
        "session.status",
        &found.status(),
        &Status::WaitingForToolResults,
    )
}

async fn ses_20_concurrent(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let other = cx.over_new_connection();
    for (round, status) in STATUSES.into_iter().enumerate() {
        let titles: Vec<String> = (0..8)
            .map(|number| format!("title {round} {number}"))
            .collect();
        let named = try_join_all(titles.iter().map(|title| name(&cx, &session, title)));
        let moved = try_join_all((0..8).map(|_| set(&other, &session, status)));
        tokio::try_join!(named, moved)?;
        let found = get(&cx, &session).await?;
        let title = found.title.clone().unwrap_or_default();
        that(
            "session.title",
            "one of the eight set at last",
            titles.contains(&title),
            &title,
        )?;
        same("session.status", &found.status(), &status)?;
    }
    Ok(())
}

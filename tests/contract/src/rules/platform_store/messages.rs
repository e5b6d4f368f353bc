//! What is said in sessions, and waiting for the answer.

use super::platform;
use crate::check::{Outcome, same, says, that};
use crate::context::{Cx, fresh_id};
use crate::rule::Group;
use crate::rules::common::{awkward_texts, lost_reply};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_proto::rpc::table::message_retriever_service::{self as retriever, LOAD_MESSAGES};
use mortise_proto::rpc::table::platform_store_service::{
    GET_MESSAGES, GET_SESSION_BY_ID, LIST_CAPABILITIES, SEND_MESSAGE, WAIT_FOR_IDLE,
};
use mortise_proto::rpc::table::runtime_host_service::{self as host, SET_SESSION_STATUS};
use std::time::{Duration, Instant};

/// What WaitForIdle may say.
const STATUSES: [&str; 7] = [
    "active",
    "started",
    "idle",
    "waiting_for_tool_results",
    "paused",
    "archived",
    "error",
];

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-17", "A message that was sent is among the session's messages, as the user's.", "PS:228", plat_17_sends).with(&[retriever::NAME])
        .hard("PLAT-18", "With a limit of n the newest n messages are returned, oldest first.", "SA:110-117 against PS:231", plat_18_newest)
        .hard("PLAT-19", "Without a limit ten messages are returned.", "PS:232", plat_19_ten)
        .hard("PLAT-20", "The roles of messages are `user` and `agent`.", "SA:114", plat_20_roles)
        .hard("PLAT-21", "Waiting for a session in which no turn runs ends at once.", "PS:243", plat_21_settled)
        .hard("PLAT-22", "WaitForIdle with a timeout of 0 returns the status without waiting.", "PM:2320", plat_22_no_wait)
        .hard("PLAT-23", "Waiting for a second on a busy session ends within a few, with a status and not an error.", "PS:245", plat_23_times_out)
        .soft("PLAT-24", "Waiting for a session that does not exist is an error whose text contains `not found`.", "platform_store.proto, WaitForIdle", plat_24_waits_for_nothing)
        .hard("PLAT-25", "Capabilities are listed, and looked for in id and name whatever the case.", "PS:256-260", plat_25_capabilities)
        .soft("PLAT-26", "The address of the web console is stable and has no slash at its end.", "PM, ui_link", plat_26_base_url)
        .hard("PLAT-49", "A session is ACTIVE after SendMessage, or its turn has run already.", "platform_store.proto, SendMessage", plat_49_active)
        .hard("PLAT-50", "SendMessage to a session that does not exist is refused, and GetMessages of it is empty.", "platform_store.proto, GetMessages", plat_50_unknown)
        .hard("PLAT-51", "A message comes back to the byte, large ones too.", "platform_session.proto, content", plat_51_verbatim)
        .hard("PLAT-52", "16 messages sent at the same time are all there, each once.", "tool_scheduler.rs:42", plat_52_concurrent).full()
        .hard("PLAT-53", "A message whose caller went away before the answer is there once when it is sent again.", "context.proto, request_id", plat_53_lost).full()
        .hard("PLAT-54", "A waiting caller gets the status when the session has settled.", "PS:243", plat_54_hears).with(&[host::NAME])
        .hard("PLAT-55", "64 waiting callers that go away do not keep the server from answering.", "platform_store.proto, WaitForIdle", plat_55_gone).full()
}

fn said(session_id: &str, content: &str) -> pb::SendMessageRequest {
    pb::SendMessageRequest {
        context: None,
        session_id: session_id.into(),
        content: content.into(),
    }
}

fn wait(session_id: &str, seconds: Option<u64>) -> pb::WaitForIdleRequest {
    pb::WaitForIdleRequest {
        context: None,
        session_id: session_id.into(),
        timeout_seconds: seconds,
    }
}

async fn messages(
    cx: &Cx,
    session_id: &str,
    limit: Option<u64>,
) -> Outcome<Vec<pb::PlatformMessage>> {
    let request = pb::GetMessagesRequest {
        context: None,
        session_id: session_id.into(),
        limit,
    };
    let runs = cx.collect(&GET_MESSAGES, request).await?;
    Ok(runs.into_iter().flat_map(|run| run.messages).collect())
}

/// What the user has said. A host that runs turns may have answered in between.
async fn of_user(cx: &Cx, session_id: &str) -> Outcome<Vec<String>> {
    let all = messages(cx, session_id, Some(10_000)).await?;
    let of_user = all.into_iter().filter(|message| message.role == "user");
    Ok(of_user.map(|message| message.content).collect())
}

async fn last_status(cx: &Cx, request: pb::WaitForIdleRequest) -> Outcome<String> {
    let answers = cx.collect(&WAIT_FOR_IDLE, request).await?;
    let last = answers.into_iter().last();
    let status = crate::check::present("the last message of WaitForIdle", last)?.status;
    that(
        "the status of WaitForIdle",
        &STATUSES.join(", "),
        STATUSES.contains(&status.as_str()),
        &status,
    )?;
    Ok(status)
}

fn soon(what: &str, started: Instant, most: Duration) -> Outcome {
    let took = started.elapsed();
    that(
        what,
        &format!("an end within {most:?}"),
        took <= most,
        &took,
    )
}

async fn plat_17_sends(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "What is 2 + 2?"))
        .await?;
    same(
        "the user's messages of GetMessages",
        &of_user(&cx, &session).await?,
        &vec!["What is 2 + 2?"],
    )?;
    let request = pb::LoadMessagesRequest {
        session_id: session,
        ..Default::default()
    };
    let runs = cx.collect(&LOAD_MESSAGES, request).await?;
    let chunks = runs.into_iter().filter_map(|run| run.chunk);
    let loaded = chunks.flat_map(|chunk| chunk.messages);
    let users = loaded.filter(|message| message.role() == pb::MessageRole::User);
    same(
        "the user's messages of MessageRetriever.Load",
        &users.count(),
        &1,
    )
}

async fn plat_18_newest(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    for index in 0..4 {
        cx.call(&SEND_MESSAGE, said(&session, &format!("message {index}")))
            .await?;
    }
    let sent: Vec<_> = (0..4).map(|index| format!("message {index}")).collect();
    same(
        "the user's messages of GetMessages",
        &of_user(&cx, &session).await?,
        &sent,
    )?;
    // An agent may answer meanwhile: what was read before and after must be the same.
    for _ in 0..10 {
        let before = messages(&cx, &session, Some(10_000)).await?;
        let some = messages(&cx, &session, Some(2)).await?;
        if before == messages(&cx, &session, Some(10_000)).await? {
            same(
                "GetMessages with limit 2",
                &some[..],
                &before[before.len() - 2..],
            )?;
            let none = messages(&cx, &session, Some(0)).await?;
            return same("GetMessages with limit 0", &none, &Vec::new());
        }
    }
    crate::check::skipped("the session's messages did not stand still")
}

async fn plat_19_ten(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    for index in 0..12 {
        cx.call(&SEND_MESSAGE, said(&session, &format!("message {index}")))
            .await?;
    }
    same(
        "how many messages GetMessages gives of 12 without a limit",
        &messages(&cx, &session, None).await?.len(),
        &10,
    )
}

async fn plat_20_roles(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "Hello")).await?;
    for message in messages(&cx, &session, None).await? {
        let is_known = matches!(message.role.as_str(), "user" | "agent" | "assistant");
        that(
            "the role of a message",
            "user or agent",
            is_known,
            &message.role,
        )?;
        crate::check::present("the created_at of a message", message.created_at)?;
    }
    Ok(())
}

async fn plat_21_settled(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    let started = Instant::now();
    let status = last_status(&cx, wait(&session, Some(20))).await?;
    that(
        "the status of a session in which no turn has run",
        "started or idle",
        matches!(status.as_str(), "started" | "idle"),
        &status,
    )?;
    soon(
        "WaitForIdle of a settled session",
        started,
        Duration::from_secs(5),
    )
}

async fn plat_22_no_wait(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "Hello")).await?;
    let started = Instant::now();
    last_status(&cx, wait(&session, Some(0))).await?;
    soon("WaitForIdle of 0 seconds", started, Duration::from_secs(5))
}

async fn plat_23_times_out(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "Hello")).await?;
    let started = Instant::now();
    last_status(&cx, wait(&session, Some(1))).await?;
    soon("WaitForIdle of 1 second", started, Duration::from_secs(8))
}

async fn plat_24_waits_for_nothing(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let error = cx
        .refused_collect(&WAIT_FOR_IDLE, wait(&fresh_id("session"), Some(5)))
        .await?;
    says(
        "the text of WaitForIdle's error",
        &error.message,
        "not found",
    )
}

async fn listed(cx: &Cx, search: Option<String>) -> Outcome<Vec<pb::CapabilityInfo>> {
    let request = pb::ListCapabilitiesRequest {
        context: None,
        search,
    };
    let runs = cx.collect(&LIST_CAPABILITIES, request).await?;
    Ok(runs.into_iter().flat_map(|run| run.capabilities).collect())
}

async fn plat_25_capabilities(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let all = listed(&cx, None).await?;
    that(
        "ListCapabilities",
        "some capabilities",
        !all.is_empty(),
        "none",
    )?;
    let names: Vec<_> = all.iter().map(|info| info.name.as_str()).collect();
    that(
        "the names of ListCapabilities",
        "ascending",
        names.is_sorted(),
        &names,
    )?;
    for info in &all[..all.len().min(3)] {
        for search in [
            info.id.to_uppercase(),
            info.name.to_uppercase(),
            info.name.to_lowercase(),
        ] {
            let found = listed(&cx, Some(search.clone())).await?;
            let holds = found.iter().any(|other| other.id == info.id);
            that(
                &format!("ListCapabilities with search `{search}`"),
                &format!("to hold {}", info.id),
                holds,
                "without it",
            )?;
        }
    }
    same(
        "ListCapabilities of what nothing is named",
        &listed(&cx, Some(cx.name("nothing"))).await?,
        &Vec::new(),
    )
}

async fn plat_26_base_url(cx: Cx) -> Outcome {
    let first = &cx.shared.described.platform_base_url;
    that(
        "Describe.platform_base_url",
        "no slash at its end",
        !first.ends_with('/'),
        first,
    )?;
    let again = cx
        .call(&DESCRIBE, crate::runner::introduction(cx.org_id()))
        .await?;
    same(
        "Describe.platform_base_url asked for again",
        &again.platform_base_url,
        first,
    )
}

async fn plat_49_active(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "Hello")).await?;
    let request = pb::GetSessionByIdRequest {
        context: None,
        session_id: session,
    };
    let read = cx
        .call(&GET_SESSION_BY_ID, request)
        .await?
        .session
        .unwrap_or_default();
    let has_run = read.started_at.is_some();
    let is_active = read.status() == pb::SessionStatus::Active || has_run;
    that(
        "the status of the session after SendMessage",
        "Active",
        is_active,
        &read.status(),
    )
}

async fn plat_50_unknown(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = fresh_id("session");
    cx.refused(&SEND_MESSAGE, said(&session, "Hello")).await?;
    same(
        "GetMessages of a session that is not there",
        &messages(&cx, &session, None).await?,
        &Vec::new(),
    )
}

async fn plat_51_verbatim(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    let mut texts = awkward_texts();
    // Messages without text are left out of what GetMessages gives.
    texts.retain(|text| !text.is_empty());
    texts.push("ü".repeat(256 * 1024));
    for text in &texts {
        cx.call(&SEND_MESSAGE, said(&session, text)).await?;
    }
    same(
        "the user's messages of GetMessages",
        &of_user(&cx, &session).await?,
        &texts,
    )
}

async fn plat_52_concurrent(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    let sent: Vec<_> = (0..16).map(|index| format!("message {index:02}")).collect();
    let sends = sent
        .iter()
        .map(|text| cx.call(&SEND_MESSAGE, said(&session, text)));
    try_join_all(sends).await?;
    let mut there = of_user(&cx, &session).await?;
    there.sort();
    same("the user's messages of GetMessages, sorted", &there, &sent)
}

async fn plat_53_lost(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    lost_reply(&cx, &SEND_MESSAGE, said(&session, "once")).await?;
    same(
        "the user's messages of GetMessages",
        &of_user(&cx, &session).await?,
        &vec!["once"],
    )
}

async fn plat_54_hears(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    let status = |status: pb::SessionStatus| pb::SetSessionStatusRequest {
        context: None,
        session_id: session.clone(),
        status: status.into(),
    };
    cx.call(&SET_SESSION_STATUS, status(pb::SessionStatus::Active))
        .await?;
    let mut stream = cx.open(&WAIT_FOR_IDLE, wait(&session, Some(20))).await?;
    let first = cx.next(&WAIT_FOR_IDLE, &mut stream).await?;
    let first = crate::check::present("the first message of WaitForIdle", first)?.status;
    same(
        "the first status of WaitForIdle of a running session",
        &first,
        "active",
    )?;
    let started = Instant::now();
    cx.over_new_connection()
        .call(&SET_SESSION_STATUS, status(pb::SessionStatus::Idle))
        .await?;
    let mut last = first;
    while let Some(answer) = cx.next(&WAIT_FOR_IDLE, &mut stream).await? {
        last = answer.status;
    }
    same(
        "the last status of WaitForIdle after the session became idle",
        &last,
        "idle",
    )?;
    soon(
        "WaitForIdle after the session became idle",
        started,
        Duration::from_secs(10),
    )
}

async fn plat_55_gone(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let session = cx.session().await?;
    cx.call(&SEND_MESSAGE, said(&session, "Hello")).await?;
    let opens = (0..64).map(|_| cx.open(&WAIT_FOR_IDLE, wait(&session, Some(30))));
    drop(try_join_all(opens).await?);
    let started = Instant::now();
    last_status(&cx, wait(&session, Some(0))).await?;
    soon(
        "WaitForIdle of 0 seconds after 64 callers went away",
        started,
        Duration::from_secs(5),
    )
}

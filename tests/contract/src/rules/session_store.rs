//! Sessions: what they are, their title and their status.

use super::common::{lost_reply, moved_on, refused_as_invalid, refused_saying, repeated};
use super::records::{a_session, plain};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::MALFORMED_SESSIONS;
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    self as platform, CREATE_SESSION, GET_SESSION_BY_ID, SET_SUBAGENT_METADATA,
};
use mortise_proto::rpc::table::runtime_host_service::{self as host, SET_SESSION_STATUS};
use mortise_proto::rpc::table::session_mutator_service::{self as mutator, UPDATE_SESSION_TITLE};
use mortise_proto::rpc::table::session_store_service::{GET_SESSION, NAME};
use pb::SessionStatus as Status;
use std::collections::BTreeMap;

const STATUSES: [Status; 5] = [
    Status::Active,
    Status::Idle,
    Status::WaitingForToolResults,
    Status::Paused,
    Status::Started,
];

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = [reading(), titles(), statuses()].concat();
    rules.sort_by_key(|rule| rule.id);
    rules
}

fn reading() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "SES-01",
            "A session that does not exist is absent, not an error.",
            "IM:44",
            unknown,
        )
        .hard(
            "SES-02",
            "A session has the harness and the agent it was made with.",
            "session.rs:114",
            as_made,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-09",
            "All five statuses come back as themselves.",
            "notes 3.2",
            every_status,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-12",
            "organization_id is the public id of the org of the call.",
            "session.rs:118",
            organization,
        )
        .needs(&[Need::Session])
        .hard(
            "SES-13",
            "Hints keep their JSON types, null and empty included.",
            "TS:353-360",
            hints,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-14",
            "Blueprint and its configuration come back, null against absent.",
            "TS:195-199",
            blueprint,
        )
        .with(&[platform::NAME])
        .needs(&[Need::Harness])
        .hard(
            "SES-15",
            "What SetSubagentMetadata says is seen through SessionStore.",
            "SA:322",
            subagent,
        )
        .with(&[platform::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-16",
            "Another org sees no session whose id it knows, and changes neither title nor status.",
            "context.proto",
            other_org,
        )
        .with(&[mutator::NAME, host::NAME])
        .needs(&[Need::Session, Need::OtherOrg])
        .hard(
            "SES-17",
            "A malformed session id is refused as INVALID_FIELD, to read, to name and to move.",
            "ID:85-121",
            malformed,
        )
        .with(&[mutator::NAME, host::NAME])
        .list()
}

fn titles() -> Vec<Rule> {
    Group::of(NAME)
        .hard("SES-03", "A new title is answered with the session, and updated_at moves on.", "IM:51-59", titled).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-04", "A new title is seen in the next answer, over another connection as well.", "IM:51-59", title_seen).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-05", "A title for a session that does not exist fails with `not found`.", "IM:55, ER:216", no_session_to_name).with(&[mutator::NAME])
        .soft("SES-06", "Titles of 10 KB, of several lines and in all scripts are kept as they are.", "IM:56", awkward_titles).with(&[mutator::NAME]).needs(&[Need::Session])
        .hard("SES-18", "A title or a status sent again under its request_id is set once, and undoes nothing that came after it.", "context.proto, request_id", repeats).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .hard("SES-19", "A title or a status whose caller went away before the answer is set when it is sent again.", "context.proto, request_id", lost_replies).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .hard("SES-20", "Titles and statuses set at the same time do not take each other back.", "tool_scheduler.rs:42", concurrent).with(&[mutator::NAME, host::NAME]).needs(&[Need::Session]).full()
        .list()
}

fn statuses() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "SES-07",
            "Setting a status is answered with the session in it.",
            "H:69-74",
            moved,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-08",
            "A status is seen through SessionStore, and through PlatformStore where it is offered.",
            "runtime_host_test",
            status_seen,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-10",
            "A status for a session that does not exist fails with `not found`.",
            "R:795-798",
            no_session_to_move,
        )
        .with(&[host::NAME])
        .hard(
            "SES-11",
            "Setting the status a session has succeeds.",
            "H:493, H:535",
            same_status,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-21",
            "started_at is set with the first ACTIVE and stays; created_at never changes.",
            "runtime_host.proto, SetSessionStatus",
            started,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-22",
            "A status that is none is refused as INVALID_FIELD.",
            "session_store.proto, SessionStatus",
            no_status,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .list()
}

fn asking(session: &str) -> pb::GetSessionRequest {
    pb::GetSessionRequest {
        context: None,
        session_id: session.into(),
    }
}

fn naming(session: &str, title: &str) -> pb::UpdateSessionTitleRequest {
    pb::UpdateSessionTitleRequest {
        context: None,
        session_id: session.into(),
        title: title.into(),
    }
}

fn moving(session: &str, status: Status) -> pb::SetSessionStatusRequest {
    pb::SetSessionStatusRequest {
        context: None,
        session_id: session.into(),
        status: status.into(),
    }
}

pub(crate) async fn get(cx: &Cx, session: &str) -> Outcome<pb::Session> {
    present(
        "GetSession.session",
        cx.call(&GET_SESSION, asking(session)).await?.session,
    )
}

async fn name(cx: &Cx, session: &str, title: &str) -> Outcome<pb::Session> {
    let answer = cx
        .call(&UPDATE_SESSION_TITLE, naming(session, title))
        .await?;
    present("UpdateSessionTitle.session", answer.session)
}

async fn set(cx: &Cx, session: &str, status: Status) -> Outcome<pb::Session> {
    let answer = cx
        .call(&SET_SESSION_STATUS, moving(session, status))
        .await?;
    present("SetSessionStatus.session", answer.session)
}

async fn unknown(cx: Cx) -> Outcome {
    let answer = cx.call(&GET_SESSION, asking(&fresh_id("session"))).await?;
    absent("GetSession of no session", answer.session)
}

async fn as_made(cx: Cx) -> Outcome {
    let agent = cx.agent().await?;
    let put = a_session(&cx, |session| session.agent_id = Some(agent)).await?;
    let found = get(&cx, &put.id).await?;
    same("session.id", &found.id, &put.id)?;
    same("session.harness_id", &found.harness_id, &put.harness_id)?;
    same("session.agent_id", &found.agent_id, &put.agent_id)?;
    same(
        "session.owner_principal_id",
        &found.owner_principal_id,
        &put.owner_principal_id,
    )?;
    let bare = a_session(&cx, |_| {}).await?;
    absent(
        "session.agent_id of a session without one",
        get(&cx, &bare.id).await?.agent_id,
    )
}

async fn every_status(cx: Cx) -> Outcome {
    for status in STATUSES {
        let put = a_session(&cx, |session| session.status = status.into()).await?;
        same(
            "session.status",
            &get(&cx, &put.id).await?.status(),
            &status,
        )?;
    }
    Ok(())
}

async fn organization(cx: Cx) -> Outcome {
    let session = get(&cx, &cx.known_session().await?).await?;
    same(
        "session.organization_id",
        &session.organization_id,
        &cx.org_public_id(),
    )
}

async fn hints(cx: Cx) -> Outcome {
    let values = [
        ("setup_connection", "true"),
        ("big", "9007199254740993"),
        ("null", "null"),
        ("text", "\"true\""),
        ("ключ", "{}"),
    ];
    let values: BTreeMap<String, String> =
        values.map(|(key, json)| (key.into(), json.into())).into();
    for hints in [None, Some(BTreeMap::new()), Some(values)] {
        let hints = hints.map(|values_json| pb::JsonMap { values_json });
        let put = a_session(&cx, |session| session.hints.clone_from(&hints)).await?;
        same("session.hints", &get(&cx, &put.id).await?.hints, &hints)?;
    }
    Ok(())
}

async fn blueprint(cx: Cx) -> Outcome {
    let platform = cx.in_session(&cx.session().await?);
    let harness_id = cx.harness().await?;
    for config in [
        None,
        Some("null"),
        Some("{}"),
        Some(super::common::AWKWARD_JSON),
    ] {
        let request = pb::CreateSessionRequest {
            harness_id: harness_id.clone(),
            blueprint_id: Some("reviewer".into()),
            blueprint_config_json: config.map(Into::into),
            ..Default::default()
        };
        let made = platform.call(&CREATE_SESSION, request).await?.session;
        let mut found = get(&cx, &present("CreateSession.session", made)?.id).await?;
        same(
            "session.blueprint_id",
            &found.blueprint_id.as_deref(),
            &Some("reviewer"),
        )?;
        let mut expected = config.map(String::from);
        for json in [&mut found.blueprint_config_json, &mut expected]
            .into_iter()
            .flatten()
        {
            plain(json);
        }
        same(
            "session.blueprint_config_json",
            &found.blueprint_config_json,
            &expected,
        )?;
    }
    Ok(())
}

async fn subagent(cx: Cx) -> Outcome {
    let (parent, child) = (cx.session().await?, cx.session().await?);
    let platform = cx.in_session(&parent);
    for status in [
        pb::SubagentStatus::Running,
        pb::SubagentStatus::MaxIterationsReached,
    ] {
        let request = pb::SetSubagentMetadataRequest {
            context: None,
            session_id: child.clone(),
            parent_session_id: parent.clone(),
            subagent_name: "scout".into(),
            subagent_task: "look\naround".into(),
            subagent_status: status.into(),
        };
        platform.call(&SET_SUBAGENT_METADATA, request).await?;
        let found = get(&cx, &child).await?;
        same(
            "session.parent_session_id",
            &found.parent_session_id,
            &Some(parent.clone()),
        )?;
        same(
            "session.subagent_name",
            &found.subagent_name.as_deref(),
            &Some("scout"),
        )?;
        same(
            "session.subagent_task",
            &found.subagent_task.as_deref(),
            &Some("look\naround"),
        )?;
        same(
            "session.subagent_status",
            &found.subagent_status,
            &Some(i32::from(status)),
        )?;
    }
    Ok(())
}

async fn other_org(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let before = get(&cx, &session).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&GET_SESSION, asking(&session)).await {
        absent("GetSession in another org", answer.session)?;
    }
    other
        .refused(&UPDATE_SESSION_TITLE, naming(&session, "theirs"))
        .await?;
    other
        .refused(&SET_SESSION_STATUS, moving(&session, Status::Paused))
        .await?;
    same(
        "the session in its own org",
        &get(&cx, &session).await?,
        &before,
    )
}

async fn malformed(cx: Cx) -> Outcome {
    for id in MALFORMED_SESSIONS {
        refused_as_invalid(&cx, &GET_SESSION, asking(id)).await?;
        refused_as_invalid(&cx, &UPDATE_SESSION_TITLE, naming(id, "x")).await?;
        refused_as_invalid(&cx, &SET_SESSION_STATUS, moving(id, Status::Idle)).await?;
    }
    Ok(())
}

async fn titled(cx: Cx) -> Outcome {
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

async fn title_seen(cx: Cx) -> Outcome {
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

async fn no_session_to_name(cx: Cx) -> Outcome {
    let request = naming(&fresh_id("session"), "x");
    refused_saying(&cx, &UPDATE_SESSION_TITLE, request, "not found").await
}

async fn awkward_titles(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let mut titles = super::common::awkward_texts();
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

async fn repeats(cx: Cx) -> Outcome {
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

async fn lost_replies(cx: Cx) -> Outcome {
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

async fn concurrent(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let other = cx.over_new_connection();
    for round in 0..5 {
        let titles: Vec<String> = (0..8)
            .map(|number| format!("title {round} {number}"))
            .collect();
        let named = try_join_all(titles.iter().map(|title| name(&cx, &session, title)));
        let moved = try_join_all((0..8).map(|_| set(&other, &session, STATUSES[round])));
        tokio::try_join!(named, moved)?;
        let found = get(&cx, &session).await?;
        let title = found.title.clone().unwrap_or_default();
        that(
            "session.title",
            "one of the eight set at last",
            titles.contains(&title),
            &title,
        )?;
        same("session.status", &found.status(), &STATUSES[round])?;
    }
    Ok(())
}

async fn moved(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let mut before = get(&cx, &session).await?;
    for status in [Status::Active, Status::WaitingForToolResults, Status::Idle] {
        let after = set(&cx, &session, status).await?;
        same("session.id", &after.id, &session)?;
        same("session.status", &after.status(), &status)?;
        moved_on(
            "session.updated_at",
            after.updated_at.as_ref(),
            before.updated_at.as_ref(),
        )?;
        before = after;
    }
    Ok(())
}

async fn status_seen(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    for status in STATUSES {
        set(&cx, &session, status).await?;
        same(
            "GetSession.session.status",
            &get(&cx, &session).await?.status(),
            &status,
        )?;
        if cx.offers(platform::NAME) {
            let request = pb::GetSessionByIdRequest {
                context: None,
                session_id: session.clone(),
            };
            let answer = cx
                .in_session(&session)
                .call(&GET_SESSION_BY_ID, request)
                .await?;
            let found = present("GetSessionById.session", answer.session)?;
            same("GetSessionById.session.status", &found.status(), &status)?;
        }
    }
    Ok(())
}

async fn no_session_to_move(cx: Cx) -> Outcome {
    let request = moving(&fresh_id("session"), Status::Active);
    refused_saying(&cx, &SET_SESSION_STATUS, request, "not found").await
}

async fn same_status(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    for _ in 0..2 {
        same(
            "session.status",
            &set(&cx, &session, Status::Active).await?.status(),
            &Status::Active,
        )?;
    }
    Ok(())
}

async fn started(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let created_at = get(&cx, &session).await?.created_at;
    let first = set(&cx, &session, Status::Active).await?;
    present(
        "session.started_at after the first ACTIVE",
        first.started_at.as_ref(),
    )?;
    set(&cx, &session, Status::Idle).await?;
    let second = set(&cx, &session, Status::Active).await?;
    same(
        "session.started_at after the second ACTIVE",
        &second.started_at,
        &first.started_at,
    )?;
    same("session.created_at", &second.created_at, &created_at)
}

async fn no_status(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let before = get(&cx, &session).await?;
    for status in [0, 99, -1] {
        let request = pb::SetSessionStatusRequest {
            status,
            ..moving(&session, Status::Idle)
        };
        refused_as_invalid(&cx, &SET_SESSION_STATUS, request).await?;
    }
    same(
        "the session afterwards",
        &get(&cx, &session).await?,
        &before,
    )
}

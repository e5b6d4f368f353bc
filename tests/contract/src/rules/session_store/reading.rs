//! What a session is, and who sees it.

use super::{STATUSES, asking, get, moving, naming};
use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{AWKWARD_JSON, refused_as_invalid};
use crate::rules::records::{a_session, plain};
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::pb;
use mortise_proto::pb::SessionStatus as Status;
use mortise_proto::rpc::table::platform_store_service::{
    self as platform, CREATE_SESSION, SET_SUBAGENT_METADATA,
};
use mortise_proto::rpc::table::runtime_host_service::{self as host, SET_SESSION_STATUS};
use mortise_proto::rpc::table::session_mutator_service::{self as mutator, UPDATE_SESSION_TITLE};
use mortise_proto::rpc::table::session_store_service::{GET_SESSION, NAME};
use std::collections::BTreeMap;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "SES-01",
            "A session that does not exist is absent, not an error.",
            "IM:44",
            ses_01_unknown,
        )
        .hard(
            "SES-02",
            "A session has the harness and the agent it was made with.",
            "session.rs:114",
            ses_02_as_made,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-09",
            "All five statuses come back as themselves.",
            "notes 3.2",
            ses_09_every_status,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-12",
            "organization_id is the public id of the org of the call.",
            "session.rs:118",
            ses_12_organization,
        )
        .needs(&[Need::Session])
        .hard(
            "SES-13",
            "Hints keep their JSON types, null and empty included.",
            "TS:353-360",
            ses_13_hints,
        )
        .needs(&[Need::Seed])
        .hard(
            "SES-14",
            "Blueprint and its configuration come back, null against absent.",
            "TS:195-199",
            ses_14_blueprint,
        )
        .with(&[platform::NAME])
        .needs(&[Need::Harness])
        .hard(
            "SES-15",
            "What SetSubagentMetadata says is seen through SessionStore.",
            "SA:322",
            ses_15_subagent,
        )
        .with(&[platform::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-16",
            "Another org sees no session whose id it knows, and changes neither title nor status.",
            "context.proto",
            ses_16_other_org,
        )
        .with(&[mutator::NAME, host::NAME])
        .needs(&[Need::Session, Need::OtherOrg])
        .hard(
            "SES-17",
            "A malformed session id is refused as INVALID_FIELD, to read, to name and to move.",
            "ID:85-121",
            ses_17_malformed,
        )
        .with(&[mutator::NAME, host::NAME])
        .list()
}

async fn ses_01_unknown(cx: Cx) -> Outcome {
    let answer = cx.call(&GET_SESSION, asking(&fresh_id("session"))).await?;
    absent("GetSession of no session", answer.session)
}

async fn ses_02_as_made(cx: Cx) -> Outcome {
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

async fn ses_09_every_status(cx: Cx) -> Outcome {
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

async fn ses_12_organization(cx: Cx) -> Outcome {
    let session = get(&cx, &cx.known_session().await?).await?;
    same(
        "session.organization_id",
        &session.organization_id,
        &cx.org_public_id(),
    )
}

async fn ses_13_hints(cx: Cx) -> Outcome {
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

async fn ses_14_blueprint(cx: Cx) -> Outcome {
    let platform = cx.in_session(&cx.session().await?);
    let harness_id = cx.harness().await?;
    for config in [None, Some("null"), Some("{}"), Some(AWKWARD_JSON)] {
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

async fn ses_15_subagent(cx: Cx) -> Outcome {
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

async fn ses_16_other_org(cx: Cx) -> Outcome {
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

async fn ses_17_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &GET_SESSION, asking(id)).await?;
        refused_as_invalid(&cx, &UPDATE_SESSION_TITLE, naming(id, "x")).await?;
        refused_as_invalid(&cx, &SET_SESSION_STATUS, moving(id, Status::Idle)).await?;
    }
    Ok(())
}

//! What is under way beside a session.

mod production;

use super::common::{AWKWARD_JSON, moved_on, refused_as_invalid, same_json};
use crate::check::{Outcome, absent, present, same};
use crate::context::Cx;
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::{self, SessionResourceStatus as Status};
use mortise_proto::rpc::table::session_resource_registry_service::{
    DEREGISTER, GET_SESSION_RESOURCE, LIST_SESSION_RESOURCES, NAME, REGISTER, UPDATE_STATUS,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("REG-01", "A registered entry is read back as Register returned it.", "T:704", reg_01_register_then_get)
        .hard("REG-02", "Registering again replaces everything but created_at, and there is still one entry.", "T:704, TL:1371", reg_02_replaces)
        .hard("REG-03", "The same resource_id in two sessions is two entries.", "session_resource.rs:62", reg_03_two_sessions)
        .hard("REG-04", "UpdateStatus answers with the entry, and with none when it is unknown.", "T:710-716", reg_04_updates_status)
        .hard("REG-05", "The list is filtered by exact kind, by status and by both; without a filter it is whole.", "session_resource.rs:103-109", reg_05_filters)
        .hard("REG-06", "Deregistering returns true once, then false, and the entry is gone.", "T:733", reg_06_deregisters_once)
        .hard("REG-07", "Metadata of 100 KB of nested JSON comes back as it was given, numbers to the last digit.", "skills.rs:634-655", reg_07_metadata)
        .hard("REG-08", "A status that is left out is refused as INVALID_FIELD: the caller states `active` itself.", "session_resource.rs:91", reg_08_without_status)
        .hard("REG-09", "Of 50 quick registrations of one id the last is kept.", "TL:1371", reg_09_quick)
        .soft("REG-10", "UpdateStatus changes the status and updated_at, nothing else.", "T:710", reg_10_status_alone)
        .hard("REG-11", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", production::reg_11_repeats).full()
        .hard("REG-12", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", production::reg_12_lost_replies).full()
        .hard("REG-13", "32 registrations of one id at the same time are one entry, which is one of them, whole.", "TL:1371", production::reg_13_concurrent).full()
        .hard("REG-14", "300 entries are listed completely, oldest first, whatever was changed since.", "session_resource_registry.proto", production::reg_14_order).full()
        .hard("REG-15", "A resource_id of 1,024 bytes and texts that stores damage survive.", "session_resource_registry.proto, resource_id", production::reg_15_awkward)
        .hard("REG-16", "Metadata that is no JSON value is refused as INVALID_FIELD.", "platform_types.proto", production::reg_16_malformed_metadata)
        .hard("REG-17", "A session id that is malformed is refused as INVALID_FIELD by every method.", "ID:85-121", production::reg_17_malformed_session)
        .hard("REG-18", "Another org sees no entry of a session whose id it knows, and cannot change one.", "context.proto", production::reg_18_other_org).needs(&[Need::OtherOrg])
        .hard("REG-19", "An entry that was registered over one connection is readable over another at once.", "read your writes", production::reg_19_second_view).full()
        .list()
}

fn entry(session_id: &str, resource_id: &str) -> pb::RegisterRequest {
    pb::RegisterRequest {
        context: None,
        session_id: session_id.into(),
        resource_id: resource_id.into(),
        kind: "subagent".into(),
        display_name: "A helper".into(),
        status: Status::Active.into(),
        metadata_json: "{}".into(),
    }
}

fn update(session_id: &str, resource_id: &str, status: Status) -> pb::UpdateStatusRequest {
    pb::UpdateStatusRequest {
        context: None,
        session_id: session_id.into(),
        resource_id: resource_id.into(),
        status: status.into(),
    }
}

fn get(session_id: &str, resource_id: &str) -> pb::GetSessionResourceRequest {
    pb::GetSessionResourceRequest {
        context: None,
        session_id: session_id.into(),
        resource_id: resource_id.into(),
    }
}

fn list(session_id: &str, kind: Option<&str>, status: Status) -> pb::ListSessionResourcesRequest {
    pb::ListSessionResourcesRequest {
        context: None,
        session_id: session_id.into(),
        kind: kind.map(Into::into),
        status: status.into(),
    }
}

fn remove(session_id: &str, resource_id: &str) -> pb::DeregisterRequest {
    pb::DeregisterRequest {
        context: None,
        session_id: session_id.into(),
        resource_id: resource_id.into(),
    }
}

async fn register(cx: &Cx, request: pb::RegisterRequest) -> Outcome<pb::SessionResourceEntry> {
    let answer = cx.call(&REGISTER, request).await?;
    present("Register.entry", answer.entry)
}

async fn found(
    cx: &Cx,
    session: &str,
    resource: &str,
) -> Outcome<Option<pb::SessionResourceEntry>> {
    let answer = cx
        .call(&GET_SESSION_RESOURCE, get(session, resource))
        .await?;
    Ok(answer.entry)
}

async fn listed(
    cx: &Cx,
    session: &str,
    kind: Option<&str>,
    status: Status,
) -> Outcome<Vec<String>> {
    let request = list(session, kind, status);
    let runs = cx.collect(&LIST_SESSION_RESOURCES, request).await?;
    let entries = runs.into_iter().flat_map(|run| run.entries);
    Ok(entries.map(|entry| entry.resource_id).collect())
}

async fn all(cx: &Cx, session: &str) -> Outcome<Vec<String>> {
    listed(cx, session, None, Status::Unspecified).await
}

async fn reg_01_register_then_get(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    absent(
        "GetSessionResource.entry before Register",
        found(&cx, &session, "run").await?,
    )?;
    let registered = register(&cx, entry(&session, "run")).await?;
    same("session_id", &registered.session_id, &session)?;
    same("resource_id", &registered.resource_id.as_str(), &"run")?;
    same("kind", &registered.kind.as_str(), &"subagent")?;
    same(
        "display_name",
        &registered.display_name.as_str(),
        &"A helper",
    )?;
    same("status", &registered.status(), &Status::Active)?;
    present("created_at", registered.created_at)?;
    present("updated_at", registered.updated_at)?;
    same(
        "GetSessionResource.entry, against what Register said",
        &found(&cx, &session, "run").await?,
        &Some(registered),
    )
}

async fn reg_02_replaces(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let before = register(&cx, entry(&session, "run")).await?;
    let request = pb::RegisterRequest {
        kind: "sandbox".into(),
        display_name: String::new(),
        status: Status::Failed.into(),
        metadata_json: "{\"step\":2}".into(),
        ..entry(&session, "run")
    };
    let after = register(&cx, request).await?;
    same(
        "created_at after the second Register",
        &after.created_at,
        &before.created_at,
    )?;
    moved_on(
        "updated_at after the second Register",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    same("kind", &after.kind.as_str(), &"sandbox")?;
    same("display_name", &after.display_name.as_str(), &"")?;
    same("status", &after.status(), &Status::Failed)?;
    same_json("metadata_json", &after.metadata_json, "{\"step\":2}")?;
    same(
        "ListSessionResources.entries after two Register of one id",
        &all(&cx, &session).await?,
        &vec!["run"],
    )?;
    same(
        "GetSessionResource.entry, against what the second Register said",
        &found(&cx, &session, "run").await?,
        &Some(after),
    )
}

async fn reg_03_two_sessions(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    register(&cx, entry(&one, "run")).await?;
    absent(
        "GetSessionResource.entry in another session",
        found(&cx, &other, "run").await?,
    )?;
    register(&cx, entry(&other, "run")).await?;
    cx.call(&UPDATE_STATUS, update(&other, "run", Status::Failed))
        .await?;
    let status = found(&cx, &one, "run").await?.map(|entry| entry.status());
    same(
        "the status in the one session",
        &status,
        &Some(Status::Active),
    )?;
    cx.call(&DEREGISTER, remove(&other, "run")).await?;
    same(
        "ListSessionResources.entries of the one session",
        &all(&cx, &one).await?,
        &vec!["run"],
    )
}

async fn reg_04_updates_status(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = cx
        .call(&UPDATE_STATUS, update(&session, "run", Status::Failed))
        .await?;
    absent("UpdateStatus.entry of one that is unknown", answer.entry)?;
    same(
        "ListSessionResources.entries after UpdateStatus of one that is unknown",
        &all(&cx, &session).await?,
        &Vec::<String>::new(),
    )?;
    register(&cx, entry(&session, "run")).await?;
    for status in [
        Status::Completed,
        Status::Failed,
        Status::Released,
        Status::Active,
    ] {
        let answer = cx
            .call(&UPDATE_STATUS, update(&session, "run", status))
            .await?;
        let updated = present("UpdateStatus.entry", answer.entry)?;
        same("UpdateStatus.entry.status", &updated.status(), &status)?;
        same(
            "GetSessionResource.entry, against what UpdateStatus said",
            &found(&cx, &session, "run").await?,
            &Some(updated),
        )?;
    }
    Ok(())
}

async fn reg_05_filters(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let entries = [
        ("a", "subagent", Status::Active),
        ("b", "subagent", Status::Failed),
        ("c", "subagents", Status::Active),
        ("d", "Subagent", Status::Failed),
    ];
    for (id, kind, status) in entries {
        let request = pb::RegisterRequest {
            kind: kind.into(),
            status: status.into(),
            ..entry(&session, id)
        };
        register(&cx, request).await?;
    }
    let cases = [
        (None, Status::Unspecified, vec!["a", "b", "c", "d"]),
        (Some("subagent"), Status::Unspecified, vec!["a", "b"]),
        (Some("sub%"), Status::Unspecified, vec![]),
        (None, Status::Failed, vec!["b", "d"]),
        (Some("subagent"), Status::Active, vec!["a"]),
        (Some("subagents"), Status::Failed, vec![]),
        (None, Status::Released, vec![]),
    ];
    for (kind, status, expected) in cases {
        same(
            &format!("ListSessionResources.entries of kind {kind:?} and status {status:?}"),
            &listed(&cx, &session, kind, status).await?,
            &expected,
        )?;
    }
    Ok(())
}

async fn reg_06_deregisters_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    register(&cx, entry(&session, "run")).await?;
    for expected in [true, false] {
        let answer = cx.call(&DEREGISTER, remove(&session, "run")).await?;
        same("Deregister.deregistered", &answer.deregistered, &expected)?;
    }
    absent(
        "GetSessionResource.entry after Deregister",
        found(&cx, &session, "run").await?,
    )?;
    same(
        "ListSessionResources.entries after Deregister",
        &all(&cx, &session).await?,
        &Vec::<String>::new(),
    )
}

async fn reg_07_metadata(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let skill =
        serde_json::json!({ "instructions": "Do ü\r\n\"this\".\n".repeat(6_000), "a": [[[{}]]] });
    for (index, json) in [AWKWARD_JSON, "null", "[]", "\"text\"", &skill.to_string()]
        .into_iter()
        .enumerate()
    {
        let id = format!("r{index}");
        let request = pb::RegisterRequest {
            metadata_json: json.into(),
            ..entry(&session, &id)
        };
        register(&cx, request).await?;
        let kept = present("GetSessionResource.entry", found(&cx, &session, &id).await?)?;
        same_json("metadata_json", &kept.metadata_json, json)?;
    }
    Ok(())
}

async fn reg_08_without_status(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::RegisterRequest {
        status: Status::Unspecified.into(),
        ..entry(&session, "run")
    };
    refused_as_invalid(&cx, &REGISTER, request).await?;
    let request = pb::RegisterRequest {
        status: 99,
        ..entry(&session, "run")
    };
    refused_as_invalid(&cx, &REGISTER, request).await?;
    register(&cx, entry(&session, "run")).await?;
    let request = update(&session, "run", Status::Unspecified);
    refused_as_invalid(&cx, &UPDATE_STATUS, request).await?;
    let status = found(&cx, &session, "run")
        .await?
        .map(|entry| entry.status());
    same(
        "the status after UpdateStatus was refused",
        &status,
        &Some(Status::Active),
    )
}

async fn reg_09_quick(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for round in 0..50 {
        let request = pb::RegisterRequest {
            metadata_json: format!("{{\"output\":{round}}}"),
            ..entry(&session, "run")
        };
        register(&cx, request).await?;
    }
    let kept = present(
        "GetSessionResource.entry",
        found(&cx, &session, "run").await?,
    )?;
    same_json(
        "metadata_json after 50 Register",
        &kept.metadata_json,
        "{\"output\":49}",
    )?;
    same(
        "ListSessionResources.entries",
        &all(&cx, &session).await?,
        &vec!["run"],
    )
}

async fn reg_10_status_alone(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::RegisterRequest {
        metadata_json: AWKWARD_JSON.into(),
        ..entry(&session, "run")
    };
    let before = register(&cx, request).await?;
    let answer = cx
        .call(&UPDATE_STATUS, update(&session, "run", Status::Completed))
        .await?;
    let after = present("UpdateStatus.entry", answer.entry)?;
    moved_on(
        "updated_at after UpdateStatus",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    let expected = pb::SessionResourceEntry {
        status: after.status,
        updated_at: after.updated_at,
        ..before
    };
    same("UpdateStatus.entry", &after, &expected)
}

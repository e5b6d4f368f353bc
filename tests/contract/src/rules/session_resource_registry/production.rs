//! What production asks of the registry: repeats, concurrency, order, other orgs.

use super::super::common::{awkward_texts, lost_reply, refused_as_invalid, repeated, same_json};
use super::super::refusals::{NO_SESSION_IDS, stream_refused_with};
use super::{all, entry, found, get, list, listed, register, remove, update};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::Cx;
use futures::future::try_join_all;
use mortise_proto::pb::{self, ErrorReason, SessionResourceStatus as Status};
use mortise_proto::rpc::table::session_resource_registry_service::{
    DEREGISTER, GET_SESSION_RESOURCE, LIST_SESSION_RESOURCES, REGISTER, UPDATE_STATUS,
};

pub(super) async fn reg_11_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &REGISTER, entry(&session, "run")).await?;
    let request = update(&session, "run", Status::Completed);
    repeated(&cx, &UPDATE_STATUS, request).await?;
    let answer = repeated(&cx, &DEREGISTER, remove(&session, "run")).await?;
    same("Deregister.deregistered", &answer.deregistered, &true)?;

    // What was done in between stays: a repeated answer changes nothing.
    let first = cx.repeating();
    first.call(&REGISTER, entry(&session, "late")).await?;
    cx.call(&DEREGISTER, remove(&session, "late")).await?;
    first.call(&REGISTER, entry(&session, "late")).await?;
    absent(
        "GetSessionResource.entry after Deregister, when an older Register was sent again",
        found(&cx, &session, "late").await?,
    )
}

pub(super) async fn reg_12_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    lost_reply(&cx, &REGISTER, entry(&session, "run")).await?;
    same(
        "ListSessionResources.entries",
        &all(&cx, &session).await?,
        &vec!["run"],
    )?;
    let answer = lost_reply(&cx, &DEREGISTER, remove(&session, "run")).await?;
    same(
        "Deregister.deregistered of the change that was done once",
        &answer.deregistered,
        &true,
    )
}

pub(super) async fn reg_13_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let requests = (0..32).map(|index| pb::RegisterRequest {
        display_name: format!("name {index}"),
        metadata_json: format!("{{\"name\":\"name {index}\"}}"),
        ..entry(&session, "run")
    });
    try_join_all(requests.map(|request| register(&cx, request))).await?;
    same(
        "ListSessionResources.entries",
        &all(&cx, &session).await?,
        &vec!["run"],
    )?;
    let kept = present(
        "GetSessionResource.entry",
        found(&cx, &session, "run").await?,
    )?;
    same_json(
        "metadata_json, against the display_name that came with it",
        &kept.metadata_json,
        &format!("{{\"name\":\"{}\"}}", kept.display_name),
    )
}

pub(super) async fn reg_14_order(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // Names whose order is not that of their making.
    let ids: Vec<_> = (0..300)
        .map(|index| format!("r{}", (index * 7) % 300))
        .collect();
    for id in &ids {
        register(&cx, entry(&session, id)).await?;
    }
    register(&cx, entry(&session, &ids[0])).await?;
    cx.call(&UPDATE_STATUS, update(&session, &ids[1], Status::Failed))
        .await?;
    same(
        "ListSessionResources.entries",
        &all(&cx, &session).await?,
        &ids,
    )
}

pub(super) async fn reg_15_awkward(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut ids = awkward_texts();
    ids.retain(|id| !id.is_empty());
    ids.push("i".repeat(1_024));
    ids.push("ключ/".repeat(100));
    for id in &ids {
        let request = pb::RegisterRequest {
            kind: id.clone(),
            display_name: id.clone(),
            ..entry(&session, id)
        };
        register(&cx, request).await?;
        let kept = present("GetSessionResource.entry", found(&cx, &session, id).await?)?;
        same("display_name", &kept.display_name, id)?;
        same(
            "ListSessionResources.entries of this kind",
            &listed(&cx, &session, Some(id), Status::Unspecified).await?,
            &vec![id.clone()],
        )?;
    }
    same(
        "ListSessionResources.entries",
        &all(&cx, &session).await?,
        &ids,
    )
}

pub(super) async fn reg_16_malformed_metadata(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for json in ["", "{", "{\"a\":1} x", "nul", "{'a':1}"] {
        let request = pb::RegisterRequest {
            metadata_json: json.into(),
            ..entry(&session, "run")
        };
        refused_as_invalid(&cx, &REGISTER, request).await?;
    }
    Ok(())
}

pub(super) async fn reg_17_malformed_session(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &REGISTER, entry(id, "run")).await?;
        refused_as_invalid(&cx, &UPDATE_STATUS, update(id, "run", Status::Failed)).await?;
        refused_as_invalid(&cx, &GET_SESSION_RESOURCE, get(id, "run")).await?;
        refused_as_invalid(&cx, &DEREGISTER, remove(id, "run")).await?;
        let request = list(id, None, Status::Unspecified);
        let reasons = [ErrorReason::InvalidField];
        stream_refused_with(&cx, &LIST_SESSION_RESOURCES, request, &reasons).await?;
    }
    Ok(())
}

pub(super) async fn reg_18_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mine = register(&cx, entry(&session, "run")).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    found(&cx, &session, "run").await?;
    all(&cx, &session).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other
        .attempt(&GET_SESSION_RESOURCE, get(&session, "run"))
        .await
    {
        absent("GetSessionResource.entry in another org", answer.entry)?;
    }
    let request = list(&session, None, Status::Unspecified);
    if let Ok(runs) = other
        .attempt_collect(&LIST_SESSION_RESOURCES, request)
        .await
    {
        let is_empty = runs.iter().all(|run| run.entries.is_empty());
        that(
            "ListSessionResources in another org",
            "no entry",
            is_empty,
            &runs,
        )?;
    }
    let request = update(&session, "run", Status::Failed);
    if let Ok(answer) = other.attempt(&UPDATE_STATUS, request).await {
        absent("UpdateStatus.entry in another org", answer.entry)?;
    }
    let request = pb::RegisterRequest {
        display_name: "overwritten".into(),
        ..entry(&session, "run")
    };
    drop(other.attempt(&REGISTER, request).await);
    drop(other.attempt(&DEREGISTER, remove(&session, "run")).await);
    same(
        "GetSessionResource.entry in its own org",
        &found(&cx, &session, "run").await?,
        &Some(mine),
    )
}

pub(super) async fn reg_19_second_view(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for round in 0..20 {
        let request = pb::RegisterRequest {
            metadata_json: round.to_string(),
            ..entry(&session, "run")
        };
        let registered = register(&cx, request).await?;
        same(
            "GetSessionResource.entry over another connection",
            &found(&other, &session, "run").await?,
            &Some(registered),
        )?;
    }
    Ok(())
}

//! What production asks of leases: repeats, concurrency, malformed input, other orgs.

use super::super::common::{lost_reply, refused_as_invalid, repeated};
use super::super::refusals::NO_SESSION_IDS;
use super::{external_ids, lease, list, listed, release, runs_for, upsert};
use crate::check::{Outcome, absent, present, same};
use crate::context::Cx;
use futures::future::try_join_all;
use mortise_proto::pb::{self, LeasedResourceStatus as Status};
use mortise_proto::rpc::table::leased_resource_store_service::{
    LIST_RESOURCES, RELEASE_RESOURCE, UPSERT_RESOURCE,
};

pub(super) async fn lease_10_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &UPSERT_RESOURCE, lease(&session, "x")).await?;
    repeated(&cx, &RELEASE_RESOURCE, release(&session, "x")).await?;

    // What was released in between stays so: a repeated answer changes nothing.
    let first = cx.repeating();
    first.call(&UPSERT_RESOURCE, lease(&session, "y")).await?;
    cx.call(&RELEASE_RESOURCE, release(&session, "y")).await?;
    first.call(&UPSERT_RESOURCE, lease(&session, "y")).await?;
    let statuses = listed(&cx, &session).await?;
    let statuses: Vec<_> = statuses.iter().map(pb::LeasedResource::status).collect();
    same(
        "the statuses after ReleaseResource, when an older UpsertResource was sent again",
        &statuses,
        &vec![Status::Released, Status::Released],
    )
}

pub(super) async fn lease_11_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = lost_reply(&cx, &UPSERT_RESOURCE, lease(&session, "x")).await?;
    let leased = present("UpsertResource.resource", answer.resource)?;
    same(
        "ListResources.resources",
        &listed(&cx, &session).await?,
        &vec![leased],
    )?;
    let answer = lost_reply(&cx, &RELEASE_RESOURCE, release(&session, "x")).await?;
    let released = present("ReleaseResource.resource", answer.resource)?;
    same(
        "ReleaseResource.resource.status",
        &released.status(),
        &Status::Released,
    )
}

pub(super) async fn lease_12_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    let upserts = (0..16).map(|index| upsert([&cx, &other][index % 2], lease(&session, "x")));
    let leases = try_join_all(upserts).await?;
    for lease in &leases {
        same(
            "the id of one lease, made 16 times at once",
            &lease.id,
            &leases[0].id,
        )?;
    }
    same(
        "ListResources.resources",
        &external_ids(&cx, &session).await?,
        &vec!["x"],
    )
}

pub(super) async fn lease_14_longest(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::UpsertResourceRequest {
        lease_duration_seconds: u32::MAX,
        ..lease(&session, "x")
    };
    let leased = upsert(&cx, request).await?;
    same(
        "lease_duration_seconds",
        &leased.lease_duration_seconds,
        &u32::MAX,
    )?;
    runs_for(&leased, u32::MAX.into())
}

pub(super) async fn lease_15_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &UPSERT_RESOURCE, lease(id, "x")).await?;
        refused_as_invalid(&cx, &RELEASE_RESOURCE, release(id, "x")).await?;
        refused_as_invalid(&cx, &LIST_RESOURCES, list(id)).await?;
    }
    let session = cx.session().await?;
    for owner in ["", "me", "00000000-0000-0000-0000-00000000000g"] {
        let request = pb::UpsertResourceRequest {
            owner_user_id: Some(owner.into()),
            ..lease(&session, "x")
        };
        refused_as_invalid(&cx, &UPSERT_RESOURCE, request).await?;
    }
    for json in ["", "{", "nul"] {
        let request = pb::UpsertResourceRequest {
            metadata_json: json.into(),
            ..lease(&session, "x")
        };
        refused_as_invalid(&cx, &UPSERT_RESOURCE, request).await?;
    }
    same(
        "ListResources.resources after every UpsertResource was refused",
        &external_ids(&cx, &session).await?,
        &Vec::<String>::new(),
    )
}

pub(super) async fn lease_16_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mine = upsert(&cx, lease(&session, "x")).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    listed(&cx, &session).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&LIST_RESOURCES, list(&session)).await {
        same(
            "ListResources.resources in another org",
            &answer.resources,
            &vec![],
        )?;
    }
    if let Ok(answer) = other
        .attempt(&RELEASE_RESOURCE, release(&session, "x"))
        .await
    {
        absent("ReleaseResource.resource in another org", answer.resource)?;
    }
    drop(other.attempt(&UPSERT_RESOURCE, lease(&session, "x")).await);
    drop(other.attempt(&UPSERT_RESOURCE, lease(&session, "y")).await);
    same(
        "ListResources.resources in its own org",
        &listed(&cx, &session).await?,
        &vec![mine],
    )
}

pub(super) async fn lease_17_second_view(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for _ in 0..20 {
        let leased = upsert(&cx, lease(&session, "x")).await?;
        same(
            "ListResources.resources over another connection",
            &listed(&other, &session).await?,
            &vec![leased],
        )?;
    }
    Ok(())
}

//! What a session has leased from a provider outside.

mod production;

use super::common::{AWKWARD_JSON, awkward_texts, moved_on, same_json};
use crate::check::{Outcome, absent, broken, different, present, same, that};
use crate::context::{Cx, fresh_uuid};
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::{self, LeasedResourceStatus as Status, SessionResourceStatus};
use mortise_proto::rpc::table::leased_resource_store_service::{
    LIST_RESOURCES, NAME, RELEASE_RESOURCE, UPSERT_RESOURCE,
};
use mortise_proto::rpc::table::session_resource_registry_service::{
    self as registry, GET_SESSION_RESOURCE,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("LEASE-01", "Two upserts of one identity are one lease with one id.", "T:747-752", lease_01_one_lease)
        .hard("LEASE-02", "The second upsert moves last_touched_at and lease_expires_at on.", "T:747", lease_02_refreshes)
        .hard("LEASE-03", "lease_expires_at is last_touched_at plus the duration.", "RO test store", lease_03_expires)
        .hard("LEASE-04", "A lease that is released says so and stays in the list.", "T:754-771", lease_04_releases)
        .hard("LEASE-05", "Releasing an unknown lease returns none, not an error.", "T:765", lease_05_unknown)
        .soft("LEASE-06", "An upsert after a release makes the lease active again, under its id.", "leased_resource.rs:28-37", lease_06_active_again)
        .hard("LEASE-07", "The list is of one session, oldest first.", "RO test store", lease_07_lists)
        .hard("LEASE-08", "Every lease has an entry in the registry with its kind, its status and the four keys that name it.", "session_resource.rs:9, RO:18-25, 61-100", lease_08_in_registry).with(&[registry::NAME])
        .hard("LEASE-09", "The owner, the name and the metadata survive.", "leased_resource.rs:126", lease_09_survives)
        .hard("LEASE-10", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", production::lease_10_repeats).full()
        .hard("LEASE-11", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", production::lease_11_lost_replies).full()
        .hard("LEASE-12", "16 upserts of one identity at the same time are one lease.", "T:747-752", production::lease_12_concurrent).full()
        .hard("LEASE-13", "A different provider, type, external id or session is a different lease.", "leased_resource_store.proto", lease_13_identities)
        .hard("LEASE-14", "The longest duration of a lease works.", "leased_resource_store.proto, lease_duration_seconds", production::lease_14_longest).full()
        .hard("LEASE-15", "A malformed session id, owner or metadata is refused as INVALID_FIELD.", "ID:85-121", production::lease_15_malformed)
        .hard("LEASE-16", "Another org sees no lease of a session whose id it knows, and cannot change one.", "context.proto", production::lease_16_other_org).needs(&[Need::OtherOrg])
        .hard("LEASE-17", "A lease that was answered over one connection is readable over another at once.", "read your writes", production::lease_17_second_view).full()
        .list()
}

fn lease(session_id: &str, external_id: &str) -> pb::UpsertResourceRequest {
    pb::UpsertResourceRequest {
        context: None,
        session_id: session_id.into(),
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: external_id.into(),
        display_name: None,
        owner_user_id: None,
        lease_duration_seconds: 3_600,
        metadata_json: "{}".into(),
    }
}

fn release(session_id: &str, external_id: &str) -> pb::ReleaseResourceRequest {
    pb::ReleaseResourceRequest {
        context: None,
        session_id: session_id.into(),
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: external_id.into(),
    }
}

fn list(session_id: &str) -> pb::ListResourcesRequest {
    pb::ListResourcesRequest {
        context: None,
        session_id: session_id.into(),
    }
}

async fn upsert(cx: &Cx, request: pb::UpsertResourceRequest) -> Outcome<pb::LeasedResource> {
    let answer = cx.call(&UPSERT_RESOURCE, request).await?;
    present("UpsertResource.resource", answer.resource)
}

async fn listed(cx: &Cx, session: &str) -> Outcome<Vec<pb::LeasedResource>> {
    Ok(cx.call(&LIST_RESOURCES, list(session)).await?.resources)
}

async fn external_ids(cx: &Cx, session: &str) -> Outcome<Vec<String>> {
    let resources = listed(cx, session).await?;
    Ok(resources
        .into_iter()
        .map(|resource| resource.external_id)
        .collect())
}

/// A lease runs for so many seconds from its last touch, give or take one.
fn runs_for(lease: &pb::LeasedResource, seconds: i64) -> Outcome {
    let touched = present("last_touched_at", lease.last_touched_at)?;
    let expires = present("lease_expires_at", lease.lease_expires_at)?;
    let is_right = (expires.seconds - touched.seconds - seconds).abs() <= 1;
    match is_right {
        true => Ok(()),
        false => broken(
            "lease_expires_at",
            format!("last_touched_at ({touched}) and {seconds} s"),
            expires.to_string(),
        ),
    }
}

async fn lease_01_one_lease(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = upsert(&cx, lease(&session, "x")).await?;
    that(
        "UpsertResource.resource.id",
        "`resource_` and 32 hex digits",
        is_id(&first.id, "resource"),
        &first.id,
    )?;
    same("status", &first.status(), &Status::Active)?;
    same("session_id", &first.session_id.as_ref(), &Some(&session))?;
    let second = upsert(&cx, lease(&session, "x")).await?;
    same(
        "the id after the second UpsertResource",
        &second.id,
        &first.id,
    )?;
    same(
        "created_at after the second UpsertResource",
        &second.created_at,
        &first.created_at,
    )?;
    same(
        "ListResources.resources after two UpsertResource",
        &listed(&cx, &session).await?,
        &vec![second],
    )
}

async fn lease_02_refreshes(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = upsert(&cx, lease(&session, "x")).await?;
    let second = upsert(&cx, lease(&session, "x")).await?;
    let pairs = [
        (
            "last_touched_at",
            &second.last_touched_at,
            &first.last_touched_at,
        ),
        (
            "lease_expires_at",
            &second.lease_expires_at,
            &first.lease_expires_at,
        ),
        ("updated_at", &second.updated_at, &first.updated_at),
    ];
    for (what, later, earlier) in pairs {
        let what = format!("{what} after the second UpsertResource");
        moved_on(&what, later.as_ref(), earlier.as_ref())?;
    }
    Ok(())
}

async fn lease_03_expires(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for seconds in [60, 3_600, 86_400, 10] {
        let request = pb::UpsertResourceRequest {
            lease_duration_seconds: seconds,
            ..lease(&session, "x")
        };
        let resource = upsert(&cx, request).await?;
        same(
            "lease_duration_seconds",
            &resource.lease_duration_seconds,
            &seconds,
        )?;
        runs_for(&resource, seconds.into())?;
    }
    Ok(())
}

async fn lease_04_releases(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let leased = upsert(&cx, lease(&session, "x")).await?;
    let answer = cx.call(&RELEASE_RESOURCE, release(&session, "x")).await?;
    let released = present("ReleaseResource.resource", answer.resource)?;
    same("ReleaseResource.resource.id", &released.id, &leased.id)?;
    same(
        "ReleaseResource.resource.status",
        &released.status(),
        &Status::Released,
    )?;
    same(
        "ListResources.resources after ReleaseResource",
        &listed(&cx, &session).await?,
        &vec![released],
    )
}

async fn lease_05_unknown(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    upsert(&cx, lease(&other, "x")).await?;
    upsert(&cx, lease(&session, "y")).await?;
    let answer = cx.call(&RELEASE_RESOURCE, release(&session, "x")).await?;
    absent(
        "ReleaseResource.resource of what another session leased",
        answer.resource,
    )?;
    for session in [&session, &other] {
        let statuses = listed(&cx, session).await?;
        let statuses: Vec<_> = statuses.iter().map(pb::LeasedResource::status).collect();
        same(
            "the status of leases that were not released",
            &statuses,
            &vec![Status::Active],
        )?;
    }
    Ok(())
}

async fn lease_06_active_again(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = upsert(&cx, lease(&session, "x")).await?;
    cx.call(&RELEASE_RESOURCE, release(&session, "x")).await?;
    let again = upsert(&cx, lease(&session, "x")).await?;
    same(
        "the status after ReleaseResource and UpsertResource",
        &again.status(),
        &Status::Active,
    )?;
    same(
        "the id after ReleaseResource and UpsertResource",
        &again.id,
        &first.id,
    )
}

async fn lease_07_lists(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    same(
        "ListResources.resources of a fresh session",
        &external_ids(&cx, &session).await?,
        &Vec::<String>::new(),
    )?;
    for id in ["pear", "apple", "fig"] {
        upsert(&cx, lease(&session, id)).await?;
    }
    upsert(&cx, lease(&other, "kiwi")).await?;
    // A refresh does not make a lease younger.
    upsert(&cx, lease(&session, "pear")).await?;
    same(
        "ListResources.resources",
        &external_ids(&cx, &session).await?,
        &vec!["pear", "apple", "fig"],
    )
}

async fn lease_08_in_registry(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let leased = upsert(&cx, lease(&session, "box-1")).await?;
    let expected = [
        ("leased_resource_provider", "daytona"),
        ("leased_resource_type", "sandbox"),
        ("leased_resource_external_id", "box-1"),
        ("leased_resource_id", leased.id.as_str()),
    ];
    let steps = [
        (SessionResourceStatus::Active, None),
        (
            SessionResourceStatus::Released,
            Some(release(&session, "box-1")),
        ),
    ];
    for (status, release) in steps {
        if let Some(release) = release {
            cx.call(&RELEASE_RESOURCE, release).await?;
        }
        let request = pb::GetSessionResourceRequest {
            context: None,
            session_id: session.clone(),
            resource_id: leased.id.clone(),
        };
        let answer = cx.call(&GET_SESSION_RESOURCE, request).await?;
        let entry = present("GetSessionResource.entry of the lease's id", answer.entry)?;
        same("the entry's kind", &entry.kind.as_str(), &"sandbox")?;
        same("the entry's status", &entry.status(), &status)?;
        let metadata: serde_json::Value =
            serde_json::from_str(&entry.metadata_json).unwrap_or_default();
        for (key, value) in expected {
            same(
                &format!("the entry's metadata under `{key}`"),
                &metadata[key].as_str(),
                &Some(value),
            )?;
        }
    }
    Ok(())
}

async fn lease_09_survives(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let owner = fresh_uuid();
    let request = pb::UpsertResourceRequest {
        display_name: Some(String::new()),
        owner_user_id: Some(owner.clone()),
        metadata_json: AWKWARD_JSON.into(),
        ..lease(&session, "x")
    };
    let leased = upsert(&cx, request).await?;
    same("owner_user_id", &leased.owner_user_id, &Some(owner))?;
    same(
        "display_name that is empty, not absent",
        &leased.display_name.as_deref(),
        &Some(""),
    )?;
    same_json("metadata_json", &leased.metadata_json, AWKWARD_JSON)?;
    same(
        "ListResources.resources, against what UpsertResource said",
        &listed(&cx, &session).await?,
        &vec![leased],
    )?;
    let other = cx.session().await?;
    for text in awkward_texts().iter().filter(|text| !text.is_empty()) {
        let request = pb::UpsertResourceRequest {
            display_name: Some(text.clone()),
            ..lease(&other, text)
        };
        let leased = upsert(&cx, request).await?;
        same("external_id", &leased.external_id, text)?;
        same("display_name", &leased.display_name.as_ref(), &Some(text))?;
    }
    Ok(())
}

async fn lease_13_identities(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    let requests = [
        lease(&session, "x"),
        lease(&session, "X"),
        lease(&other, "x"),
        pb::UpsertResourceRequest {
            provider: "e2b".into(),
            ..lease(&session, "x")
        },
        pb::UpsertResourceRequest {
            resource_type: "browser".into(),
            ..lease(&session, "x")
        },
    ];
    let mut ids: Vec<String> = Vec::new();
    for request in requests {
        let leased = upsert(&cx, request).await?;
        for id in &ids {
            different("the id of a lease of another identity", &leased.id, id)?;
        }
        ids.push(leased.id);
    }
    cx.call(&RELEASE_RESOURCE, release(&session, "x")).await?;
    let leases = listed(&cx, &session).await?;
    let released: Vec<_> = leases
        .into_iter()
        .filter(|lease| lease.status() == Status::Released)
        .map(|lease| lease.id)
        .collect();
    same(
        "the leases that are released",
        &released,
        &vec![ids.swap_remove(0)],
    )
}

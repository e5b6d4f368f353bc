//! Request ids: who has to send one, how long it may be, and what it stands for.

use super::{alone, plain_methods, refused_for, some};
use crate::check::{Outcome, absent, broken, different, same, shown, skipped, that};
use crate::context::{Cx, described, fresh_uuid};
use crate::rules::probes::{caller, changes};
use crate::rules::refusals::refused_with;
use crate::rules::session_storage_store::calls::{deleting, get, set};
use futures::future::join_all;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::Effect;
use mortise_proto::rpc::table::{
    platform_store_service as platform, session_storage_store_service as storage,
};

pub(super) async fn wire_11_no_request_id(cx: Cx) -> Outcome {
    let context = pb::CallContext {
        request_id: String::new(),
        ..caller(&cx).context()
    };
    for probe in some(changes(&cx).await?)? {
        let answer = cx.raw(probe.method.path, probe.with(context.clone())).await;
        refused_for(probe.method, Some("context.request_id"), answer)?;
    }
    // Of the other methods no valid request is known here: another field may be missed first.
    for method in plain_methods(&cx).filter(|method| method.effect == Effect::Keyed) {
        let answer = cx.raw(method.path, alone(Some(context.clone()))).await;
        refused_for(method, None, answer)?;
    }
    Ok(())
}

pub(super) async fn wire_12_long_request_id(cx: Cx) -> Outcome {
    for probe in some(changes(&cx).await?)? {
        let id = format!("{}{}", fresh_uuid(), "x".repeat(28));
        let context = |request_id: String| pb::CallContext {
            request_id,
            ..caller(&cx).context()
        };
        let answer = cx
            .raw(probe.method.path, probe.with(context(format!("{id}x"))))
            .await;
        refused_for(probe.method, Some("context.request_id"), answer)?;
        if let Err(error) = cx.raw(probe.method.path, probe.with(context(id))).await {
            let is_invalid = error.reason == Some(ErrorReason::InvalidField);
            that(
                &format!(
                    "{} with a request_id of 64 bytes",
                    probe.method.short_name()
                ),
                "not to be refused for it",
                !is_invalid,
                &described(&error),
            )?;
        }
    }
    Ok(())
}

pub(super) async fn wire_13_reused(cx: Cx) -> Outcome {
    let probes = changes(&cx).await?;
    if probes.len() < 2 {
        return skipped("fewer than two changes are offered that the suite has requests for");
    }
    for pair in probes.windows(2) {
        let context = caller(&cx).context();
        // A change that fails is not remembered.
        if cx
            .raw(pair[0].method.path, pair[0].with(context.clone()))
            .await
            .is_err()
        {
            continue;
        }
        let what = format!(
            "{} under the request_id of a {}",
            pair[1].method.short_name(),
            pair[0].method.short_name()
        );
        match cx.raw(pair[1].method.path, pair[1].with(context)).await {
            Err(error) if error.reason == Some(ErrorReason::RequestIdReused) => {}
            Err(error) => {
                return broken(
                    what,
                    "INVALID_ARGUMENT (REQUEST_ID_REUSED)",
                    described(&error),
                );
            }
            Ok(answer) => {
                return broken(what, "INVALID_ARGUMENT (REQUEST_ID_REUSED)", shown(&answer));
            }
        }
    }
    match cx.offers(storage::NAME) {
        true => unchanged(&cx).await,
        false => Ok(()),
    }
}

/// A change that is refused for its request id is not made.
async fn unchanged(cx: &Cx) -> Outcome {
    let (session, first) = (cx.session().await?, cx.repeating());
    let again = set(&session, "other", "v");
    cx.call(&storage::SET_VALUE, set(&session, "kept", "v"))
        .await?;
    first
        .call(&storage::DELETE_VALUE, deleting(&session, "other"))
        .await?;
    let reasons = [ErrorReason::RequestIdReused];
    refused_with(&first, &storage::SET_VALUE, again, &reasons).await?;
    absent(
        "GetValue.value after a SetValue that was refused for its request_id",
        get(cx, &session, "other").await?,
    )?;
    let first = cx.repeating();
    first
        .call(&storage::SET_VALUE, set(&session, "other", "v"))
        .await?;
    let request = deleting(&session, "kept");
    refused_with(&first, &storage::DELETE_VALUE, request, &reasons).await?;
    same(
        "GetValue.value after a DeleteValue that was refused for its request_id",
        &get(cx, &session, "kept").await?.as_deref(),
        &Some("v"),
    )
}

pub(super) async fn wire_14_at_once(cx: Cx) -> Outcome {
    for probe in some(changes(&cx).await?)? {
        let bytes = probe.with(caller(&cx).context());
        let sends = (0..8).map(|_| {
            let (cx, bytes) = (cx.over_new_connection(), bytes.clone());
            async move { cx.raw(probe.method.path, bytes).await }
        });
        let answers = join_all(sends).await;
        for answer in &answers[1..] {
            same(
                &format!(
                    "the answer to a concurrent {} of the same request_id",
                    probe.method.short_name()
                ),
                answer,
                &answers[0],
            )?;
        }
    }
    Ok(())
}

pub(super) async fn wire_15_per_org(cx: Cx) -> Outcome {
    let other = cx.in_other_org()?;
    let (probes, others) = (some(changes(&cx).await?)?, changes(&other).await?);
    let request_id = fresh_uuid();
    let of = |cx: &Cx| pb::CallContext {
        request_id: request_id.clone(),
        ..caller(cx).context()
    };
    let (first, last) = (&probes[0], &others[others.len() - 1]);
    drop(cx.raw(first.method.path, first.with(of(&cx))).await);
    if let Err(error) = other.raw(last.method.path, last.with(of(&other))).await {
        let is_reused = error.reason == Some(ErrorReason::RequestIdReused);
        that(
            "a change of another org under the same request_id",
            "not to be refused as REQUEST_ID_REUSED",
            !is_reused,
            &described(&error),
        )?;
    }
    if cx.offers(storage::NAME) {
        two_values(&cx, &other).await?;
    }
    match cx.offers(platform::NAME) {
        true => two_agents(&cx, &other).await,
        false => Ok(()),
    }
}

/// The same change under the same request id, made in each of two orgs.
async fn two_values(cx: &Cx, other: &Cx) -> Outcome {
    let first = cx.repeating();
    let theirs = other.under(&first.context().request_id);
    let (ours, others) = (cx.session().await?, other.session().await?);
    first
        .call(&storage::SET_VALUE, set(&ours, "k", "ours"))
        .await?;
    theirs
        .call(&storage::SET_VALUE, set(&others, "k", "theirs"))
        .await?;
    same(
        "GetValue.value of another org after a SetValue under the same request_id",
        &get(other, &others, "k").await?.as_deref(),
        &Some("theirs"),
    )
}

async fn two_agents(cx: &Cx, other: &Cx) -> Outcome {
    let first = caller(cx).repeating();
    let theirs = caller(other).under(&first.context().request_id);
    let request = pb::CreateAgentRequest {
        name: cx.name("contract-agent"),
        ..Default::default()
    };
    let ours = first.call(&platform::CREATE_AGENT, request.clone()).await?;
    let others = theirs.call(&platform::CREATE_AGENT, request).await?;
    let id = |answer: pb::CreateAgentResponse| answer.agent.map(|agent| agent.id);
    different(
        "the id of another org's agent, made under the same request_id",
        &id(others),
        &id(ours),
    )
}

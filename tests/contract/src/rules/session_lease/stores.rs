//! Fences at each store: the highest is taken, a stale one and an invented one are not, and
//! nothing is changed under them.

use super::changes::{self, Prepared};
use super::takeover::of_turn;
use super::{LONG, acquire, is_fenced, release};
use crate::check::{Outcome, same, skipped, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::refused_as_invalid;
use crate::rules::events::{emitting, event, input, user_message};
use crate::rules::probes::Probe;
use bytes::Bytes;
use mortise_proto::pb::{self, ErrorReason, UnfencedChanges};
use mortise_proto::rpc::table::METHODS;
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, image_artifact_store_service as images,
    leased_resource_store_service as leased, memory_store_service as memory,
    payment_authority_service as payments, platform_store_service as platform,
    runtime_host_service as host, session_file_system_service as files,
    session_lease_service::NAME, session_mutator_service as mutator,
    session_resource_registry_service as registry, session_schedule_store_service as schedules,
    session_sql_db_store_service as sql, session_storage_store_service as storage,
    session_store_service as sessions,
};
use mortise_proto::rpc::{Fencing, Kind, Method};
use serde_json::json;

const SOURCE: &str = "session_lease.proto, the check";

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "LSE-30",
            "Events under a stale fence are refused with FENCED and not stored.",
            SOURCE,
            lse_30_events,
        )
        .with(&[emitter::NAME])
        .hard(
            "LSE-31",
            "A session's status is not set under a stale fence.",
            SOURCE,
            lse_31_status,
        )
        .with(&[host::NAME, sessions::NAME])
        .hard(
            "LSE-32",
            "A session's title is not set under a stale fence.",
            SOURCE,
            lse_32_title,
        )
        .with(&[mutator::NAME, sessions::NAME])
        .hard(
            "LSE-33",
            "No method changes a session's files under a stale fence.",
            SOURCE,
            lse_33_files,
        )
        .with(&[files::NAME])
        .hard(
            "LSE-34",
            "No method changes a session's values and secrets under a stale fence.",
            SOURCE,
            lse_34_values,
        )
        .with(&[storage::NAME])
        .hard(
            "LSE-35",
            "No method changes a session's SQL databases under a stale fence.",
            SOURCE,
            lse_35_databases,
        )
        .with(&[sql::NAME])
        .hard(
            "LSE-36",
            "No method changes a session's leased resources under a stale fence.",
            SOURCE,
            lse_36_leased_resources,
        )
        .with(&[leased::NAME])
        .hard(
            "LSE-37",
            "No method changes a session's resource registry under a stale fence.",
            SOURCE,
            lse_37_resources,
        )
        .with(&[registry::NAME])
        .hard(
            "LSE-38",
            "No method changes a session's schedules under a stale fence.",
            SOURCE,
            lse_38_schedules,
        )
        .with(&[schedules::NAME])
        .hard(
            "LSE-39",
            "Nothing is paid under a stale fence.",
            SOURCE,
            lse_39_payments,
        )
        .with(&[payments::NAME])
        .needs(&[Need::Seed])
        .hard(
            "LSE-40",
            "No method of the platform store changes anything for a caller with a stale fence.",
            SOURCE,
            lse_40_platform,
        )
        .with(&[platform::NAME])
        .hard(
            "LSE-41",
            "No memory is created or forgotten for a caller with a stale fence.",
            SOURCE,
            lse_41_memories,
        )
        .with(&[memory::NAME])
        .hard(
            "LSE-42",
            "No image is created for a caller with a stale fence.",
            SOURCE,
            lse_42_images,
        )
        .with(&[images::NAME])
        .list()
}

/// Whether a service says that it checks fences.
pub(super) fn is_checked(cx: &Cx, service: &str) -> bool {
    cx.offers_feature(service, pb::Feature::Fenced)
}

/// Two callers of one session: the first has lost the lease, the second has it.
struct Callers {
    session: String,
    lost: Cx,
    invented: Cx,
    holder: Cx,
}

/// Prepares a session under a lease that then passes on.
async fn passed_on<T, Fut>(
    cx: &Cx,
    service: &'static str,
    prepare: impl FnOnce(Cx, String) -> Fut,
) -> Outcome<(Callers, T)>
where
    Fut: Future<Output = Outcome<T>>,
{
    if !is_checked(cx, service) {
        let service = mortise_proto::rpc::short_service_name(service);
        return skipped(format!("{service} does not state FEATURE_FENCED"));
    }
    let session = cx.session().await?;
    let first = acquire(cx, &session, "one", LONG).await?;
    let lost = cx.fenced(&session, first.fence);
    let prepared = prepare(lost.clone(), session.clone()).await?;
    release(cx, &first).await?;
    let second = acquire(cx, &session, "two", LONG).await?;
    let callers = Callers {
        lost,
        invented: cx.fenced(&session, second.fence + 1),
        holder: cx.fenced(&session, second.fence),
        session,
    };
    Ok((callers, prepared))
}

/// Every change is refused to who has lost the lease and to who invents a fence, changes
/// nothing, and is done for the holder.
async fn refused_at<Fut>(
    cx: Cx,
    service: &'static str,
    prepare: impl FnOnce(Cx, String) -> Fut,
) -> Outcome
where
    Fut: Future<Output = Outcome<Prepared>>,
{
    let (callers, Prepared { changes, reads }) = passed_on(&cx, service, prepare).await?;
    covers(service, &changes)?;
    let reader = cx.in_session(&callers.session);
    let before = answers(&reader, &reads).await?;
    for change in &changes {
        for caller in [&callers.lost, &callers.invented] {
            let request = change.with(caller.context());
            let answer = caller.raw(change.method.path, request).await;
            let what = change.method.short_name();
            match answer {
                Err(error) if is_unconfigured(&error) => {}
                Err(error) => is_fenced(what, &error, &callers.session)?,
                Ok(_) => {
                    return crate::check::broken(
                        format!("{what} under a fence that is not the highest"),
                        "FENCED",
                        "success",
                    );
                }
            }
        }
    }
    let after = answers(&reader, &reads).await?;
    for (read, (before, after)) in reads.iter().zip(before.iter().zip(&after)) {
        let what = format!("the answer of {} afterwards", read.method.short_name());
        same(&what, after, before)?;
    }
    for change in &changes {
        let request = change.with(callers.holder.context());
        let answer = callers.holder.raw(change.method.path, request).await;
        if let Err(error) = answer
            && !is_unconfigured(&error)
        {
            let what = format!("{} under the highest fence", change.method.short_name());
            return crate::check::broken(what, "success", crate::context::described(&error));
        }
    }
    Ok(())
}

/// Every method of the service that takes notice of fences is among the changes.
fn covers(service: &'static str, changes: &[Probe]) -> Outcome {
    let mut fenced = METHODS.iter().filter(|method| {
        method.service == service
            && method.fencing != Fencing::Ignored
            && method.kind == Kind::Unary
    });
    let is_left_out =
        |method: &&&'static Method| !changes.iter().any(|change| change.method == **method);
    match fenced.find(is_left_out) {
        None => Ok(()),
        Some(method) => crate::check::broken(
            "the rule",
            "to know a change of every fenced method",
            format!(
                "it knows none of {}, which is a bug of the suite",
                method.short_name()
            ),
        ),
    }
}

/// A server without a key takes no secret, whatever the fence.
fn is_unconfigured(error: &mortise_proto::StoreError) -> bool {
    error.reason == Some(ErrorReason::Configuration)
}

async fn answers(cx: &Cx, reads: &[Probe]) -> Outcome<Vec<Bytes>> {
    let mut answers = Vec::with_capacity(reads.len());
    for read in reads {
        if !cx.offers(read.method.service) {
            continue;
        }
        match cx.raw(read.method.path, read.with(cx.context())).await {
            Ok(answer) => answers.push(answer),
            Err(error) if is_unconfigured(&error) => {}
            Err(error) => {
                let what = read.method.short_name();
                return crate::check::broken(what, "success", crate::context::described(&error));
            }
        }
    }
    Ok(answers)
}

async fn lse_30_events(cx: Cx) -> Outcome {
    refused_at(cx, emitter::NAME, changes::events).await
}

async fn lse_31_status(cx: Cx) -> Outcome {
    refused_at(cx, host::NAME, changes::status).await
}

async fn lse_32_title(cx: Cx) -> Outcome {
    refused_at(cx, mutator::NAME, changes::title).await
}

async fn lse_33_files(cx: Cx) -> Outcome {
    refused_at(cx, files::NAME, changes::files).await
}

async fn lse_34_values(cx: Cx) -> Outcome {
    refused_at(cx, storage::NAME, changes::values).await
}

async fn lse_35_databases(cx: Cx) -> Outcome {
    refused_at(cx, sql::NAME, changes::databases).await
}

async fn lse_36_leased_resources(cx: Cx) -> Outcome {
    refused_at(cx, leased::NAME, changes::leased_resources).await
}

async fn lse_37_resources(cx: Cx) -> Outcome {
    refused_at(cx, registry::NAME, changes::resources).await
}

async fn lse_38_schedules(cx: Cx) -> Outcome {
    refused_at(cx, schedules::NAME, changes::schedules).await
}

async fn lse_39_payments(cx: Cx) -> Outcome {
    refused_at(cx, payments::NAME, changes::payments).await
}

async fn lse_40_platform(cx: Cx) -> Outcome {
    refused_at(cx, platform::NAME, changes::platform).await
}

async fn lse_41_memories(cx: Cx) -> Outcome {
    refused_at(cx, memory::NAME, changes::memories).await
}

async fn lse_42_images(cx: Cx) -> Outcome {
    let (callers, ()) = passed_on(&cx, images::NAME, |_, _| async { Ok(()) }).await?;
    for caller in [&callers.lost, &callers.invented] {
        let answer = caller.attempt_upload(&images::CREATE_IMAGE, changes::image());
        match answer.await {
            Err(error) => is_fenced("CreateImage", &error, &callers.session)?,
            Ok(_) => {
                let what = "CreateImage under a fence that is not the highest";
                return crate::check::broken(what, "FENCED", "success");
            }
        }
    }
    let created = callers
        .holder
        .upload(&images::CREATE_IMAGE, changes::image());
    created.await.map(drop)
}

pub(super) async fn lse_19_described(cx: Cx) -> Outcome {
    same(
        "whether EventEmitterService states FEATURE_FENCED",
        &is_checked(&cx, emitter::NAME),
        &true,
    )?;
    let stated = cx.shared.described.unfenced_changes();
    let is_stated = stated != UnfencedChanges::Unspecified;
    that(
        "DescribeResponse.unfenced_changes",
        "to be stated",
        is_stated,
        &stated,
    )?;
    for offer in &cx.shared.described.services {
        let mut methods = METHODS.iter().filter(|method| method.service == offer.name);
        let has_fenced = methods.any(|method| method.fencing != Fencing::Ignored);
        let states = offer.features.contains(&pb::Feature::Fenced.into());
        let what = format!("FEATURE_FENCED of {}", offer.name);
        that(
            &what,
            "only where a method states `fencing`",
            has_fenced || !states,
            &states,
        )?;
    }
    Ok(())
}

pub(super) async fn lse_24_without_fence(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&emitter::EMIT, emitting(of_turn(&session, 0)))
        .await?;
    let lease = acquire(&cx, &session, "one", LONG).await?;
    let message = user_message(&fresh_id("message"), "Hello", 1);
    let accepted = [
        input(&session, &message),
        event(&session, "turn.cancelled", &json!({})),
    ];
    for event in accepted {
        cx.call(&emitter::EMIT, emitting(event)).await?;
    }
    let (turn_event, other) = (
        cx.attempt(&emitter::EMIT, emitting(of_turn(&session, 1)))
            .await,
        cx.attempt(
            &emitter::EMIT,
            emitting(event(&session, "session.noted", &json!({}))),
        )
        .await,
    );
    let (refused, accepted) = match cx.shared.described.unfenced_changes() {
        UnfencedChanges::Accepted => (vec![], vec![turn_event, other]),
        UnfencedChanges::Refused => (vec![turn_event, other], vec![]),
        UnfencedChanges::Unspecified | UnfencedChanges::ExceptTurnEvents => {
            (vec![turn_event], vec![other])
        }
    };
    for answer in refused {
        match answer {
            Err(error) => is_fenced("Emit without a fence", &error, &session)?,
            Ok(_) => {
                return crate::check::broken("Emit without a fence", "FENCED", "success");
            }
        }
    }
    for answer in accepted {
        if let Err(error) = answer {
            let got = crate::context::described(&error);
            return crate::check::broken("Emit without a fence", "success", got);
        }
    }
    release(&cx, &lease).await?;
    let after = emitting(of_turn(&session, 2));
    cx.call(&emitter::EMIT, after).await.map(drop)
}

pub(super) async fn lse_25_without_session(cx: Cx) -> Outcome {
    if !is_checked(&cx, storage::NAME) {
        return skipped("SessionStorageStoreService does not state FEATURE_FENCED");
    }
    let session = cx.session().await?;
    let lease = acquire(&cx, &session, "one", LONG).await?;
    let request = pb::SetValueRequest {
        context: None,
        session_id: session,
        key: "k".into(),
        value: "v".into(),
    };
    let nowhere = cx.fenced("", lease.fence);
    refused_as_invalid(&nowhere, &storage::SET_VALUE, request).await
}

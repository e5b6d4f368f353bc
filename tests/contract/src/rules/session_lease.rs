//! Leases of sessions, and what their fences keep out.

mod changes;
mod following;
mod granting;
mod production;
mod stores;
mod takeover;

use super::refusals::{has_reason, refused_with};
use crate::check::{Outcome, broken, present, same, that};
use crate::context::{Cx, described};
use crate::rule::{Group, Need, Rule};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::session_lease_service::{
    ACQUIRE_LEASE, FOLLOW_LEASES, NAME, RELEASE_LEASE, RENEW_LEASE,
};
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, event_log_service as log, platform_store_service as platform,
    session_storage_store_service as storage, session_store_service as sessions,
};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Streaming};

/// A lease that does not end while a rule runs.
pub(super) const LONG: u64 = 600_000;

/// The shortest lease.
pub(super) const SHORT: u64 = 1_000;

/// How late the end of a lease may be noticed.
const LATE: Duration = Duration::from_secs(4);

pub(crate) fn rules() -> Vec<Rule> {
    let own = Group::of(NAME)
        .hard("LSE-01", "AcquireLease grants a lease with a fence above zero, the holder and the address as given, and all of its ttl left.", "session_lease.proto, SessionLease", granting::lse_01_granted)
        .hard("LSE-02", "A lease that runs is refused to another holder with HELD, which names the session, the holder, its address and the time left.", "errors.proto, HELD", granting::lse_02_held)
        .hard("LSE-03", "Every fence of a session is higher than all before it, for every holder and however the lease before it ended.", "session_lease.proto, AcquireLease", granting::lse_03_rising)
        .hard("LSE-04", "Of 16 that acquire a lease at the same time exactly one gets it, and the others are told who has it.", "session_lease.proto, AcquireLease", production::lse_04_one_holder).full()
        .hard("LSE-05", "The holder that acquires its own lease again gets a higher fence, and the former fence cannot renew.", "session_lease.proto, AcquireLease", granting::lse_05_same_holder)
        .hard("LSE-06", "A lease that is not renewed expires after its ttl and not before, and another holder then gets it.", "session_lease.proto, time", granting::lse_06_expires)
        .hard("LSE-07", "A lease that is renewed runs longer than its ttl, under its fence.", "session_lease.proto, RenewLease", granting::lse_07_renewed)
        .hard("LSE-08", "A renewal under a stale fence, under one that was never granted, and after the release is refused with FENCED.", "session_lease.proto, RenewLease", granting::lse_08_not_renewed)
        .hard("LSE-09", "A release under another fence changes nothing; the holder's own ends the lease, and may be sent twice.", "session_lease.proto, ReleaseLease", granting::lse_09_released)
        .hard("LSE-10", "AcquireLease that is sent again under its request_id gets the fence that it got first, also after lost replies.", "context.proto, request_id", production::lse_10_repeats).full()
        .hard("LSE-11", "Malformed ids, holders, addresses, ttls and fences are refused as INVALID_FIELD.", "session_lease.proto, AcquireLeaseRequest", granting::lse_11_malformed)
        .hard("LSE-12", "Leases of different sessions do not touch each other.", "session_lease.proto", granting::lse_12_apart)
        .hard("LSE-13", "A follower of a session is told at once whether it is leased, and then of each grant and each release.", "session_lease.proto, FollowLeases", following::lse_13_one_session)
        .hard("LSE-14", "A follower is told that a lease has expired.", "session_lease.proto, FollowLeases", following::lse_14_expiry)
        .hard("LSE-15", "A follower without a session is told of the leases that run and of every change.", "session_lease.proto, FollowLeases", following::lse_15_all_sessions)
        .hard("LSE-16", "Another org can neither acquire, renew, release nor follow the lease of a session whose id it knows.", "context.proto", production::lse_16_other_org).needs(&[Need::OtherOrg])
        .hard("LSE-17", "A session that does not exist cannot be leased: SESSION_NOT_FOUND.", "session_lease.proto, AcquireLease", granting::lse_17_unknown).with(&[sessions::NAME]).needs(&[Need::Session])
        .soft("LSE-18", "A deleted session cannot be leased: SESSION_ARCHIVED.", "session_lease.proto, AcquireLease", granting::lse_18_deleted).with(&[platform::NAME])
        .hard("LSE-19", "A server that grants leases checks fences where events are stored, and says what becomes of changes without one.", "adapter.proto, FEATURE_FENCED", stores::lse_19_described).with(&[emitter::NAME])
        .hard("LSE-20", "Renewals and acquisitions at the moment of expiry: either the lease is renewed for its ttl or another holder gets it, never both.", "session_lease.proto, RenewLease", takeover::lse_20_renewal_race).full()
        .hard("LSE-21", "A holder that wakes after its lease was granted to another changes nothing: its events, streamed ones too, its renewals and its releases.", "session_lease.proto, the check", takeover::lse_21_zombie).with(&[emitter::NAME, log::NAME]).full()
        .hard("LSE-22", "Changes that are under way when a lease passes on are visible before the grant is answered, or never.", "session_lease.proto, the check", takeover::lse_22_under_way).with(&[emitter::NAME, log::NAME]).full()
        .hard("LSE-23", "A change that was applied before its lease passed on is answered as it was when it is sent again.", "session_lease.proto, the check", takeover::lse_23_remembered).with(&[storage::NAME]).full()
        .hard("LSE-24", "Without a fence, events of turns are treated as the server states while the session is leased, and a user's message is accepted.", "adapter.proto, UnfencedChanges", stores::lse_24_without_fence).with(&[emitter::NAME])
        .hard("LSE-25", "A fence without its session is refused as INVALID_FIELD.", "context.proto, fence", stores::lse_25_without_session).with(&[storage::NAME])
        .hard("LSE-26", "After a restart fences go on rising, and those from before it are refused once another is granted.", "session_lease.proto, restarts", takeover::lse_26_restart).with(&[storage::NAME]).full().needs(&[Need::Restart])
        .list();
    [own, stores::rules()].concat()
}

type Follower = Streaming<pb::FollowLeasesResponse>;

pub(super) fn acquiring(session_id: &str, holder: &str, ttl_ms: u64) -> pb::AcquireLeaseRequest {
    pb::AcquireLeaseRequest {
        context: None,
        session_id: session_id.into(),
        holder: holder.into(),
        address: format!("https://{holder}.example.com:7451"),
        ttl_ms,
    }
}

/// Acquires a lease; the lease.
pub(super) async fn acquire(
    cx: &Cx,
    session_id: &str,
    holder: &str,
    ttl_ms: u64,
) -> Outcome<pb::SessionLease> {
    let request = acquiring(session_id, holder, ttl_ms);
    let answer = cx.call(&ACQUIRE_LEASE, request).await?;
    present("AcquireLeaseResponse.lease", answer.lease)
}

/// A lease that another has is refused; the error.
async fn held(cx: &Cx, session_id: &str, holder: &str) -> Outcome<StoreError> {
    let request = acquiring(session_id, holder, LONG);
    let error = refused_with(cx, &ACQUIRE_LEASE, request, &[ErrorReason::Held]).await?;
    let code = Code::FailedPrecondition;
    that(
        "the code of HELD",
        "FailedPrecondition",
        error.code == code,
        &error.code,
    )?;
    Ok(error)
}

/// Acquires a lease as soon as the one that runs ends.
pub(super) async fn acquire_when_free(
    cx: &Cx,
    session_id: &str,
    holder: &str,
) -> Outcome<pb::SessionLease> {
    let started = Instant::now();
    loop {
        let request = acquiring(session_id, holder, LONG);
        let error = match cx.attempt(&ACQUIRE_LEASE, request).await {
            Ok(answer) => return present("AcquireLeaseResponse.lease", answer.lease),
            Err(error) => error,
        };
        has_reason("AcquireLease", &error, &[ErrorReason::Held])?;
        if started.elapsed() > Duration::from_millis(SHORT) + LATE {
            return broken("a lease of 1,000 ms", "to end", described(&error));
        }
        let left = error.metadata.get("time_left_ms");
        let left = left.and_then(|millis| millis.parse().ok()).unwrap_or(10);
        tokio::time::sleep(Duration::from_millis(left).min(Duration::from_millis(100))).await;
    }
}

pub(super) fn releasing(lease: &pb::SessionLease) -> pb::ReleaseLeaseRequest {
    pb::ReleaseLeaseRequest {
        context: None,
        session_id: lease.session_id.clone(),
        fence: lease.fence,
    }
}

pub(super) async fn release(cx: &Cx, lease: &pb::SessionLease) -> Outcome {
    let answer = cx.call(&RELEASE_LEASE, releasing(lease)).await;
    answer.map(|pb::ReleaseLeaseResponse {}| ())
}

fn renewing(lease: &pb::SessionLease, ttl_ms: u64) -> pb::RenewLeaseRequest {
    pb::RenewLeaseRequest {
        context: None,
        session_id: lease.session_id.clone(),
        fence: lease.fence,
        ttl_ms,
    }
}

/// A renewal is refused because the lease is lost.
async fn lost(cx: &Cx, lease: &pb::SessionLease) -> Outcome {
    let error = cx.refused(&RENEW_LEASE, renewing(lease, LONG)).await?;
    is_fenced("RenewLease", &error, &lease.session_id)
}

/// An error says that the lease of a session is lost.
pub(super) fn is_fenced(what: &str, error: &StoreError, session_id: &str) -> Outcome {
    has_reason(what, error, &[ErrorReason::Fenced])?;
    let is_aborted = error.code == Code::Aborted && error.retry_after.is_none();
    that(what, "ABORTED without RetryInfo", is_aborted, &error.code)?;
    let id = error.metadata.get("id").map(String::as_str);
    same("metadata `id` of FENCED", &id, &Some(session_id))
}

async fn follow(cx: &Cx, session_id: Option<&str>) -> Outcome<Follower> {
    let request = pb::FollowLeasesRequest {
        context: None,
        session_id: session_id.map(Into::into),
    };
    cx.open(&FOLLOW_LEASES, request).await
}

/// What a follower is told next of a session: the fence, or that it is not leased.
async fn told(cx: &Cx, follower: &mut Follower, session_id: &str) -> Outcome<Option<u64>> {
    loop {
        let Some(answer) = cx.next(&FOLLOW_LEASES, follower).await? else {
            return broken("the stream of FollowLeases", "to go on", "its end");
        };
        if answer.session_id == session_id {
            return Ok(answer.lease.map(|lease| lease.fence));
        }
    }
}

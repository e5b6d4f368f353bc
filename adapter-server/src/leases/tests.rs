//! What the rules of the contract cannot see: that a grant waits for changes, that two
//! sessions do not block each other, and what is forgotten.

use super::{Change, MemoryLeases, SESSIONS};
use crate::Scope;
use crate::extensions::SessionLeases;
use everruns_core::typed_id::SessionId;
use futures::FutureExt;
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::pb::{self, UnfencedChanges};
use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
use std::num::NonZeroU64;
use std::time::Duration;

fn request(holder: &str) -> LeaseRequest {
    LeaseRequest {
        holder: holder.into(),
        address: String::new(),
        ttl: Duration::from_secs(60),
    }
}

/// Sets a value of one session under the lease of another, or of the same.
fn change(of: SessionId, target: SessionId, fence: NonZeroU64) -> Change {
    let context = pb::CallContext {
        org_id: 1,
        session_id: of.to_string(),
        request_id: uuid::Uuid::new_v4().to_string(),
        fence: fence.get(),
        ..Default::default()
    };
    let scope = Scope::check(Some(&context), SET_VALUE.method).unwrap();
    let request = pb::SetValueRequest {
        session_id: target.to_string(),
        ..Default::default()
    };
    Change::of(&scope, &request).unwrap()
}

fn leases() -> MemoryLeases {
    MemoryLeases::new(UnfencedChanges::Unspecified)
}

/// A lease is not granted while a change of the one before is under way, and no change is
/// let in while a grant waits.
#[tokio::test]
async fn a_grant_waits_for_changes() {
    let (leases, session) = (leases(), SessionId::new());
    let org = leases.of_org(1);
    let first = org.acquire(session, request("one")).await.unwrap();
    let own = change(session, session, first.fence);
    let (answers, permits) = leases.admit(std::slice::from_ref(&own)).await;
    assert!(answers[0].is_ok());
    org.release(session, first.fence).await.unwrap();
    let mut grant = Box::pin(org.acquire(session, request("two")));
    assert!(grant.as_mut().now_or_never().is_none(), "granted too early");
    let late = [change(session, session, first.fence)];
    let mut late = Box::pin(leases.admit(&late));
    assert!(late.as_mut().now_or_never().is_none(), "let in too early");
    drop(permits);
    let second = grant.await.unwrap();
    assert!(second.fence > first.fence);
    let (answers, _permits) = late.await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!(error.fenced_session(), Some(session));
    assert_eq!(error.metadata["holder"], "two");
}

/// Changes that need the leases of two sessions, in either order, and grants of both end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_sessions_do_not_block_each_other() {
    let (leases, one, other) = (leases(), SessionId::new(), SessionId::new());
    let rounds = (0..4).map(|index| {
        let (leases, (of, target)) = (leases.clone(), [(one, other), (other, one)][index % 2]);
        tokio::spawn(async move {
            for _ in 0..500 {
                let lease = leases.of_org(1).acquire(of, request("one")).await.unwrap();
                let change = change(of, target, lease.fence);
                let (_, permits) = leases.admit(std::slice::from_ref(&change)).await;
                tokio::task::yield_now().await;
                drop(permits);
            }
        })
    });
    let all = futures::future::join_all(rounds.collect::<Vec<_>>());
    let ended = tokio::time::timeout(Duration::from_secs(30), all).await;
    assert!(ended.is_ok_and(|ended| ended.iter().all(Result::is_ok)));
}

/// Sessions without a lease are forgotten, and their fences are stale then as well.
#[tokio::test]
async fn what_is_not_leased_is_forgotten() {
    let (leases, session) = (leases(), SessionId::new());
    let org = leases.of_org(1);
    let kept = org.acquire(session, request("one")).await.unwrap();
    let mut released = Vec::new();
    for _ in 0..2 * SESSIONS {
        let lease = org.acquire(SessionId::new(), request("one")).await.unwrap();
        org.release(lease.session_id, lease.fence).await.unwrap();
        released.push(lease);
    }
    assert!(leases.lock().by_id.len() <= SESSIONS + 1);
    let changes = [
        change(session, session, kept.fence),
        change(
            released[0].session_id,
            released[0].session_id,
            released[0].fence,
        ),
    ];
    let (answers, _permits) = leases.admit(&changes).await;
    assert!(answers[0].is_ok() && answers[1].is_err());
    let fences: Vec<_> = released.iter().map(|lease| lease.fence).collect();
    assert!(fences.is_sorted_by(|a, b| a < b));
}

/// Time that passes ends a lease, which another process's clock cannot.
#[tokio::test(start_paused = true)]
async fn a_lease_ends_by_the_monotonic_clock() {
    let (leases, session) = (leases(), SessionId::new());
    let org = leases.of_org(1);
    let lease = org.acquire(session, request("one")).await.unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    let held = org.acquire(session, request("two")).await.unwrap_err();
    assert_eq!(held.held_by().unwrap().time_left, Duration::from_secs(1));
    let left = org
        .renew(session, lease.fence, Duration::from_secs(30))
        .await;
    assert_eq!(left.unwrap(), Duration::from_secs(30));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(org.running(None).await.unwrap(), vec![]);
    let next = org.acquire(session, request("two")).await.unwrap();
    assert!(next.fence > lease.fence);
}

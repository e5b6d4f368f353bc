//! What becomes of leases when a clock is set, of fences when an older backup is restored,
//! and of changes without a fence.

use super::*;
use crate::fences::{LeaseClock, LeaseRow};
use everruns_core::traits::SessionStorageStore;
use mortise_adapter_server::{SessionFence, SessionLeases};
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease};
use mortise_proto::rpc::table::session_lease_service::ACQUIRE_LEASE;
use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

const TTL: Duration = Duration::from_secs(60);
/// By how much a clock is set back, in nanoseconds.
const HOUR: i64 = 3_600_000_000_000;

async fn acquire(
    server: &Reference,
    session: SessionId,
    holder: &str,
) -> Result<SessionLease, StoreError> {
    let request_id = EventId::new().to_string();
    let request = LeaseRequest {
        holder: holder.into(),
        address: String::new(),
        ttl: TTL,
    };
    let leases = call(server, 1, ACQUIRE_LEASE.method, &request_id).session_leases();
    leases.acquire(session, request).await
}

async fn renew(server: &Reference, session: SessionId, fence: NonZeroU64) -> Duration {
    let leases = adapter(server, 1).session_leases();
    leases.renew(session, fence, TTL).await.unwrap()
}

async fn release(server: &Reference, session: SessionId, fence: NonZeroU64) {
    let leases = adapter(server, 1).session_leases();
    leases.release(session, fence).await.unwrap();
}

/// Whether the session is told to be leased, and another holder is refused.
async fn is_held(server: &Reference, session: SessionId) -> bool {
    let leases = adapter(server, 1).session_leases();
    let running = leases.running(Some(session)).await;
    let is_told = !running.unwrap().is_empty();
    match acquire(server, session, "another").await {
        Ok(_) => assert!(!is_told, "a lease that is told of was given away"),
        Err(error) => assert!(error.held_by().is_some(), "{error}"),
    }
    is_told
}

async fn change(
    server: &Reference,
    session_id: SessionId,
    fence: NonZeroU64,
) -> Result<(), StoreError> {
    let mut scope = scope(1, SET_VALUE.method, Some(EventId::new().to_string()));
    scope.session_id = Some(session_id);
    scope.fence = Some(SessionFence { session_id, fence });
    let storage = server.adapter(&scope).storage();
    let set = storage.set_value(session_id, "k", "v").await;
    set.map_err(StoreError::from)
}

fn clock(server: &Reference) -> &Arc<LeaseClock> {
    &server.inner.session_leases.clock
}

/// A renewal that is answered counts, whatever the clock of the database did before it.
#[tokio::test]
async fn a_renewal_counts_after_the_clock_was_set_back() {
    let store = Store::new().await;
    let server = &store.reference;
    let session = new_session(&store.org1()).await;
    let lease = acquire(server, session, "one").await.unwrap();
    clock(server).pass(Duration::from_secs(10));
    clock(server).set_wall(-HOUR);
    assert!(is_held(server, session).await);
    for _ in 0..3 {
        assert_eq!(renew(server, session, lease.fence).await, TTL);
        clock(server).pass(Duration::from_secs(50));
        assert!(is_held(server, session).await, "renewed and given away");
    }
    clock(server).pass(Duration::from_secs(11));
    assert!(!is_held(server, session).await, "longer than its ttl");
}

/// A lease ends its ttl after the last renewal, whatever the clock of the database does
/// after it.
#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_renewal_last() {
    let store = Store::new().await;
    let server = &store.reference;
    let session = new_session(&store.org1()).await;
    let lease = acquire(server, session, "one").await.unwrap();
    clock(server).pass(Duration::from_secs(10));
    renew(server, session, lease.fence).await;
    clock(server).set_wall(-HOUR);
    clock(server).pass(Duration::from_secs(59));
    assert!(is_held(server, session).await);
    clock(server).pass(Duration::from_secs(2));
    assert!(!is_held(server, session).await, "longer than its ttl");
}

/// A server that has seen a lease sees that another server has renewed it, and when it ends.
#[tokio::test]
async fn another_server_sees_a_renewal_after_the_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let servers = [open(&path).await, open(&path).await];
    let [one, other] = &servers;
    let session = new_session(&adapter(one, 1)).await;
    let lease = acquire(one, session, "one").await.unwrap();
    assert!(is_held(other, session).await);
    for server in &servers {
        clock(server).pass(Duration::from_secs(10));
        clock(server).set_wall(-HOUR);
    }
    renew(one, session, lease.fence).await;
    for server in &servers {
        clock(server).pass(Duration::from_secs(55));
        assert!(is_held(server, session).await, "renewed and given away");
    }
    for server in &servers {
        clock(server).pass(Duration::from_secs(6));
    }
    assert!(!is_held(other, session).await, "longer than its ttl");
    // The lease has passed on: the one who had it can change nothing.
    let error = change(one, session, lease.fence).await.unwrap_err();
    assert_eq!(error.fenced_session(), Some(session));
}

/// A clock may be set back by just the time that has passed.
#[test]
fn a_renewal_changes_the_end_of_a_lease() {
    let row = LeaseRow::of((1, 100, 60, "one".into(), String::new()));
    for left in [59, 60, 61] {
        let renewed = row.renewed(40, Duration::from_nanos(left));
        assert_ne!(renewed.ends_at, row.ends_at);
        assert!(renewed.ends_at >= 40 + i64::try_from(left).unwrap());
    }
}

/// What the tables of leases and of answers hold is put aside, as in a backup.
async fn back_up(path: &Path) {
    match database() {
        Database::Sqlite => drop(std::fs::copy(path, path.with_extension("backup")).unwrap()),
        Database::Postgres => {
            let copy = "CREATE TABLE old_leases AS TABLE session_leases; \
                        CREATE TABLE old_replies AS TABLE replies";
            database().execute(path, copy).await;
        }
    }
}

async fn restore(path: &Path) {
    match database() {
        Database::Sqlite => drop(std::fs::copy(path.with_extension("backup"), path).unwrap()),
        Database::Postgres => {
            let put_back = "DELETE FROM session_leases; DELETE FROM replies; \
                            INSERT INTO session_leases TABLE old_leases; \
                            INSERT INTO replies TABLE old_replies";
            database().execute(path, put_back).await;
        }
    }
}

/// A storage that is restored knows nothing of the fences that it granted after the backup.
/// It refuses them, and grants none of them again.
#[tokio::test]
async fn a_restored_storage_grants_no_fence_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let server = open(&path).await;
    let session = new_session(&adapter(&server, 1)).await;
    let kept = acquire(&server, session, "one").await.unwrap().fence;
    release(&server, session, kept).await;
    server.close().await;
    back_up(&path).await;

    let server = open(&path).await;
    let mut lost = Vec::new();
    for holder in ["two", "three"] {
        let fence = acquire(&server, session, holder).await.unwrap().fence;
        change(&server, session, fence).await.unwrap();
        lost.push(fence);
        if holder == "two" {
            release(&server, session, fence).await;
        }
    }
    server.close().await;
    restore(&path).await;

    let server = open(&path).await;
    for fence in &lost {
        let error = change(&server, session, *fence).await.unwrap_err();
        assert_eq!(error.fenced_session(), Some(session), "a lost fence counts");
    }
    let next = acquire(&server, session, "four").await.unwrap().fence;
    assert!(kept < lost[0] && lost[0] < lost[1]);
    assert!(next > lost[1], "{next} after {lost:?}");
    for fence in &lost {
        let error = change(&server, session, *fence).await.unwrap_err();
        assert_eq!(error.fenced_session(), Some(session), "a lost fence counts");
    }
    change(&server, session, next).await.unwrap();
}

/// An event of a turn without a fence is treated as the storage states, also one that is
/// not stored and one that comes to a session that takes events already.
#[tokio::test]
async fn turn_events_without_a_fence() {
    for refuses in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(url_at(&folder.path().join("t.db")).await);
        config.refuse_unfenced_turn_events = refuses;
        let server = Reference::open(config).await.unwrap();
        let stated = match refuses {
            true => pb::UnfencedChanges::ExceptTurnEvents,
            false => pb::UnfencedChanges::Accepted,
        };
        assert_eq!(server.unfenced_changes(), stated);
        let org = adapter(&server, 1);
        let session = new_session(&org).await;
        let of_turn = |event_type| {
            let mut event = event(session, event_type, &json!({}));
            let context = event.event.context.as_mut().unwrap();
            context.turn_id = Some(everruns_core::typed_id::TurnId::new().to_string());
            event
        };
        append(&org, of_turn("turn.started")).await.unwrap();
        let lease = acquire(&server, session, "one").await.unwrap();
        for event_type in ["turn.started", "output.message.delta"] {
            let without = append(&org, of_turn(event_type)).await;
            assert_eq!(without.is_err(), refuses, "{event_type}: {without:?}");
            if let Err(error) = without {
                assert_eq!(error.fenced_session(), Some(session));
            }
        }
        append(&org, plain(session)).await.unwrap();
        // A fence that is stale is refused all the same.
        acquire(&server, session, "one").await.unwrap();
        let mut stale = of_turn("turn.started");
        stale.fence = Some(SessionFence {
            session_id: session,
            fence: lease.fence,
        });
        assert!(append(&org, stale).await.is_err());
    }
}

//! Over a socket: leases, fences in the context of every change, and the turn journal, as a
//! host has them.

use bytes::Bytes;
use everruns_core::events::{EventContext, EventRequest};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_adapter_server::{AdapterServer, ListenAddress, MemoryLeases, ServeError};
use mortise_proto::StoreError;
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::convert::turn_journal::{ToolCallClaim, ToolCallSettlement, ToolCallStatus};
use mortise_proto::pb::{ErrorReason, UnfencedChanges};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::{said, unheard_of};
use mortise_test_support::in_process::{Server, adapter, reference, reference_on, serve, serve_at};
use mortise_test_support::memory_journal::WithJournal;
use mortise_test_support::scenario::seed;
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;

const TTL: Duration = Duration::from_secs(60);

async fn served(folder: &TempDir) -> (Server, GrpcHostAdapter) {
    let leases = MemoryLeases::new(UnfencedChanges::Unspecified);
    let source = WithJournal::new(reference(folder.path()).await, &leases);
    let socket = tempfile::tempdir().unwrap();
    let address = ListenAddress::Unix(socket.path().join("a.sock"));
    let server = AdapterServer::builder(source).leases(leases);
    let server = serve_at(server, address, socket).await;
    let adapter = adapter(&server.endpoint).await;
    (server, adapter)
}

fn request(holder: &str) -> LeaseRequest {
    LeaseRequest {
        holder: holder.into(),
        address: format!("https://{holder}.example.com"),
        ttl: TTL,
    }
}

fn of_turn(session_id: SessionId) -> EventRequest {
    EventRequest {
        context: EventContext::turn(TurnId::new(), MessageId::new()),
        ..unheard_of(session_id, json!({}))
    }
}

/// The host that loses a lease hears it from its phase, whose stores write nothing more;
/// the one that has it goes on from the journal, and runs no settled tool again.
#[tokio::test]
async fn a_lease_passes_to_another_host() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, adapter) = served(&folder).await;
    assert_eq!(adapter.unfenced_services(), Vec::<&str>::new());
    let session = seed(&adapter).await;
    let leases = adapter.session_leases().unwrap();
    let mut follower = leases.follow(Some(session)).await.unwrap();
    assert_eq!(follower.next().await.unwrap().unwrap().lease, None);

    let first = leases.acquire(session, request("one")).await.unwrap();
    let told = follower.next().await.unwrap().unwrap().lease.unwrap();
    assert_eq!(
        (told.fence, told.holder.as_str()),
        (first.lease.fence, "one")
    );
    let held = leases.acquire(session, request("two")).await.unwrap_err();
    let by = held.held_by().unwrap();
    assert_eq!(
        (by.holder.as_str(), by.address.as_str()),
        ("one", "https://one.example.com")
    );
    assert!(by.time_left <= TTL && held.reason == Some(ErrorReason::Held));
    assert!(leases.renew(session, first.lease.fence, TTL).await.unwrap() > first.ends);

    let one = adapter.fenced(first.fence());
    let turn_id = TurnId::new();
    let journal = one.turn_journal().unwrap();
    journal
        .put(session, turn_id, Bytes::from_static(b"step 1"))
        .await
        .unwrap();
    for (id, settled) in [("done", true), ("lost", false)] {
        let claimed = journal.claim(session, claim(turn_id, id)).await.unwrap();
        let settlement = ToolCallSettlement {
            turn_id,
            tool_call_id: id.into(),
            claim_token: claimed.claim_token.unwrap(),
            status: ToolCallStatus::Settled,
            result: Some(json!({"watered": true})),
        };
        if settled {
            assert!(journal.settle(session, settlement).await.unwrap());
        }
    }
    let phase = one.phase(session, PhaseKind::Act);
    phase.event_emitter().emit(of_turn(session)).await.unwrap();
    phase.finish_phase().await.unwrap();

    leases.release(session, first.lease.fence).await.unwrap();
    let unleased = journal.list(None, true).await.unwrap();
    assert_eq!(unleased.len(), 1);
    let second = leases.acquire(session, request("two")).await.unwrap();
    assert!(second.lease.fence > first.lease.fence);

    let zombie = one.phase(session, PhaseKind::Act);
    drop(zombie.event_emitter().emit(of_turn(session)).await);
    let gone = StoreError::from(&zombie.session_gone().await);
    assert_eq!(gone.fenced_session(), Some(session));
    let failed = zombie.finish_phase().await.unwrap_err();
    assert_eq!(failed.lost_session(), Some(session));
    let files = one.file_store();
    assert!(
        files
            .write_file(session, "/late.txt", "late", "text")
            .await
            .is_err()
    );
    let refused = journal
        .put(session, turn_id, Bytes::new())
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Some(ErrorReason::Fenced));

    let two = adapter.fenced(second.fence());
    let journal = two.turn_journal().unwrap();
    let (turn, record) = journal.get(session, turn_id).await.unwrap().unwrap();
    assert_eq!(
        (turn.fence, record.as_ref()),
        (first.lease.fence, b"step 1".as_slice())
    );
    let done = journal
        .claim(session, claim(turn_id, "done"))
        .await
        .unwrap();
    assert_eq!(
        (done.claim_token, done.call.result),
        (None, Some(json!({"watered": true})))
    );
    let lost = journal
        .claim(session, claim(turn_id, "lost"))
        .await
        .unwrap();
    assert!(lost.claim_token.is_none() && lost.call.is_in_doubt(second.lease.fence));
    let calls = journal.tool_calls(session, turn_id, None).await.unwrap();
    assert_eq!(calls.len(), 2);
    assert!(journal.remove(session, turn_id).await.unwrap());
    two.event_emitter().emit(of_turn(session)).await.unwrap();
}

/// Without a lease of its own a host adds no event of a turn to a leased session, and a
/// person can still speak; what a turn left running goes on after the release.
#[tokio::test]
async fn changes_without_a_fence() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, adapter) = served(&folder).await;
    let session = seed(&adapter).await;
    let leases = adapter.session_leases().unwrap();
    let held = leases.acquire(session, request("one")).await.unwrap();
    let refused = adapter
        .event_emitter()
        .emit(of_turn(session))
        .await
        .unwrap_err();
    assert_eq!(StoreError::from(&refused).fenced_session(), Some(session));
    let emitter = adapter.event_emitter();
    emitter.emit(said(session, "Hello")).await.unwrap();

    let fence = held.fence();
    let background = adapter.fenced(fence.clone());
    fence.release();
    leases.release(session, held.lease.fence).await.unwrap();
    leases.acquire(session, request("two")).await.unwrap();
    let files = background.file_store();
    files
        .write_file(session, "/done.txt", "done", "text")
        .await
        .unwrap();
}

fn claim(turn_id: TurnId, tool_call_id: &str) -> ToolCallClaim {
    ToolCallClaim {
        turn_id,
        tool_call_id: tool_call_id.into(),
        tool_name: "water_plants".into(),
        args_fingerprint: "sha256:one".into(),
        retake: false,
    }
}

/// A storage that keeps leases itself gets none in memory beside them: each would refuse the
/// fences of the other.
#[tokio::test]
async fn leases_are_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let leases = MemoryLeases::new(UnfencedChanges::Unspecified);
    let source = reference(folder.path()).await;
    let routes = AdapterServer::builder(source).leases(leases).routes().await;
    assert!(matches!(routes, Err(ServeError::LeasesTwice)));
}

/// A host whose lease has ended and that writes on without a pause does not keep another
/// one from its session: the grant comes, and then every change of the first is refused.
#[tokio::test(flavor = "multi_thread")]
async fn changes_that_keep_coming_hold_up_no_grant() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(reference_on(database, folder.path()).await).await;
        let adapter = adapter(&server.endpoint).await;
        let session = seed(&adapter).await;
        let leases = adapter.session_leases().unwrap();
        let brief = LeaseRequest {
            ttl: Duration::from_secs(1),
            ..request("one")
        };
        let first = leases.acquire(session, brief).await.unwrap();
        let writers: Vec<_> = (0..8)
            .map(|number| {
                let own = adapter.fenced(first.fence());
                tokio::spawn(async move {
                    let values = own.storage_store().unwrap();
                    let key = format!("k{number}");
                    loop {
                        if let Err(error) = values.set_value(session, &key, "v").await {
                            return StoreError::from(&error).reason;
                        }
                    }
                })
            })
            .collect();
        let granted = async {
            loop {
                match leases.acquire(session, request("two")).await {
                    Ok(granted) => return granted,
                    Err(error) => assert_eq!(error.reason, Some(ErrorReason::Held), "{error}"),
                }
            }
        };
        let granted = timeout(Duration::from_secs(20), granted).await;
        let granted = granted.unwrap();
        assert!(granted.lease.fence > first.lease.fence);
        for writer in writers {
            assert_eq!(writer.await.unwrap(), Some(ErrorReason::Fenced));
        }
    }
}

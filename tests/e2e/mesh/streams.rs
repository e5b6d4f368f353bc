//! Streams without an end, when the server at the other end of them goes.

use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_adapter_client::PhaseKind;
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::fixtures::said;
use mortise_test_support::replicas::Replicas;
use mortise_test_support::scenario::seed;
use std::time::Duration;

/// The events of a phase are stored once and in their order, while each server in turn is
/// reset under the stream.
#[tokio::test]
async fn events_move_on_to_another_server() {
    let replicas = Replicas::start(3).await;
    let adapter = replicas.mesh().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    let log = adapter.event_log().unwrap();
    let before = log.read(session_id, 0).await.unwrap().len();
    let phase = adapter.phase(session_id, PhaseKind::Act);
    let resets = async {
        for number in 0..3 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            replicas.set(number, Fault::Reset);
            tokio::time::sleep(Duration::from_millis(150)).await;
            replicas.set(number, Fault::None);
        }
    };
    let emitted = async {
        for number in 0..200 {
            let event = said(session_id, &number.to_string());
            phase.event_emitter().emit(event).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        phase.finish_phase().await.unwrap();
    };
    tokio::join!(resets, emitted);
    let events = log.read(session_id, 0).await.unwrap();
    let sequences: Vec<_> = events.iter().filter_map(|event| event.sequence).collect();
    assert_eq!(events.len(), before + 200);
    assert!(
        sequences.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{sequences:?}"
    );
    let messages = adapter.message_store().load(session_id).await.unwrap();
    let texts: Vec<_> = messages
        .iter()
        .filter_map(|message| message.text())
        .collect();
    let expected: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
}

/// A follower whose server goes is told, and follows again at another from where it was: it
/// misses nothing and gets nothing twice.
#[tokio::test]
async fn a_follower_goes_on_at_another_server() {
    let replicas = Replicas::start(2).await;
    let adapter = replicas.mesh().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    let log = adapter.event_log().unwrap();
    let mut seen = Vec::new();
    let mut following = log.follow(session_id, 0).await.unwrap();
    for round in 0..4 {
        let event = said(session_id, &round.to_string());
        adapter.event_emitter().emit(event).await.unwrap();
        let wanted = round + 1;
        while seen.len() < wanted {
            let after = seen.last().copied().unwrap_or(0);
            match following.next().await {
                Some(Ok(event)) => seen.extend(event.sequence.map(i64::from)),
                Some(Err(_)) | None => following = log.follow(session_id, after).await.unwrap(),
            }
        }
        let number = round % 2;
        replicas.set(number, Fault::Reset);
        tokio::time::sleep(Duration::from_millis(50)).await;
        replicas.set(number, Fault::None);
    }
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
}

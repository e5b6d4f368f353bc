//! How many instructions a piece of work takes: client, server and SQLite in one process, on
//! one thread but for the database's. The number does not depend on how busy the machine is,
//! so it can be compared with what it was. `cargo xtask counts` runs this under valgrind,
//! once with few repetitions and once with more, and compares the difference.
//!
//! `counts WORK REPETITIONS` does the work so often.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{Endpoint, GrpcHostAdapter, Mesh, MeshConfig};
use mortise_test_support::fixtures::said;
use mortise_test_support::in_process::{reference, serve};
use mortise_test_support::scenario::{ask, host_adapter, seed};
use tokio::runtime::Handle;

/// Turns that a session has behind it where its length matters.
const LONG: usize = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().unwrap_or_default();
    let repetitions = arguments.next().and_then(|text| text.parse().ok());
    let repetitions: usize = repetitions.unwrap_or(1);
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let (adapter, _seen) = host_adapter(&mesh(server.endpoint.clone())).await;
    done(&adapter, &work, repetitions).await;
}

/// Calls are driven by this runtime, so that no thread but the database's takes part.
fn mesh(endpoint: Endpoint) -> Mesh {
    let mut config = MeshConfig::single(endpoint);
    config.runtime = Some(Handle::current());
    Mesh::new(config).unwrap()
}

async fn done(adapter: &GrpcHostAdapter, work: &str, repetitions: usize) {
    let session_id = seed(adapter).await;
    match work {
        "get_session" => {
            let store = adapter.session_store(1);
            for _ in 0..repetitions {
                assert!(store.get_session(session_id).await.unwrap().is_some());
            }
        }
        "set_value" => {
            let store = adapter.storage_store().unwrap();
            for _ in 0..repetitions {
                store.set_value(session_id, "k", "v").await.unwrap();
            }
        }
        "emit" => {
            let emitter = adapter.event_emitter();
            for _ in 0..repetitions {
                emitter.emit(said(session_id, "a message")).await.unwrap();
            }
        }
        "turn" => {
            for _ in 0..repetitions {
                let session_id = seed(adapter).await;
                ask(adapter, session_id, "What is 12 times 34?").await;
            }
        }
        "turn_of_a_long_session" => {
            for _ in 0..LONG + repetitions {
                ask(adapter, session_id, "What is 12 times 34?").await;
            }
        }
        "history_loaded" => {
            for _ in 0..LONG {
                ask(adapter, session_id, "What is 12 times 34?").await;
            }
            for _ in 0..repetitions {
                let messages = adapter.message_store().load(session_id).await.unwrap();
                assert_eq!(messages.len(), LONG * 10);
            }
        }
        other => panic!("no work is called `{other}`"),
    }
}

//! The platform store over a socket.

mod apps;
mod configurations;
mod conversations;
mod sessions;

use everruns_core::AgentLoopError;
use everruns_core::platform_store::PlatformStore;
use everruns_core::session_file::InitialFile;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_runtime_host::local::demo;
use mortise_test_support::scenario::TestHost;
use std::fmt::Debug;
use std::sync::Arc;

type Platform = Arc<dyn PlatformStore>;

/// The store of the stage's session.
fn platform(stage: &TestHost) -> Platform {
    let store = stage.adapter.platform_store(1, stage.session_id);
    store.unwrap()
}

/// Org 2: its adapter, a session of it, and that session's store.
async fn org_two(stage: &TestHost) -> (GrpcHostAdapter, SessionId, Platform) {
    let adapter = stage.mesh.adapter(2).build().await.unwrap();
    let session_id = demo::put_session(&adapter.test_seed().unwrap(), 2)
        .await
        .unwrap();
    let store = adapter.platform_store(2, session_id).unwrap();
    (adapter, session_id, store)
}

#[track_caller]
fn refuses<T: Debug>(answer: Result<T, AgentLoopError>, words: &str) {
    let error = answer.unwrap_err().to_string();
    assert!(error.contains(words), "`{words}` is not in: {error}");
}

#[track_caller]
fn same(one: &impl Debug, other: &impl Debug) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

fn file(path: &str, content: &str) -> InitialFile {
    InitialFile {
        path: path.into(),
        content: content.into(),
        encoding: "text".into(),
        is_readonly: false,
    }
}

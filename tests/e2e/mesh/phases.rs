//! What a phase of a turn keeps of the answers that it was given.

use everruns_core::message_filter::MessageQuery;
use everruns_core::typed_id::ModelId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, Mesh, PhaseKind};
use mortise_proto::rpc::{Cache, table};
use mortise_test_support::fixtures::said;
use mortise_test_support::scenario::TestHost;
use std::collections::BTreeMap;

/// Calls by method.
fn calls(mesh: &Mesh) -> BTreeMap<&'static str, u64> {
    let stats = mesh.stats().into_iter();
    stats.map(|one| (one.method.path, one.calls)).collect()
}

/// Reads everything of the phase's session that may be kept, in every way that the trait
/// has.
async fn read_all(host: &TestHost, phase: &GrpcHostAdapter) {
    let session_id = host.session_id;
    let session = phase
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap();
    let session = session.unwrap();
    let agent_id = session.agent_id.unwrap();
    let messages = phase.message_store();
    phase.agent_store(1).get_agent(agent_id).await.unwrap();
    phase.get_agent(1, agent_id).await.unwrap();
    phase.get_harness(1, session.harness_id).await.unwrap();
    phase
        .harness_store(1)
        .get_harness_chain(session.harness_id)
        .await
        .unwrap();
    let models = phase.provider_store(1);
    models.get_default_model().await.unwrap();
    models
        .get_model_with_provider(ModelId::from_seed(1))
        .await
        .unwrap();
    let all = messages.load(session_id).await.unwrap();
    messages.get(session_id, all[0].id).await.unwrap();
    messages
        .load_filtered(MessageQuery::new(session_id))
        .await
        .unwrap();
    messages.load_page(session_id, 0, 5).await.unwrap();
    messages.count(session_id).await.unwrap();
    phase.load_turn_context(1, session_id).await.unwrap();
}

/// In a phase every method whose answers may be kept is asked once at most, until the phase
/// writes a message; every other read is asked each time. So says the table of methods.
#[tokio::test]
async fn a_phase_asks_once_what_it_may_keep() {
    let host = TestHost::set().await;
    let emitter = host.adapter.event_emitter();
    emitter.emit(said(host.session_id, "hello")).await.unwrap();
    for kind in [PhaseKind::Input, PhaseKind::Reason, PhaseKind::Act] {
        let phase = host.adapter.phase(host.session_id, kind);
        let before = calls(&host.mesh);
        let made = |method: &'static mortise_proto::Method| {
            let now = calls(&host.mesh).get(method.path).copied().unwrap_or(0);
            now - before.get(method.path).copied().unwrap_or(0)
        };
        for _ in 0..3 {
            read_all(&host, &phase).await;
            let values = phase.storage_store().unwrap();
            values.get_value(host.session_id, "a").await.unwrap();
            phase
                .file_store()
                .list_directory(host.session_id, "/")
                .await
                .unwrap();
        }
        let kept = table::METHODS
            .iter()
            .filter(|method| method.cache == Cache::Phase);
        for method in kept {
            // Only the snapshot of a reason phase has all of a turn's context; in the others
            // the context is a question of its own.
            let questions = match (method.name, kind) {
                ("LoadTurnContext", PhaseKind::Input | PhaseKind::Act) => 2,
                _ => 1,
            };
            assert!(
                made(method) <= questions,
                "{kind:?}: {}: {}",
                method.path,
                made(method)
            );
        }
        assert_eq!(
            made(table::session_storage_store_service::GET_VALUE.method),
            3
        );
        assert_eq!(
            made(table::session_file_system_service::LIST_DIRECTORY.method),
            3
        );
        // What a message has changed is asked for again.
        let count = phase.message_store().count(host.session_id).await.unwrap();
        let emitter = phase.event_emitter();
        emitter.emit(said(host.session_id, "again")).await.unwrap();
        let more = phase.message_store().count(host.session_id).await.unwrap();
        assert_eq!(more, count + 1, "{kind:?}");
        phase.finish_phase().await.unwrap();
    }
}

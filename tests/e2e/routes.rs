//! Two servers, each serving half of the stores, run a turn together.

use everruns_core::message_retriever::MessageRetriever;
use everruns_core::org_public_id_from_internal;
use everruns_core::traits::SessionFileSystem;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::ConnectError;
use mortise_proto::rpc::{OnUnavailable, table};
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::local::demo;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::in_process::{adapter, reference, serve, split_mesh};
use mortise_test_support::scenario::{ask, host_adapter, seed};

const OTHERS: &[&str] = &[
    "message_retriever",
    "event_emitter",
    "event_log",
    "session_file_system",
    "session_storage_store",
];

/// Platform and sessions on one server, history, files and values on the other.
#[tokio::test]
async fn two_servers_run_a_turn_together() {
    let (one_folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = serve(reference(one_folder.path()).await).await;
    let other = serve(reference(other_folder.path()).await).await;
    let (at_one, at_other) = (adapter(&one.endpoint).await, adapter(&other.endpoint).await);
    let session_id = seed(&at_one).await;
    // The other server keeps what happens in the session, so it must know it.
    let session = at_one.session_store(1).get_session(session_id).await;
    let other_seed = at_other.test_seed().unwrap();
    demo::put_platform(&other_seed, simulator()).await.unwrap();
    other_seed
        .put_session(session.unwrap().unwrap())
        .await
        .unwrap();

    let mesh = split_mesh(&one.endpoint, &other.endpoint, OTHERS);
    let (both, _seen) = host_adapter(&mesh).await;
    assert_eq!(
        ask(&both, session_id, "What is 6 times 7?").await,
        TurnEnd::Completed
    );
    assert_eq!(
        ask(&both, session_id, "And 2 times 3?").await,
        TurnEnd::Completed
    );

    let messages = |at: &mortise_adapter_client::GrpcHostAdapter| at.message_store();
    assert_eq!(messages(&at_one).count(session_id).await.unwrap(), 0);
    assert_eq!(messages(&at_other).count(session_id).await.unwrap(), 20);
    assert!(
        at_one
            .file_store()
            .read_file(session_id, "/question.txt")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        at_other
            .file_store()
            .read_file(session_id, "/question.txt")
            .await
            .unwrap()
            .is_some()
    );
    let context = both.load_turn_context(1, session_id).await.unwrap();
    assert_eq!(
        context.messages.len(),
        20,
        "a context is put together from both"
    );
}

/// A store that its adapter does not offer is named before any turn.
#[tokio::test]
async fn a_route_to_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let one = serve(reference(folder.path()).await).await;
    let half =
        crate::wire::serve_description(crate::wire::description(1, &["AgentStoreService"])).await;
    let mesh = split_mesh(
        &one.endpoint,
        &half.endpoint,
        &["agent_store", "harness_store"],
    );
    let error = mesh.adapter(1).build().await.unwrap_err();
    assert!(matches!(error, ConnectError::RequiredServices(_)));
    assert_eq!(
        error.to_string(),
        "no turn can run: adapter `other` does not offer HarnessStoreService; \
         route these stores to an adapter that offers them"
    );
}

/// The stores of an optional adapter that has never answered are not absent: a check whose
/// options count it as allowed is, soon, and every other call fails.
#[tokio::test]
async fn an_optional_adapter_that_is_away_answers_by_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let one = serve(reference(folder.path()).await).await;
    let nowhere = format!("unix:{}", folder.path().join("nobody.sock").display());
    let stores = ["outbound_tool_rate_limiter", "budget_checker"];
    let mesh = split_mesh(&one.endpoint, &nowhere.parse().unwrap(), &stores);
    let adapter = mesh.adapter(1).build().await.unwrap();
    let limiter = adapter.outbound_tool_rate_limiter(1).unwrap();
    let began = std::time::Instant::now();
    assert!(
        limiter
            .check_org(&org_public_id_from_internal(1).parse().unwrap())
            .await
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    let budgets = adapter.budget_checker(1, None).unwrap();
    let refused = budgets.check_budgets("session_0").await.unwrap_err();
    assert!(refused.to_string().contains("adapter `other`"), "{refused}");
    let allowed = table::METHODS
        .iter()
        .filter(|method| method.on_unavailable == OnUnavailable::Allow);
    let allowed: Vec<_> = allowed.map(|method| method.short_name()).collect();
    assert_eq!(allowed, ["OutboundToolRateLimiterService/CheckOrg"]);
}

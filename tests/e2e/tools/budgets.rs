//! Turns of the upstream runtime that are counted: budgets and rate limits.

use everruns_core::budget::BudgetSubjectType;
use everruns_core::typed_id::BudgetId;
use mortise_proto::convert::budget_checker::Budget;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::{reference, serve, split_mesh};
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, Casting, call};
use serde_json::json;

/// check_budget tells the model what its session may still spend.
#[tokio::test]
async fn a_model_checks_its_budget() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &["budgeting"]).await;
        let check = || vec![vec![call("check_budget", json!({}))]];
        let none = actor.turn(check()).await;
        assert_eq!(none[0].ok()["status"], "no_budgets", "{none:?}");
        let budget = Budget {
            id: BudgetId::new(),
            subject_type: BudgetSubjectType::Session,
            subject_id: actor.session_id.to_string(),
            currency: "usd".into(),
            limit: 10.0,
            soft_limit: Some(5.0),
            balance: 4.0,
            is_paused: false,
        };
        let seed = stage.adapter.test_seed().unwrap();
        seed.put_budget(budget).await.unwrap();
        let checked = actor.turn(check()).await;
        let answer = checked[0].ok();
        assert_eq!(answer["status"], "warning", "{answer}");
        assert_eq!(answer["budgets"][0]["balance"], 4.0, "{answer}");
    }
}

/// A full window refuses a model's tools, and the turn goes on; a limiter that cannot be
/// asked refuses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn rate_limits() {
    let stage = TestHost::set().await;
    let seed = stage.adapter.test_seed().unwrap();
    seed.put_rate_limit(1, 3600).await.unwrap();
    let calls = || {
        let set = json!({"operation": "set", "key": "a", "value": "1"});
        vec![
            vec![call("kv_store", set.clone())],
            vec![call("kv_store", set)],
        ]
    };
    let actor = Actor::new(&stage, &["session_storage"]).await;
    let limited = actor.turn(calls()).await;
    limited[0].ok();
    assert!(
        limited.get(1).is_none_or(|second| second.error.is_some()),
        "{limited:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let limiter = serve(reference(folder.path()).await).await;
    let mesh = split_mesh(
        &stage.endpoint,
        &limiter.endpoint,
        &["outbound_tool_rate_limiter"],
    );
    let actor = Casting::through(&mesh, &stage.adapter)
        .capability("session_storage")
        .set()
        .await;
    drop(limiter);
    for outcome in actor.turn(calls()).await {
        outcome.ok();
    }
}

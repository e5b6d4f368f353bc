//! Over a socket, on every database: budgets and rate limits.

use everruns_core::budget::BudgetSubjectType;
use everruns_core::org_public_id_from_internal;
use everruns_core::typed_id::{BudgetId, OrgId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::budget_checker::Budget;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::unheard_of;
use mortise_test_support::in_process::{impatient_mesh, serve};
use mortise_test_support::scenario::TestHost;
use serde_json::json;

fn budget(subject_type: BudgetSubjectType, subject_id: String, currency: &str) -> Budget {
    Budget {
        id: BudgetId::new(),
        subject_type,
        subject_id,
        currency: currency.into(),
        limit: 100.0,
        soft_limit: Some(20.0),
        balance: 100.0,
        is_paused: false,
    }
}

/// Budgets of the session, its agent and its org go down with every call of a model, once
/// for each, and say so; those of others do not, and another org sees none.
#[tokio::test]
async fn spending() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let session = stage.session_id;
        let checker = stage.adapter.budget_checker(1, None).unwrap();
        let status = async || checker.check_budgets(&session.to_string()).await.unwrap();
        assert_eq!(status().await.status, "no_budgets");

        let seed = stage.adapter.test_seed().unwrap();
        let org = org_public_id_from_internal(1);
        for budget in [
            budget(BudgetSubjectType::Session, session.to_string(), "tokens"),
            budget(BudgetSubjectType::Organization, org, "usd"),
            budget(
                BudgetSubjectType::Session,
                SessionId::new().to_string(),
                "tokens",
            ),
        ] {
            seed.put_budget(budget).await.unwrap();
        }
        let emitter = stage.adapter.event_emitter();
        let spend = async |tokens: u32| {
            let usage = json!({"input_tokens": tokens, "output_tokens": 5, "actual_cost_usd": 1.5});
            let data = json!({
                "messages": [],
                "output": {"text": "x", "tool_calls": []},
                "metadata": {"model": "m", "usage": usage, "success": true},
            });
            let mut event = unheard_of(session, data);
            event.event_type = "llm.generation".into();
            emitter.emit(event).await.unwrap();
            status().await
        };
        let stands = spend(25).await;
        assert_eq!(stands.status, "active");
        let mut balances: Vec<_> = stands
            .budgets
            .iter()
            .map(|budget| {
                (
                    budget.currency.as_str(),
                    budget.balance,
                    budget.percent_remaining,
                )
            })
            .collect();
        balances.sort_by(|a, b| a.0.cmp(b.0));
        assert_eq!(balances, [("tokens", 70.0, 70.0), ("usd", 98.5, 98.5)]);
        assert_eq!(spend(45).await.status, "warning");
        assert_eq!(spend(45).await.status, "exhausted");

        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.budget_checker(2, None).unwrap();
        let theirs = foreign.check_budgets(&session.to_string()).await.unwrap();
        assert_eq!(theirs.status, "no_budgets");
        assert_eq!(
            checker.check_budgets("nonsense").await.unwrap().status,
            "no_budgets"
        );
    }
}

/// An org without a limit may always call; one with a limit may until its window is full;
/// orgs do not share a window.
#[tokio::test]
async fn limits() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let id = |org: i64| org_public_id_from_internal(org).parse::<OrgId>().unwrap();
        let limiter = stage.adapter.outbound_tool_rate_limiter(1).unwrap();
        assert!(limiter.check_org(&id(1)).await);
        let seed = stage.adapter.test_seed().unwrap();
        seed.put_rate_limit(2, 3600).await.unwrap();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(limiter.check_org(&id(1)).await);
        }
        assert_eq!(answers, [true, true, false, false]);
        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.outbound_tool_rate_limiter(2).unwrap();
        assert!(foreign.check_org(&id(2)).await);
        let error = seed.put_rate_limit(2, 0).await.unwrap_err().to_string();
        assert!(error.contains("window_seconds"), "{error}");
        seed.put_rate_limit(0, 0).await.unwrap();
        assert!(limiter.check_org(&id(1)).await);
    }
}

/// A caller that cannot reach the limiter goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_limiter_allows() {
    let folder = tempfile::tempdir().unwrap();
    let reference = mortise_test_support::in_process::reference(folder.path()).await;
    let server = serve(reference).await;
    let limiter = {
        let mesh = impatient_mesh(&server.endpoint);
        let adapter = mesh.adapter(1).build().await.unwrap();
        adapter
            .test_seed()
            .unwrap()
            .put_rate_limit(1, 3600)
            .await
            .unwrap();
        adapter.outbound_tool_rate_limiter(1).unwrap()
    };
    let id: OrgId = org_public_id_from_internal(1).parse().unwrap();
    assert!(limiter.check_org(&id).await);
    assert!(!limiter.check_org(&id).await);
    drop(server);
    // The server ends its connections when it is told to stop.
    while !limiter.check_org(&id).await {
        tokio::task::yield_now().await;
    }
}

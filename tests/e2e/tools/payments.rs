//! A tool that pays. No tool of upstream does; one of the test's own reaches the
//! authority as upstream hands it to tools: in the context of a call.

use async_trait::async_trait;
use everruns_core::capabilities::Capability;
use everruns_core::payment::{MachinePaymentRequest, PaymentMethod, PaymentRail};
use everruns_core::tools::{Tool, ToolExecutionResult};
use everruns_core::traits::ToolContext;
use everruns_core::typed_id::{AgentId, PaymentAccountId};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Casting, call};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A capability with one tool that costs money.
struct PaidSearch;

struct Search;

impl Capability for PaidSearch {
    fn id(&self) -> &str {
        "paid_search"
    }

    fn name(&self) -> &str {
        "Paid search"
    }

    fn description(&self) -> &str {
        "Searches for money."
    }

    fn tools(&self) -> Vec<Box<dyn Tool>> {
        vec![Box::new(Search)]
    }
}

#[async_trait]
impl Tool for Search {
    fn name(&self) -> &str {
        "search"
    }

    fn description(&self) -> &str {
        "Searches, for at most so many dollars."
    }

    fn parameters_schema(&self) -> Value {
        json!({"type": "object", "properties": {"usd": {"type": "number"}}})
    }

    fn requires_context(&self) -> bool {
        true
    }

    async fn execute(&self, _arguments: Value) -> ToolExecutionResult {
        ToolExecutionResult::tool_error("search needs a context")
    }

    async fn execute_with_context(
        &self,
        arguments: Value,
        context: &ToolContext,
    ) -> ToolExecutionResult {
        let Some(authority) = &context.payment_authority else {
            return ToolExecutionResult::tool_error("there is no payer");
        };
        let request = MachinePaymentRequest {
            capability: "paid_search".into(),
            operation: "search".into(),
            method: PaymentMethod::Post,
            url: "https://search.example/v1".into(),
            body: Some(arguments.clone()),
            max_amount_usd: arguments["usd"].as_f64().unwrap_or_default(),
            rail_preference: vec![PaymentRail::MppTempo],
            metadata: json!({}),
        };
        let paid = authority.execute_machine_payment(context.session_id, request);
        match paid.await {
            Ok(paid) => ToolExecutionResult::success(json!({
                "attempt": paid.attempt_id,
                "amount_usd": paid.amount_usd,
                "status": paid.response["status"],
            })),
            Err(error) => ToolExecutionResult::tool_error(error.to_string()),
        }
    }
}

/// In a turn, the policy of the agent that acts decides what its tools may pay.
#[tokio::test]
async fn a_tool_pays_within_the_agents_policy() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let acting = Arc::new(Mutex::new(AgentId::new()));
        let seen = acting.clone();
        let actor = Casting::on(&stage)
            .register(PaidSearch)
            .with(move |agent, _| *seen.lock().unwrap() = agent.public_id)
            .set()
            .await;
        let account = LedgerAccount {
            id: PaymentAccountId::new(),
            rail: PaymentRail::MppTempo,
            label: "wallet".into(),
            balance_usd: 3.0,
        };
        let policy = LedgerPolicy {
            subject: PolicySubject::Agent(*acting.lock().unwrap()),
            account_id: account.id,
            allowed_capabilities: vec!["paid_search".into()],
            allowed_operations: Vec::new(),
            allowed_hosts: vec!["search.example".into()],
            max_amount_usd_per_request: Some(2.0),
            max_amount_usd_per_day: None,
        };
        let put = stage.adapter.test_seed().unwrap();
        put.put_payment_policy(policy, Some(account)).await.unwrap();

        let search = |usd: f64| call("search", json!({ "usd": usd }));
        let found = actor
            .turn(vec![
                vec![search(2.0)],
                vec![search(2.1)],
                vec![search(1.5)],
                vec![search(1.0)],
            ])
            .await;
        let [paid, above, overdrawn, last] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(paid.ok()["amount_usd"], 2.0);
        assert_eq!(paid.ok()["status"], "recorded");
        let error = above.error.as_deref().unwrap();
        assert!(error.contains("2 USD that the payment policy of agent_"));
        let error = overdrawn.error.as_deref().unwrap();
        assert!(error.contains("1 USD left"), "{error}");
        assert_ne!(last.ok()["attempt"], paid.ok()["attempt"]);
    }
}

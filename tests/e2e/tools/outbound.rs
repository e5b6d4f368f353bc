//! Turns of the upstream runtime whose tools reach outside. No tool of upstream's sends
//! through the egress on this host, so a capability of the test's own does.

use async_trait::async_trait;
use everruns_core::capabilities::{Capability, CapabilityStatus};
use everruns_core::egress::{EgressRequest, EgressRequestKind};
use everruns_core::tools::{Tool, ToolExecutionResult};
use everruns_core::traits::ToolContext;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Casting, call};
use serde_json::{Value, json};

/// Fetches a page through the context's egress.
struct Fetching;

impl Capability for Fetching {
    fn id(&self) -> &str {
        "fetching"
    }

    fn name(&self) -> &str {
        "Fetching"
    }

    fn description(&self) -> &str {
        "Fetches pages."
    }

    fn status(&self) -> CapabilityStatus {
        CapabilityStatus::Available
    }

    fn tools(&self) -> Vec<Box<dyn Tool>> {
        vec![Box::new(Fetch)]
    }
}

struct Fetch;

#[async_trait]
impl Tool for Fetch {
    fn name(&self) -> &str {
        "fetch"
    }

    fn description(&self) -> &str {
        "Fetches a page."
    }

    fn parameters_schema(&self) -> Value {
        json!({"type": "object", "properties": {"url": {"type": "string"}}})
    }

    async fn execute(&self, _arguments: Value) -> ToolExecutionResult {
        ToolExecutionResult::tool_error("fetch needs a context")
    }

    async fn execute_with_context(
        &self,
        arguments: Value,
        context: &ToolContext,
    ) -> ToolExecutionResult {
        let Some(egress) = &context.egress_service else {
            return ToolExecutionResult::tool_error("there is no egress");
        };
        let url = arguments["url"].as_str().unwrap_or_default();
        let request = EgressRequest::new("GET", url, EgressRequestKind::Capability);
        match egress.send(request).await {
            Ok(answer) => ToolExecutionResult::success(json!({ "status": answer.status })),
            Err(error) => ToolExecutionResult::tool_error(error.to_string()),
        }
    }

    fn requires_context(&self) -> bool {
        true
    }
}

/// A tool's request goes through the server's egress, whose policy refuses the cloud's
/// metadata; the model is told so.
#[tokio::test]
async fn a_tool_reaches_outside() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Casting::on(&stage).register(Fetching).set().await;
        let url = "http://169.254.169.254/latest/meta-data";
        let outcomes = actor
            .turn(vec![vec![call("fetch", json!({ "url": url }))]])
            .await;
        let error = outcomes[0].error.clone().unwrap_or_default();
        assert!(
            error.contains("blocked by network access policy"),
            "{outcomes:?}"
        );
    }
}

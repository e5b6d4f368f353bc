//! `BudgetChecker` over `BudgetCheckerService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::budget::BudgetToolResponse;
use everruns_core::error::Result;
use everruns_core::traits::BudgetChecker;
use everruns_core::typed_id::AgentId;
use mortise_proto::pb;
use mortise_proto::rpc::table::budget_checker_service::CHECK_BUDGETS;

/// The budgets that an agent's sessions spend from.
#[derive(Debug)]
pub(crate) struct Budgets {
    pub(crate) remote: Remote,
    pub(crate) agent_id: Option<AgentId>,
}

#[async_trait]
impl BudgetChecker for Budgets {
    async fn check_budgets(&self, session_id: &str) -> Result<BudgetToolResponse> {
        let request = pb::CheckBudgetsRequest {
            context: None,
            session_id: session_id.into(),
            agent_id: self.agent_id.map(|id| id.to_string()),
        };
        let answer = self.remote.call(&CHECK_BUDGETS, request).await?;
        BudgetToolResponse::try_from(answer).map_err(malformed(CHECK_BUDGETS.method))
    }
}

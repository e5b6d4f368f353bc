//! `BudgetCheckerService` over `BudgetChecker`, where the adapter has one.

use crate::AdapterSource;
use crate::serve::{Serving, not_offered};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::optional_id;
use mortise_proto::pb;
use mortise_proto::pb::budget_checker_service_server::BudgetCheckerService;
use mortise_proto::rpc::table::budget_checker_service::{CHECK_BUDGETS, NAME};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> BudgetCheckerService for Serving<S> {
    async fn check_budgets(
        &self,
        request: Request<pb::CheckBudgetsRequest>,
    ) -> Result<Response<pb::CheckBudgetsResponse>, Status> {
        self.unary(&CHECK_BUDGETS, request, |call| async move {
            let agent_id = optional_id("agent_id", call.request.agent_id.as_deref())?;
            let checker = call.adapter.budget_checker(call.scope.org_id, agent_id);
            let checker = checker.ok_or_else(|| not_offered(NAME))?;
            let answer = checker.check_budgets(&call.request.session_id).await?;
            Ok(answer.into())
        })
        .await
    }
}

//! `BudgetCheckerService` over `BudgetChecker`, where the adapter has one.

use crate::serve::{Call, HandlerResult, not_offered};
use mortise_proto::convert::optional_id;
use mortise_proto::pb;
use mortise_proto::rpc::table::budget_checker_service::NAME;

pub(super) async fn check_budgets(
    call: Call<pb::CheckBudgetsRequest>,
) -> HandlerResult<pb::CheckBudgetsResponse> {
    let agent_id = optional_id("agent_id", call.request.agent_id.as_deref())?;
    let checker = call.adapter.budget_checker(call.scope.org_id, agent_id);
    let checker = checker.ok_or_else(|| not_offered(NAME))?;
    let answer = checker.check_budgets(&call.request.session_id).await?;
    Ok(answer.into())
}

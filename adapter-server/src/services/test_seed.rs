//! `TestSeedService` over the source's way to put records in, where it was asked
//! to offer one.

use crate::erased::AnyAdapter;
use crate::serve::{Call, HandlerResult, not_offered};
use crate::{Scope, TestSeed};
use mortise_proto::convert::{id, nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::test_seed_service::NAME;
use std::sync::Arc;

pub(super) async fn put_harness(
    call: Call<pb::PutHarnessRequest>,
) -> HandlerResult<pb::PutHarnessResponse> {
    let harness = nested("harness", call.request.harness)?;
    offered(&*call.adapter, &call.scope)?
        .put_harness(harness)
        .await?;
    Ok(pb::PutHarnessResponse {})
}

pub(super) async fn put_agent(
    call: Call<pb::PutAgentRequest>,
) -> HandlerResult<pb::PutAgentResponse> {
    let agent = nested("agent", call.request.agent)?;
    offered(&*call.adapter, &call.scope)?
        .put_agent(agent)
        .await?;
    Ok(pb::PutAgentResponse {})
}

pub(super) async fn put_session(
    call: Call<pb::PutSessionRequest>,
) -> HandlerResult<pb::PutSessionResponse> {
    let session = nested("session", call.request.session)?;
    offered(&*call.adapter, &call.scope)?
        .put_session(session)
        .await?;
    Ok(pb::PutSessionResponse {})
}

pub(super) async fn put_provider_credential(
    call: Call<pb::PutProviderCredentialRequest>,
) -> HandlerResult<pb::PutProviderCredentialResponse> {
    let credentials = nested("credentials", call.request.credentials)?;
    let seed = offered(&*call.adapter, &call.scope)?;
    seed.put_provider_credential(&call.request.provider_type, credentials)
        .await?;
    Ok(pb::PutProviderCredentialResponse {})
}

pub(super) async fn put_connection(
    call: Call<pb::PutConnectionRequest>,
) -> HandlerResult<pb::PutConnectionResponse> {
    let connection = nested("connection", call.request.connection)?;
    offered(&*call.adapter, &call.scope)?
        .put_connection(connection)
        .await?;
    Ok(pb::PutConnectionResponse {})
}

pub(super) async fn put_payment_policy(
    call: Call<pb::PutPaymentPolicyRequest>,
) -> HandlerResult<pb::PutPaymentPolicyResponse> {
    let policy = nested("policy", call.request.policy)?;
    let account = optional_nested("account", call.request.account)?;
    let seed = offered(&*call.adapter, &call.scope)?;
    seed.put_payment_policy(policy, account).await?;
    Ok(pb::PutPaymentPolicyResponse {})
}

pub(super) async fn put_budget(
    call: Call<pb::PutBudgetRequest>,
) -> HandlerResult<pb::PutBudgetResponse> {
    let budget = nested("budget", call.request.budget)?;
    offered(&*call.adapter, &call.scope)?
        .put_budget(budget)
        .await?;
    Ok(pb::PutBudgetResponse {})
}

pub(super) async fn put_rate_limit(
    call: Call<pb::PutRateLimitRequest>,
) -> HandlerResult<pb::PutRateLimitResponse> {
    let seed = offered(&*call.adapter, &call.scope)?;
    seed.put_rate_limit(call.request.max_calls, call.request.window_seconds)
        .await?;
    Ok(pb::PutRateLimitResponse {})
}

pub(super) async fn put_model(
    call: Call<pb::PutModelRequest>,
) -> HandlerResult<pb::PutModelResponse> {
    let model_id = id("model_id", &call.request.model_id)?;
    let model = nested("model", call.request.model)?;
    let seed = offered(&*call.adapter, &call.scope)?;
    seed.put_model(model_id, model, call.request.is_default)
        .await?;
    Ok(pb::PutModelResponse {})
}

fn offered(adapter: &dyn AnyAdapter, scope: &Scope) -> HandlerResult<Arc<dyn TestSeed>> {
    let seed = adapter.test_seed(scope);
    seed.ok_or_else(|| not_offered(NAME))
}

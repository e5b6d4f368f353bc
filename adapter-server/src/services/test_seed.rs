//! `TestSeedService` over the source's way to put records in, where it was asked
//! to offer one.

use crate::serve::{Outcome, Serving, not_offered};
use crate::{AdapterSource, Scope, TestSeed};
use mortise_proto::convert::{id, nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::pb::test_seed_service_server::TestSeedService;
use mortise_proto::rpc::table::test_seed_service::{
    NAME, PUT_AGENT, PUT_BUDGET, PUT_CONNECTION, PUT_HARNESS, PUT_MODEL, PUT_PAYMENT_POLICY,
    PUT_PROVIDER_CREDENTIAL, PUT_RATE_LIMIT, PUT_SESSION,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> TestSeedService for Serving<S> {
    async fn put_harness(
        &self,
        request: Request<pb::PutHarnessRequest>,
    ) -> Result<Response<pb::PutHarnessResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_HARNESS, request, |call| async move {
            let harness = nested("harness", call.request.harness)?;
            serving.seed(&call.scope)?.put_harness(harness).await?;
            Ok(pb::PutHarnessResponse {})
        })
        .await
    }

    async fn put_agent(
        &self,
        request: Request<pb::PutAgentRequest>,
    ) -> Result<Response<pb::PutAgentResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_AGENT, request, |call| async move {
            let agent = nested("agent", call.request.agent)?;
            serving.seed(&call.scope)?.put_agent(agent).await?;
            Ok(pb::PutAgentResponse {})
        })
        .await
    }

    async fn put_session(
        &self,
        request: Request<pb::PutSessionRequest>,
    ) -> Result<Response<pb::PutSessionResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_SESSION, request, |call| async move {
            let session = nested("session", call.request.session)?;
            serving.seed(&call.scope)?.put_session(session).await?;
            Ok(pb::PutSessionResponse {})
        })
        .await
    }

    async fn put_provider_credential(
        &self,
        request: Request<pb::PutProviderCredentialRequest>,
    ) -> Result<Response<pb::PutProviderCredentialResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_PROVIDER_CREDENTIAL, request, |call| async move {
            let credentials = nested("credentials", call.request.credentials)?;
            let seed = serving.seed(&call.scope)?;
            seed.put_provider_credential(&call.request.provider_type, credentials)
                .await?;
            Ok(pb::PutProviderCredentialResponse {})
        })
        .await
    }

    async fn put_connection(
        &self,
        request: Request<pb::PutConnectionRequest>,
    ) -> Result<Response<pb::PutConnectionResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_CONNECTION, request, |call| async move {
            let connection = nested("connection", call.request.connection)?;
            serving
                .seed(&call.scope)?
                .put_connection(connection)
                .await?;
            Ok(pb::PutConnectionResponse {})
        })
        .await
    }

    async fn put_payment_policy(
        &self,
        request: Request<pb::PutPaymentPolicyRequest>,
    ) -> Result<Response<pb::PutPaymentPolicyResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_PAYMENT_POLICY, request, |call| async move {
            let policy = nested("policy", call.request.policy)?;
            let account = optional_nested("account", call.request.account)?;
            let seed = serving.seed(&call.scope)?;
            seed.put_payment_policy(policy, account).await?;
            Ok(pb::PutPaymentPolicyResponse {})
        })
        .await
    }

    async fn put_budget(
        &self,
        request: Request<pb::PutBudgetRequest>,
    ) -> Result<Response<pb::PutBudgetResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_BUDGET, request, |call| async move {
            let budget = nested("budget", call.request.budget)?;
            serving.seed(&call.scope)?.put_budget(budget).await?;
            Ok(pb::PutBudgetResponse {})
        })
        .await
    }

    async fn put_rate_limit(
        &self,
        request: Request<pb::PutRateLimitRequest>,
    ) -> Result<Response<pb::PutRateLimitResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_RATE_LIMIT, request, |call| async move {
            let seed = serving.seed(&call.scope)?;
            seed.put_rate_limit(call.request.max_calls, call.request.window_seconds)
                .await?;
            Ok(pb::PutRateLimitResponse {})
        })
        .await
    }

    async fn put_model(
        &self,
        request: Request<pb::PutModelRequest>,
    ) -> Result<Response<pb::PutModelResponse>, Status> {
        let serving = self.clone();
        self.unary(&PUT_MODEL, request, |call| async move {
            let model_id = id("model_id", &call.request.model_id)?;
            let model = nested("model", call.request.model)?;
            let seed = serving.seed(&call.scope)?;
            seed.put_model(model_id, model, call.request.is_default)
                .await?;
            Ok(pb::PutModelResponse {})
        })
        .await
    }
}

impl<S: AdapterSource> Serving<S> {
    fn seed(&self, scope: &Scope) -> Outcome<Arc<dyn TestSeed>> {
        let seed = self.shared.source.test_seed(scope);
        seed.ok_or_else(|| not_offered(NAME))
    }
}

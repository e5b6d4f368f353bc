//! Puts records into an adapter that offers TestSeedService. For checks, demos and
//! embedded use.

use crate::stores::Remote;
use everruns_core::error::Result;
use everruns_core::traits::ProviderCredentials;
use everruns_core::typed_id::ModelId;
use everruns_core::{Agent, Harness, ModelWithProvider, Session};
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::pb;
use mortise_proto::rpc::table::test_seed_service::{
    PUT_AGENT, PUT_BUDGET, PUT_CONNECTION, PUT_HARNESS, PUT_MODEL, PUT_PAYMENT_POLICY,
    PUT_PROVIDER_CREDENTIAL, PUT_RATE_LIMIT, PUT_SESSION,
};

/// The way to put records into an org.
#[derive(Debug, Clone)]
pub struct RemoteTestSeed {
    pub(crate) remote: Remote,
}

impl RemoteTestSeed {
    /// Puts a harness.
    pub async fn put_harness(&self, harness: Harness) -> Result<()> {
        let request = pb::PutHarnessRequest {
            context: None,
            harness: Some(harness.into()),
        };
        self.remote.call(&PUT_HARNESS, request).await?;
        Ok(())
    }

    /// Puts an agent.
    pub async fn put_agent(&self, agent: Agent) -> Result<()> {
        let request = pb::PutAgentRequest {
            context: None,
            agent: Some(agent.into()),
        };
        self.remote.call(&PUT_AGENT, request).await?;
        Ok(())
    }

    /// Puts a session, with its initial files when it is new.
    pub async fn put_session(&self, session: Session) -> Result<()> {
        let request = pb::PutSessionRequest {
            context: None,
            session: Some(session.into()),
        };
        self.remote.call(&PUT_SESSION, request).await?;
        Ok(())
    }

    /// Puts the org's credentials for a type of provider, such as `openai`.
    pub async fn put_provider_credential(
        &self,
        provider_type: &str,
        credentials: ProviderCredentials,
    ) -> Result<()> {
        let request = pb::PutProviderCredentialRequest {
            context: None,
            provider_type: provider_type.into(),
            credentials: Some(credentials.into()),
        };
        self.remote.call(&PUT_PROVIDER_CREDENTIAL, request).await?;
        Ok(())
    }

    /// Puts a user's connection to a provider.
    pub async fn put_connection(&self, connection: Connection) -> Result<()> {
        let request = pb::PutConnectionRequest {
            context: None,
            connection: Some(connection.into()),
        };
        self.remote.call(&PUT_CONNECTION, request).await?;
        Ok(())
    }

    /// Puts a policy for payments, and its account unless that is there already.
    pub async fn put_payment_policy(
        &self,
        policy: LedgerPolicy,
        account: Option<LedgerAccount>,
    ) -> Result<()> {
        let request = pb::PutPaymentPolicyRequest {
            context: None,
            policy: Some(policy.into()),
            account: account.map(Into::into),
        };
        self.remote.call(&PUT_PAYMENT_POLICY, request).await?;
        Ok(())
    }

    /// Puts a budget.
    pub async fn put_budget(&self, budget: Budget) -> Result<()> {
        let request = pb::PutBudgetRequest {
            context: None,
            budget: Some(budget.into()),
        };
        self.remote.call(&PUT_BUDGET, request).await?;
        Ok(())
    }

    /// Puts the org's limit on calls of tools that reach outside; no calls at most
    /// means without limit.
    pub async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<()> {
        let request = pb::PutRateLimitRequest {
            context: None,
            max_calls,
            window_seconds,
        };
        self.remote.call(&PUT_RATE_LIMIT, request).await?;
        Ok(())
    }

    /// Puts a model, as the org's default if asked to.
    pub async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<()> {
        let request = pb::PutModelRequest {
            context: None,
            model_id: id.to_string(),
            model: Some(model.into()),
            is_default,
        };
        self.remote.call(&PUT_MODEL, request).await?;
        Ok(())
    }
}

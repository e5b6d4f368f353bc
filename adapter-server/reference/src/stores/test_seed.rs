//! Records put in from outside, whole, over whatever stands under their id.

use crate::context::StoreCtx;
use crate::stores::{
    agent_store, budget_checker, harness_store, llm_provider_store, new_session,
    outbound_tool_rate_limiter, payment_authority, provider_credential_store,
    user_connection_resolver,
};
use async_trait::async_trait;
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::ModelId;
use everruns_core::{Agent, Harness, Session};
use mortise_adapter_server::TestSeed;
use mortise_proto::StoreError;
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::user_connection_resolver::Connection;

/// The records of an org.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl TestSeed for Seed {
    async fn put_harness(&self, harness: Harness) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        harness_store::put(&mut tx, &harness).await?;
        tx.commit().await
    }

    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        agent_store::put(&mut tx, &agent).await?;
        tx.commit().await
    }

    async fn put_session(&self, mut session: Session) -> Result<(), StoreError> {
        session.organization_id = self.ctx.scope().org_public_id.clone();
        let mut tx = self.ctx.write().await?;
        new_session::put(&mut tx, &session).await?;
        tx.commit().await
    }

    async fn put_provider_credential(
        &self,
        provider_type: &str,
        credentials: ProviderCredentials,
    ) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        provider_credential_store::put(&mut tx, provider_type, credentials).await?;
        tx.commit().await
    }

    async fn put_connection(&self, connection: Connection) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        user_connection_resolver::put(&mut tx, &connection).await?;
        tx.commit().await
    }

    async fn put_payment_policy(
        &self,
        policy: LedgerPolicy,
        account: Option<LedgerAccount>,
    ) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        payment_authority::put(&mut tx, policy, account).await?;
        tx.commit().await
    }

    async fn put_budget(&self, budget: Budget) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        budget_checker::put(&mut tx, budget).await?;
        tx.commit().await
    }

    async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        outbound_tool_rate_limiter::put(&mut tx, max_calls, window_seconds).await?;
        tx.commit().await
    }

    async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.ctx.write().await?;
        llm_provider_store::put(&mut tx, id, model).await?;
        if is_default {
            llm_provider_store::put_default(&mut tx, id).await?;
        }
        tx.commit().await
    }
}

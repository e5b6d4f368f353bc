//! Records put in from outside, whole, over whatever stands under their id.

use crate::db;
use crate::reference::ScopedReference;
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

#[async_trait]
impl TestSeed for ScopedReference {
    async fn put_harness(&self, harness: Harness) -> Result<(), StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        harness_store::put(&mut tx, org_id, key, &harness).await?;
        db::commit(tx).await
    }

    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        agent_store::put(&mut tx, org_id, key, &agent).await?;
        db::commit(tx).await
    }

    async fn put_session(&self, mut session: Session) -> Result<(), StoreError> {
        session.organization_id = self.scope.org_public_id.clone();
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        new_session::put(&mut tx, org_id, key, &session).await?;
        db::commit(tx).await
    }

    async fn put_provider_credential(
        &self,
        provider_type: &str,
        credentials: ProviderCredentials,
    ) -> Result<(), StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        provider_credential_store::put(&mut tx, org_id, key, provider_type, credentials).await?;
        db::commit(tx).await
    }

    async fn put_connection(&self, connection: Connection) -> Result<(), StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        user_connection_resolver::put(&mut tx, org_id, key, &connection).await?;
        db::commit(tx).await
    }

    async fn put_payment_policy(
        &self,
        policy: LedgerPolicy,
        account: Option<LedgerAccount>,
    ) -> Result<(), StoreError> {
        let mut tx = self.inner.db.write().await?;
        payment_authority::put(&mut tx, self.scope.org_id, policy, account).await?;
        db::commit(tx).await
    }

    async fn put_budget(&self, budget: Budget) -> Result<(), StoreError> {
        let mut tx = self.inner.db.write().await?;
        budget_checker::put(&mut tx, self.scope.org_id, budget).await?;
        db::commit(tx).await
    }

    async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        let mut tx = self.inner.db.write().await?;
        outbound_tool_rate_limiter::put(&mut tx, org_id, max_calls, window_seconds).await?;
        db::commit(tx).await
    }

    async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<(), StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.write().await?;
        llm_provider_store::put(&mut tx, org_id, key, id, model).await?;
        if is_default {
            llm_provider_store::put_default(&mut tx, org_id, id).await?;
        }
        db::commit(tx).await
    }
}

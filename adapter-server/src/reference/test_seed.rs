//! Records put in from outside, whole, over whatever stands under their id.

use super::db::{self, Tx, fault};
use super::seal::{Bound, seal};
use super::{
    ScopedReference, agent_store, harness_store, new_session, payment_authority,
    provider_credential_store, user_connection_resolver,
};
use crate::TestSeed;
use async_trait::async_trait;
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::ModelId;
use everruns_core::{Agent, Harness, Session};
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::{StoreError, pb};
use prost::Message;

const PUT_MODEL: &str = "INSERT INTO models (org_id, id, key_id, nonce, sealed, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, id) \
    DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                  sealed = excluded.sealed, body = excluded.body";

const PUT_DEFAULT: &str = "INSERT INTO default_models (org_id, model_id) VALUES ($1, $2) \
    ON CONFLICT (org_id) DO UPDATE SET model_id = excluded.model_id";

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
        self.put_budget_row(budget).await
    }

    async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<(), StoreError> {
        self.limit_calls(max_calls, window_seconds).await
    }

    async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.inner.db.write().await?;
        self.put_sealed_model(&mut tx, id, model).await?;
        if is_default {
            sqlx::query(PUT_DEFAULT)
                .bind(self.scope.org_id)
                .bind(id.to_string())
                .execute(&mut *tx)
                .await
                .map_err(fault)?;
        }
        db::commit(tx).await
    }
}

impl ScopedReference {
    async fn put_sealed_model(
        &self,
        tx: &mut Tx,
        id: ModelId,
        mut model: ModelWithProvider,
    ) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        let model_id = id.to_string();
        let bound = Bound::ApiKey {
            org_id,
            model_id: &model_id,
        };
        let api_key = model.api_key.take();
        let sealed = api_key
            .map(|api_key| seal(self.inner.key.as_ref(), bound, &api_key))
            .transpose()?;
        let (key_id, nonce, text) = match sealed {
            Some(sealed) => (Some(sealed.key_id), Some(sealed.nonce), Some(sealed.text)),
            None => (None, None, None),
        };
        sqlx::query(PUT_MODEL)
            .bind(org_id)
            .bind(model_id.as_str())
            .bind(key_id)
            .bind(nonce)
            .bind(text)
            .bind(pb::ModelWithProvider::from(model).encode_to_vec())
            .execute(&mut **tx)
            .await
            .map(|_| ())
            .map_err(fault)
    }
}

//! Records put in from outside, whole, over whatever stands under their id.

use super::db::{self, Tx, fault};
use super::records::nanos;
use super::seal::{Bound, seal};
use super::session_store::{self, status_name};
use super::{ScopedReference, agent_store, harness_store, session_file_system};
use crate::TestSeed;
use async_trait::async_trait;
use everruns_core::config_layer::AgentConfigOverlay;
use everruns_core::session_file::InitialFile;
use everruns_core::traits::ModelWithProvider;
use everruns_core::typed_id::ModelId;
use everruns_core::{Agent, Harness, Session};
use mortise_proto::{StoreError, pb};
use prost::Message;
use sqlx::AnyConnection;

const PUT_HARNESS: &str = "INSERT INTO harnesses (org_id, id, parent_id, body) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, id) \
    DO UPDATE SET parent_id = excluded.parent_id, body = excluded.body";

const PUT_AGENT: &str = "INSERT INTO agents (org_id, id, body) VALUES ($1, $2, $3) \
    ON CONFLICT (org_id, id) DO UPDATE SET body = excluded.body";

const PUT_SESSION: &str = "INSERT INTO sessions \
        (org_id, id, status, created_at, updated_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, id) \
    DO UPDATE SET status = excluded.status, created_at = excluded.created_at, \
                  updated_at = excluded.updated_at, body = excluded.body";

const PUT_MODEL: &str = "INSERT INTO models (org_id, id, key_id, nonce, sealed, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, id) \
    DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                  sealed = excluded.sealed, body = excluded.body";

const PUT_DEFAULT: &str = "INSERT INTO default_models (org_id, model_id) VALUES ($1, $2) \
    ON CONFLICT (org_id) DO UPDATE SET model_id = excluded.model_id";

#[async_trait]
impl TestSeed for ScopedReference {
    async fn put_harness(&self, harness: Harness) -> Result<(), StoreError> {
        let mut tx = self.inner.db.write().await?;
        sqlx::query(PUT_HARNESS)
            .bind(self.scope.org_id)
            .bind(harness.id.to_string())
            .bind(harness.parent_harness_id.map(|id| id.to_string()))
            .bind(pb::Harness::from(harness).encode_to_vec())
            .execute(&mut *tx)
            .await
            .map_err(fault)?;
        db::commit(tx).await
    }

    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError> {
        let mut tx = self.inner.db.write().await?;
        sqlx::query(PUT_AGENT)
            .bind(self.scope.org_id)
            .bind(agent.public_id.to_string())
            .bind(pb::Agent::from(agent).encode_to_vec())
            .execute(&mut *tx)
            .await
            .map_err(fault)?;
        db::commit(tx).await
    }

    async fn put_session(&self, mut session: Session) -> Result<(), StoreError> {
        session.organization_id = self.scope.org_public_id.clone();
        let org_id = self.scope.org_id;
        let mut tx = self.inner.db.write().await?;
        let known = session_store::created_at(&mut tx, org_id, session.id).await?;
        put_session(&mut tx, org_id, &session).await?;
        if known.is_none() {
            for file in initial_files(&mut tx, org_id, &session).await? {
                session_file_system::seed(&mut tx, org_id, session.id, &file).await?;
            }
        }
        db::commit(tx).await
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

async fn put_session(
    tx: &mut AnyConnection,
    org_id: i64,
    session: &Session,
) -> Result<(), StoreError> {
    let wire = pb::Session::from(session.clone());
    sqlx::query(PUT_SESSION)
        .bind(org_id)
        .bind(session.id.to_string())
        .bind(status_name(&wire))
        .bind(nanos(session.created_at))
        .bind(nanos(session.updated_at))
        .bind(wire.encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(fault)
}

/// The starter files of a session: those of its harness chain, its agent and itself,
/// folded by upstream's rule. A harness or agent that is not there has none: sessions
/// are seeded to see what becomes of a missing one, too.
async fn initial_files(
    tx: &mut AnyConnection,
    org_id: i64,
    session: &Session,
) -> Result<Vec<InitialFile>, StoreError> {
    let chain = harness_store::chain(tx, org_id, session.harness_id).await?;
    let agent = match session.agent_id {
        Some(agent_id) => agent_store::find(tx, org_id, agent_id).await?,
        None => None,
    };
    let layers = chain.iter().map(AgentConfigOverlay::from);
    let layers = layers.chain(agent.as_ref().map(AgentConfigOverlay::from));
    let layers = layers.chain([AgentConfigOverlay::from(session)]);
    Ok(AgentConfigOverlay::fold(layers).initial_files)
}

//! Language models. API keys are sealed.

use super::ScopedReference;
use super::db::fault;
use super::errors::upstream;
use super::records::{decoded, stored_fault};
use super::seal::{Bound, KeyRing, Sealed, unseal};
use async_trait::async_trait;
use everruns_core::typed_id::ModelId;
use everruns_core::{
    AgentLoopError,
    traits::{LlmProviderStore, ModelWithProvider},
};
use mortise_proto::{StoreError, pb};
use sqlx::AnyConnection;

const FIND: &str = "SELECT id, key_id, nonce, sealed, body FROM models \
                    WHERE org_id = $1 AND id = $2";

const FIND_DEFAULT: &str = "SELECT m.id, m.key_id, m.nonce, m.sealed, m.body \
                            FROM default_models d \
                            JOIN models m ON m.org_id = d.org_id AND m.id = d.model_id \
                            WHERE d.org_id = $1";

type Row = (
    String,
    Option<String>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<u8>,
);

#[async_trait]
impl LlmProviderStore for ScopedReference {
    async fn get_model_with_provider(
        &self,
        model_id: ModelId,
    ) -> Result<Option<ModelWithProvider>, AgentLoopError> {
        self.model(model_id).await.map_err(upstream)
    }

    async fn get_default_model(&self) -> Result<Option<ModelWithProvider>, AgentLoopError> {
        self.default_model().await.map_err(upstream)
    }
}

impl ScopedReference {
    async fn model(&self, model_id: ModelId) -> Result<Option<ModelWithProvider>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        find(&mut conn, org_id, key, model_id).await
    }

    async fn default_model(&self) -> Result<Option<ModelWithProvider>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        find_default(&mut conn, self.scope.org_id, self.inner.key.as_ref()).await
    }
}

pub(super) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    model_id: ModelId,
) -> Result<Option<ModelWithProvider>, StoreError> {
    let row: Option<Row> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(model_id.to_string())
        .fetch_optional(conn)
        .await
        .map_err(fault)?;
    row.map(|row| opened(key, org_id, row)).transpose()
}

pub(super) async fn find_default(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
) -> Result<Option<ModelWithProvider>, StoreError> {
    let row: Option<Row> = sqlx::query_as(FIND_DEFAULT)
        .bind(org_id)
        .fetch_optional(conn)
        .await
        .map_err(fault)?;
    row.map(|row| opened(key, org_id, row)).transpose()
}

fn opened(
    key: Option<&KeyRing>,
    org_id: i64,
    (model_id, key_id, nonce, text, body): Row,
) -> Result<ModelWithProvider, StoreError> {
    let mut model: pb::ModelWithProvider = decoded(&body)?;
    if let (Some(key_id), Some(nonce), Some(text)) = (key_id, nonce, text) {
        let sealed = Sealed {
            key_id,
            nonce,
            text,
        };
        let bound = Bound::ApiKey {
            org_id,
            model_id: &model_id,
        };
        model.api_key = Some(unseal(key, bound, &sealed)?);
    }
    ModelWithProvider::try_from(model).map_err(stored_fault)
}

//! Language models. API keys are sealed.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{decoded, stored_fault};
use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, KeyRing, Sealed, seal, unseal};
use async_trait::async_trait;
use everruns_core::typed_id::ModelId;
use everruns_core::{
    AgentLoopError,
    traits::{LlmProviderStore, ModelWithProvider},
};
use mortise_proto::convert::id;
use mortise_proto::{StoreError, pb};
use prost::Message;

const FIND: &str = "SELECT id, key_id, nonce, sealed, body FROM models \
                    WHERE org_id = $1 AND id = $2";

const FIND_DEFAULT: &str = "SELECT m.id, m.key_id, m.nonce, m.sealed, m.body \
                            FROM default_models d \
                            JOIN models m ON m.org_id = d.org_id AND m.id = d.model_id \
                            WHERE d.org_id = $1";

const LIST: &str = "SELECT id, key_id, nonce, sealed, body FROM models \
                    WHERE org_id = $1 ORDER BY id";

const DEFAULT: &str = "SELECT model_id FROM default_models WHERE org_id = $1";

const PUT: &str = "INSERT INTO models (org_id, id, key_id, nonce, sealed, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, id) \
    DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                  sealed = excluded.sealed, body = excluded.body";

const PUT_DEFAULT: &str = "INSERT INTO default_models (org_id, model_id) VALUES ($1, $2) \
    ON CONFLICT (org_id) DO UPDATE SET model_id = excluded.model_id";

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
        self.model(model_id).await.map_err(into_upstream)
    }

    async fn get_default_model(&self) -> Result<Option<ModelWithProvider>, AgentLoopError> {
        self.default_model().await.map_err(into_upstream)
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

pub(crate) async fn find(
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
        .map_err(db_error)?;
    row.map(|row| opened(key, org_id, row)).transpose()
}

pub(crate) async fn find_default(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
) -> Result<Option<ModelWithProvider>, StoreError> {
    let row: Option<Row> = sqlx::query_as(FIND_DEFAULT)
        .bind(org_id)
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|row| opened(key, org_id, row)).transpose()
}

/// Every model of the org, by id.
pub(crate) async fn list_all(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
) -> Result<Vec<(ModelId, ModelWithProvider)>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(org_id)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.into_iter()
        .map(|row| {
            let model_id = id("id", &row.0).map_err(stored_fault)?;
            Ok((model_id, opened(key, org_id, row)?))
        })
        .collect()
}

/// The id of the org's default model.
pub(crate) async fn default_id(
    conn: &mut AnyConnection,
    org_id: i64,
) -> Result<Option<ModelId>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(DEFAULT)
        .bind(org_id)
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|(model_id,)| id("model_id", &model_id).map_err(stored_fault))
        .transpose()
}

/// Puts a model over the one that is there.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: ModelId,
    mut model: ModelWithProvider,
) -> Result<(), StoreError> {
    let model_id = id.to_string();
    let bound = AssociatedData::ApiKey {
        org_id,
        model_id: &model_id,
    };
    let api_key = model.api_key.take();
    let sealed = api_key
        .map(|api_key| seal(key, bound, &api_key))
        .transpose()?;
    let (key_id, nonce, text) = match sealed {
        Some(sealed) => (Some(sealed.key_id), Some(sealed.nonce), Some(sealed.text)),
        None => (None, None, None),
    };
    sqlx::query(PUT)
        .bind(org_id)
        .bind(model_id.as_str())
        .bind(key_id)
        .bind(nonce)
        .bind(text)
        .bind(pb::ModelWithProvider::from(model).encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

/// Makes a model the org's default.
pub(crate) async fn put_default(
    tx: &mut AnyConnection,
    org_id: i64,
    id: ModelId,
) -> Result<(), StoreError> {
    sqlx::query(PUT_DEFAULT)
        .bind(org_id)
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
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
        let bound = AssociatedData::ApiKey {
            org_id,
            model_id: &model_id,
        };
        model.api_key = Some(unseal(key, bound, &sealed)?);
    }
    ModelWithProvider::try_from(model).map_err(stored_fault)
}

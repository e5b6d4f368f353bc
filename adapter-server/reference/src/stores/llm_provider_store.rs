//! Language models. API keys are sealed.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::{decoded, stored_fault};
use crate::seal::{Binding, OrgKeys};
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

/// The models of an org.
#[derive(Debug)]
pub(crate) struct Models {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl LlmProviderStore for Models {
    async fn get_model_with_provider(
        &self,
        model_id: ModelId,
    ) -> Result<Option<ModelWithProvider>, AgentLoopError> {
        upstream(async { find(&mut self.ctx.reader().await?, model_id).await }).await
    }

    async fn get_default_model(&self) -> Result<Option<ModelWithProvider>, AgentLoopError> {
        upstream(async { find_default(&mut self.ctx.reader().await?).await }).await
    }
}

pub(crate) async fn find(
    tx: &mut Tx,
    model_id: ModelId,
) -> Result<Option<ModelWithProvider>, StoreError> {
    let row: Option<Row> = tx
        .query_as(FIND)
        .bind(model_id.to_string())
        .fetch_optional()
        .await?;
    row.map(|row| opened(tx.keys(), row)).transpose()
}

pub(crate) async fn find_default(tx: &mut Tx) -> Result<Option<ModelWithProvider>, StoreError> {
    let row: Option<Row> = tx.query_as(FIND_DEFAULT).fetch_optional().await?;
    row.map(|row| opened(tx.keys(), row)).transpose()
}

/// Every model of the org, by id.
pub(crate) async fn list_all(tx: &mut Tx) -> Result<Vec<(ModelId, ModelWithProvider)>, StoreError> {
    let rows: Vec<Row> = tx.query_as(LIST).fetch_all().await?;
    rows.into_iter()
        .map(|row| {
            let model_id = id("id", &row.0).map_err(stored_fault)?;
            Ok((model_id, opened(tx.keys(), row)?))
        })
        .collect()
}

/// The id of the org's default model.
pub(crate) async fn default_id(tx: &mut Tx) -> Result<Option<ModelId>, StoreError> {
    let row: Option<(String,)> = tx.query_as(DEFAULT).fetch_optional().await?;
    row.map(|(model_id,)| id("model_id", &model_id).map_err(stored_fault))
        .transpose()
}

/// Puts a model over the one that is there.
pub(crate) async fn put(
    tx: &mut Tx,
    id: ModelId,
    mut model: ModelWithProvider,
) -> Result<(), StoreError> {
    let model_id = id.to_string();
    let binding = Binding::ApiKey {
        model_id: &model_id,
    };
    let api_key = model.api_key.take();
    let sealed = api_key
        .map(|api_key| tx.keys().seal(binding, &api_key))
        .transpose()?;
    let (key_id, nonce, text) = match sealed {
        Some(sealed) => (Some(sealed.key_id), Some(sealed.nonce), Some(sealed.text)),
        None => (None, None, None),
    };
    tx.query(PUT)
        .bind(model_id.as_str())
        .bind(key_id)
        .bind(nonce)
        .bind(text)
        .bind(pb::ModelWithProvider::from(model).encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// Makes a model the org's default.
pub(crate) async fn put_default(tx: &mut Tx, id: ModelId) -> Result<(), StoreError> {
    tx.query(PUT_DEFAULT).bind(id.to_string()).execute().await?;
    Ok(())
}

fn opened(
    keys: OrgKeys<'_>,
    (model_id, key_id, nonce, text, body): Row,
) -> Result<ModelWithProvider, StoreError> {
    let mut model: pb::ModelWithProvider = decoded(&body)?;
    if let (Some(key_id), Some(nonce), Some(text)) = (key_id, nonce, text) {
        let binding = Binding::ApiKey {
            model_id: &model_id,
        };
        let sealed = (key_id, nonce, text).into();
        model.api_key = Some(keys.unseal(binding, &sealed)?);
    }
    ModelWithProvider::try_from(model).map_err(stored_fault)
}

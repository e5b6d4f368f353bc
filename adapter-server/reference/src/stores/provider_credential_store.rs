//! Credentials of model providers. API keys are sealed.

use crate::db::AnyConnection;
use crate::db::encoding::{decoded, stored_fault};
use crate::db::errors::into_upstream;
use crate::db::{corrupt_row, db_error};
use crate::reference::ScopedReference;
use crate::seal;
use crate::seal::{AssociatedData, KeyRing, Sealed};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::traits::{ProviderCredentialStore, ProviderCredentials};
use mortise_proto::{StoreError, pb};
use prost::Message;

const PUT: &str = "INSERT INTO provider_credentials \
        (org_id, provider_type, key_id, nonce, sealed, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, provider_type) \
    DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                  sealed = excluded.sealed, body = excluded.body";

const FIND: &str = "SELECT key_id, nonce, sealed, body FROM provider_credentials \
                    WHERE org_id = $1 AND provider_type = $2";

const LIST: &str = "SELECT provider_type, key_id, nonce, sealed, body FROM provider_credentials \
                    WHERE org_id = $1 ORDER BY provider_type";

/// The sealed key and the rest.
type Row = (String, Vec<u8>, Vec<u8>, Vec<u8>);

/// The same, after the type of provider.
type Listed = (Vec<u8>, String, Vec<u8>, Vec<u8>, Vec<u8>);

#[async_trait]
impl ProviderCredentialStore for ScopedReference {
    async fn get_default_provider_credentials(
        &self,
        provider_type: &str,
    ) -> Result<Option<ProviderCredentials>, AgentLoopError> {
        self.default_credentials(provider_type)
            .await
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn default_credentials(
        &self,
        provider_type: &str,
    ) -> Result<Option<ProviderCredentials>, StoreError> {
        let org_id = self.scope.org_id;
        let key = self.inner.key.as_ref();
        seal::configured(key)?;
        let mut conn = self.inner.db.reader().await?;
        let row: Option<Row> = sqlx::query_as(FIND)
            .bind(org_id)
            .bind(provider_type.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(db_error)?;
        row.map(|(key_id, nonce, text, body)| {
            let sealed = Sealed {
                key_id,
                nonce,
                text,
            };
            opened(key, org_id, provider_type, &sealed, &body)
        })
        .transpose()
    }
}

/// Puts the org's credentials for a type of provider, in place of those it has.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    provider_type: &str,
    credentials: ProviderCredentials,
) -> Result<(), StoreError> {
    let mut wire = pb::ProviderCredentials::from(credentials);
    let api_key = std::mem::take(&mut wire.api_key);
    let sealed = seal::seal(key, bound(org_id, provider_type), &api_key)?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(provider_type.as_bytes())
        .bind(sealed.key_id)
        .bind(sealed.nonce)
        .bind(sealed.text)
        .bind(wire.encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

/// All credentials of the org, by type of provider.
pub(crate) async fn list_all(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
) -> Result<Vec<(String, ProviderCredentials)>, StoreError> {
    let rows: Vec<Listed> = sqlx::query_as(LIST)
        .bind(org_id)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.into_iter()
        .map(|(provider_type, key_id, nonce, text, body)| {
            let provider_type = String::from_utf8(provider_type)
                .map_err(|_| corrupt_row("a type of provider is not UTF-8"))?;
            let sealed = Sealed {
                key_id,
                nonce,
                text,
            };
            let credentials = opened(key, org_id, &provider_type, &sealed, &body)?;
            Ok((provider_type, credentials))
        })
        .collect()
}

fn opened(
    key: Option<&KeyRing>,
    org_id: i64,
    provider_type: &str,
    sealed: &Sealed,
    body: &[u8],
) -> Result<ProviderCredentials, StoreError> {
    let mut wire: pb::ProviderCredentials = decoded(body)?;
    wire.api_key = seal::unseal(key, bound(org_id, provider_type), sealed)?;
    ProviderCredentials::try_from(wire).map_err(stored_fault)
}

fn bound(org_id: i64, provider_type: &str) -> AssociatedData<'_> {
    AssociatedData::Column {
        org_id,
        table: "provider_credentials",
        row: [provider_type, ""],
    }
}

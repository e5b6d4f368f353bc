//! Credentials of model providers. API keys are sealed.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::{decoded, stored_fault, text};
use crate::seal::{Binding, OrgKeys, Sealed};
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

/// The credentials of an org.
#[derive(Debug)]
pub(crate) struct ProviderKeys {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl ProviderCredentialStore for ProviderKeys {
    async fn get_default_provider_credentials(
        &self,
        provider_type: &str,
    ) -> Result<Option<ProviderCredentials>, AgentLoopError> {
        upstream(async {
            self.ctx.keys().configured()?;
            let mut tx = self.ctx.reader().await?;
            let find = tx.query_as(FIND).bind(provider_type.as_bytes());
            let row: Option<Row> = find.fetch_optional().await?;
            row.map(|(key_id, nonce, text, body)| {
                let sealed = (key_id, nonce, text).into();
                opened(tx.keys(), provider_type, &sealed, &body)
            })
            .transpose()
        })
        .await
    }
}

/// Puts the org's credentials for a type of provider, in place of those it has.
pub(crate) async fn put(
    tx: &mut Tx,
    provider_type: &str,
    credentials: ProviderCredentials,
) -> Result<(), StoreError> {
    let mut wire = pb::ProviderCredentials::from(credentials);
    let api_key = std::mem::take(&mut wire.api_key);
    let sealed = tx.keys().seal(of_provider(provider_type), &api_key)?;
    tx.query(PUT)
        .bind(provider_type.as_bytes())
        .bind(sealed.key_id)
        .bind(sealed.nonce)
        .bind(sealed.text)
        .bind(wire.encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// All credentials of the org, by type of provider.
pub(crate) async fn list_all(
    tx: &mut Tx,
) -> Result<Vec<(String, ProviderCredentials)>, StoreError> {
    let rows: Vec<Listed> = tx.query_as(LIST).fetch_all().await?;
    rows.into_iter()
        .map(|(provider_type, key_id, nonce, sealed, body)| {
            let provider_type = text(provider_type, "a type of provider")?;
            let sealed = (key_id, nonce, sealed).into();
            let credentials = opened(tx.keys(), &provider_type, &sealed, &body)?;
            Ok((provider_type, credentials))
        })
        .collect()
}

fn opened(
    keys: OrgKeys<'_>,
    provider_type: &str,
    sealed: &Sealed,
    body: &[u8],
) -> Result<ProviderCredentials, StoreError> {
    let mut wire: pb::ProviderCredentials = decoded(body)?;
    wire.api_key = keys.unseal(of_provider(provider_type), sealed)?;
    ProviderCredentials::try_from(wire).map_err(stored_fault)
}

fn of_provider(provider_type: &str) -> Binding<'_> {
    Binding::Column {
        table: "provider_credentials",
        row: [provider_type, ""],
    }
}

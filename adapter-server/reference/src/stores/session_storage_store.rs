//! A session's keys and values, and its secrets.
//!
//! Values are no secrets by their contract, but a model may put one there and nothing stops
//! it. So they are sealed where there is a key: it costs a value some 60 bytes and a call
//! about a microsecond, and nothing is chosen or sorted by a value. Names are kept in clear.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{now, text, time};
use crate::seal::{Binding, SealedRow};
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::traits::{KeyInfo, SecretInfo, SessionStorageStore};
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};

/// A value and a secret differ in their table; these statements are otherwise the same.
struct Table {
    delete: &'static str,
    list: &'static str,
}

const VALUES: Table = Table {
    delete: "DELETE FROM session_values WHERE org_id = $1 AND session_id = $2 AND name = $3",
    list: "SELECT name, created_at, updated_at FROM session_values \
           WHERE org_id = $1 AND session_id = $2 ORDER BY name",
};

const SECRETS: Table = Table {
    delete: "DELETE FROM session_secrets WHERE org_id = $1 AND session_id = $2 AND name = $3",
    list: "SELECT name, created_at, updated_at FROM session_secrets \
           WHERE org_id = $1 AND session_id = $2 ORDER BY name",
};

const SET_VALUE: &str = "INSERT INTO session_values \
        (org_id, session_id, name, created_at, updated_at, value) \
    VALUES ($1, $2, $3, $4, $4, $5) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET value = excluded.value, updated_at = CASE \
        WHEN excluded.updated_at > session_values.updated_at THEN excluded.updated_at \
        ELSE session_values.updated_at + 1 END";

const GET_VALUE: &str = "SELECT value FROM session_values \
                         WHERE org_id = $1 AND session_id = $2 AND name = $3";

const SET_SECRET: &str = "INSERT INTO session_secrets \
        (org_id, session_id, name, created_at, updated_at, key_id, nonce, sealed) \
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                  sealed = excluded.sealed, updated_at = CASE \
        WHEN excluded.updated_at > session_secrets.updated_at THEN excluded.updated_at \
        ELSE session_secrets.updated_at + 1 END";

const GET_SECRET: &str = "SELECT key_id, nonce, sealed FROM session_secrets \
                          WHERE org_id = $1 AND session_id = $2 AND name = $3";

/// A name is part of a key, and PostgreSQL's keys have some 2,700 bytes.
const NAME_BYTES_MAX: usize = 2048;

/// Keys, values and secrets of the sessions of an org.
#[derive(Debug)]
pub(crate) struct SessionStorage {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl SessionStorageStore for SessionStorage {
    async fn set_value(
        &self,
        session_id: SessionId,
        key: &str,
        value: &str,
    ) -> Result<(), AgentLoopError> {
        upstream(async {
            let session = session_id.to_string();
            let record = pb::GetValueResponse {
                value: Some(value.into()),
            };
            // Before the transaction: others wait while it is open.
            let body = self.ctx.keys().stored(of_value(&session, key), &record)?;
            let set = self.ctx.run_once(async |tx| {
                session_store::must_be_open(tx, session_id).await?;
                checked(key)?;
                tx.query(SET_VALUE)
                    .bind(session.as_str())
                    .bind(key.as_bytes())
                    .bind(now())
                    .bind(body)
                    .execute()
                    .await?;
                Ok(pb::SetValueResponse {})
            });
            set.await.map(|pb::SetValueResponse {}| ())
        })
        .await
    }

    async fn get_value(
        &self,
        session_id: SessionId,
        key: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        upstream(async {
            let session = session_id.to_string();
            let mut tx = self.ctx.reader().await?;
            let get = tx.query_as(GET_VALUE).bind(session.as_str());
            let row: Option<(Vec<u8>,)> = get.bind(key.as_bytes()).fetch_optional().await?;
            let Some((body,)) = row else {
                return Ok(None);
            };
            let record = tx.keys().opened(of_value(&session, key), &body);
            record.map(|record: pb::GetValueResponse| record.value)
        })
        .await
    }

    async fn delete_value(&self, session_id: SessionId, key: &str) -> Result<bool, AgentLoopError> {
        let delete = self.ctx.run_once(async |tx| {
            let deleted = delete(tx, &VALUES, session_id, key).await?;
            Ok(pb::DeleteValueResponse { deleted })
        });
        upstream(async { Ok(delete.await?.deleted) }).await
    }

    async fn list_keys(&self, session_id: SessionId) -> Result<Vec<KeyInfo>, AgentLoopError> {
        let names = upstream(list(&self.ctx, &VALUES, session_id)).await?;
        let info = |name: Name| KeyInfo {
            key: name.name,
            created_at: time(name.created_at),
            updated_at: time(name.updated_at),
        };
        Ok(names.into_iter().map(info).collect())
    }

    async fn set_secret(
        &self,
        session_id: SessionId,
        name: &str,
        value: &str,
    ) -> Result<(), AgentLoopError> {
        upstream(async {
            let session = session_id.to_string();
            let sealed = self.ctx.keys().seal(of_secret(&session, name), value)?;
            let set = self.ctx.run_once(async |tx| {
                session_store::must_be_open(tx, session_id).await?;
                checked(name)?;
                tx.query(SET_SECRET)
                    .bind(session.as_str())
                    .bind(name.as_bytes())
                    .bind(now())
                    .bind(sealed.key_id)
                    .bind(sealed.nonce)
                    .bind(sealed.text)
                    .execute()
                    .await?;
                Ok(pb::SetSecretResponse {})
            });
            set.await.map(|pb::SetSecretResponse {}| ())
        })
        .await
    }

    async fn get_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        upstream(async {
            self.ctx.keys().configured()?;
            let session = session_id.to_string();
            let mut tx = self.ctx.reader().await?;
            let get = tx.query_as(GET_SECRET).bind(session.as_str());
            let row: Option<SealedRow> = get.bind(name.as_bytes()).fetch_optional().await?;
            row.map(|row| tx.keys().unseal(of_secret(&session, name), &row.into()))
                .transpose()
        })
        .await
    }

    async fn delete_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, AgentLoopError> {
        let delete = self.ctx.run_once(async |tx| {
            let deleted = delete(tx, &SECRETS, session_id, name).await?;
            Ok(pb::DeleteSecretResponse { deleted })
        });
        upstream(async { Ok(delete.await?.deleted) }).await
    }

    async fn list_secrets(&self, session_id: SessionId) -> Result<Vec<SecretInfo>, AgentLoopError> {
        let names = upstream(async {
            self.ctx.keys().configured()?;
            list(&self.ctx, &SECRETS, session_id).await
        });
        let info = |name: Name| SecretInfo {
            name: name.name,
            created_at: time(name.created_at),
            updated_at: time(name.updated_at),
        };
        Ok(names.await?.into_iter().map(info).collect())
    }
}

/// A key or a secret's name.
struct Name {
    name: String,
    created_at: i64,
    updated_at: i64,
}

async fn delete(
    tx: &mut Tx,
    table: &Table,
    session_id: SessionId,
    name: &str,
) -> Result<bool, StoreError> {
    session_store::begin_removal(tx, session_id).await?;
    let delete = tx.query(table.delete).bind(session_id.to_string());
    Ok(delete.bind(name.as_bytes()).execute().await? > 0)
}

async fn list(
    ctx: &StoreCtx,
    table: &Table,
    session_id: SessionId,
) -> Result<Vec<Name>, StoreError> {
    let mut tx = ctx.reader().await?;
    let list = tx.query_as(table.list).bind(session_id.to_string());
    let rows: Vec<(Vec<u8>, i64, i64)> = list.fetch_all().await?;
    let name = |(name, created_at, updated_at)| {
        Ok(Name {
            name: text(name, "a name")?,
            created_at,
            updated_at,
        })
    };
    rows.into_iter().map(name).collect()
}

fn checked(name: &str) -> Result<(), StoreError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(refused(format!(
            "the name has {} bytes, at most {NAME_BYTES_MAX} are allowed",
            name.len()
        )));
    }
    Ok(())
}

fn of_value<'a>(session_id: &'a str, key: &'a str) -> Binding<'a> {
    Binding::Record {
        table: "session_values",
        row: [session_id, key],
    }
}

fn of_secret<'a>(session_id: &'a str, name: &'a str) -> Binding<'a> {
    Binding::Secret { session_id, name }
}

//! A session's keys and values, and its secrets. Secrets are sealed.

use super::db::{fault, unreadable};
use super::errors::upstream;
use super::records::{now_after, time};
use super::seal::{self, Bound, Sealed};
use super::{ScopedReference, session_store};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::traits::{KeyInfo, SecretInfo, SessionStorageStore};
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};
use sqlx::AnyConnection;

/// A value and a secret differ in their table; statements are otherwise the same.
struct Table {
    times: &'static str,
    delete: &'static str,
    list: &'static str,
}

const VALUES: Table = Table {
    times: "SELECT updated_at FROM session_values \
            WHERE org_id = $1 AND session_id = $2 AND name = $3",
    delete: "DELETE FROM session_values WHERE org_id = $1 AND session_id = $2 AND name = $3",
    list: "SELECT name, created_at, updated_at FROM session_values \
           WHERE org_id = $1 AND session_id = $2 ORDER BY name",
};

const SECRETS: Table = Table {
    times: "SELECT updated_at FROM session_secrets \
            WHERE org_id = $1 AND session_id = $2 AND name = $3",
    delete: "DELETE FROM session_secrets WHERE org_id = $1 AND session_id = $2 AND name = $3",
    list: "SELECT name, created_at, updated_at FROM session_secrets \
           WHERE org_id = $1 AND session_id = $2 ORDER BY name",
};

const SET_VALUE: &str = "INSERT INTO session_values \
        (org_id, session_id, name, created_at, updated_at, value) \
    VALUES ($1, $2, $3, $4, $4, $5) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET updated_at = excluded.updated_at, value = excluded.value";

const SET_SECRET: &str = "INSERT INTO session_secrets \
        (org_id, session_id, name, created_at, updated_at, key_id, nonce, sealed) \
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET updated_at = excluded.updated_at, key_id = excluded.key_id, \
                  nonce = excluded.nonce, sealed = excluded.sealed";

const GET_VALUE: &str = "SELECT value FROM session_values \
                         WHERE org_id = $1 AND session_id = $2 AND name = $3";

const GET_SECRET: &str = "SELECT key_id, nonce, sealed FROM session_secrets \
                          WHERE org_id = $1 AND session_id = $2 AND name = $3";

#[async_trait]
impl SessionStorageStore for ScopedReference {
    async fn set_value(
        &self,
        session_id: SessionId,
        key: &str,
        value: &str,
    ) -> Result<(), AgentLoopError> {
        self.set_plain(session_id, key, value)
            .await
            .map_err(upstream)
    }

    async fn get_value(
        &self,
        session_id: SessionId,
        key: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.plain(session_id, key).await.map_err(upstream)
    }

    async fn delete_value(&self, session_id: SessionId, key: &str) -> Result<bool, AgentLoopError> {
        self.delete(&VALUES, session_id, key)
            .await
            .map_err(upstream)
    }

    async fn list_keys(&self, session_id: SessionId) -> Result<Vec<KeyInfo>, AgentLoopError> {
        let names = self.names(&VALUES, session_id).await.map_err(upstream)?;
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
        self.set_sealed(session_id, name, value)
            .await
            .map_err(upstream)
    }

    async fn get_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.sealed(session_id, name).await.map_err(upstream)
    }

    async fn delete_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, AgentLoopError> {
        self.delete(&SECRETS, session_id, name)
            .await
            .map_err(upstream)
    }

    async fn list_secrets(&self, session_id: SessionId) -> Result<Vec<SecretInfo>, AgentLoopError> {
        let key = self.inner.key.as_ref();
        seal::configured(key).map_err(upstream)?;
        let names = self.names(&SECRETS, session_id).await.map_err(upstream)?;
        let info = |name: Name| SecretInfo {
            name: name.name,
            created_at: time(name.created_at),
            updated_at: time(name.updated_at),
        };
        Ok(names.into_iter().map(info).collect())
    }
}

/// A key or a secret's name.
struct Name {
    name: String,
    created_at: i64,
    updated_at: i64,
}

impl ScopedReference {
    async fn set_plain(
        &self,
        session_id: SessionId,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        self.once(async |tx| {
            session_store::must_exist(tx, org_id, session_id).await?;
            let now = moved(tx, &VALUES, org_id, session_id, key).await?;
            sqlx::query(SET_VALUE)
                .bind(org_id)
                .bind(session_id.to_string())
                .bind(key.as_bytes())
                .bind(now)
                .bind(value.as_bytes())
                .execute(tx)
                .await
                .map_err(fault)?;
            Ok(pb::SetValueResponse {})
        })
        .await
        .map(|pb::SetValueResponse {}| ())
    }

    async fn plain(&self, session_id: SessionId, key: &str) -> Result<Option<String>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as(GET_VALUE)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .bind(key.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(fault)?;
        row.map(|(value,)| text(value)).transpose()
    }

    async fn set_sealed(
        &self,
        session_id: SessionId,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        let session = session_id.to_string();
        let bound = Bound::Secret {
            org_id,
            session_id: &session,
            name,
        };
        let sealed = seal::seal(self.inner.key.as_ref(), bound, value)?;
        self.once(async |tx| {
            session_store::must_exist(tx, org_id, session_id).await?;
            let now = moved(tx, &SECRETS, org_id, session_id, name).await?;
            sqlx::query(SET_SECRET)
                .bind(org_id)
                .bind(session.as_str())
                .bind(name.as_bytes())
                .bind(now)
                .bind(sealed.key_id.as_str())
                .bind(sealed.nonce.as_slice())
                .bind(sealed.text.as_slice())
                .execute(tx)
                .await
                .map_err(fault)?;
            Ok(pb::SetSecretResponse {})
        })
        .await
        .map(|pb::SetSecretResponse {}| ())
    }

    async fn sealed(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let key = self.inner.key.as_ref();
        seal::configured(key)?;
        let org_id = self.scope.org_id;
        let session = session_id.to_string();
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(GET_SECRET)
            .bind(org_id)
            .bind(session.as_str())
            .bind(name.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(fault)?;
        let bound = Bound::Secret {
            org_id,
            session_id: &session,
            name,
        };
        let open = |(key_id, nonce, text)| {
            let sealed = Sealed {
                key_id,
                nonce,
                text,
            };
            seal::unseal(key, bound, &sealed)
        };
        row.map(open).transpose()
    }

    async fn delete(
        &self,
        table: &Table,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .once(async |tx| {
                let deleted = sqlx::query(table.delete)
                    .bind(org_id)
                    .bind(session_id.to_string())
                    .bind(name.as_bytes())
                    .execute(tx)
                    .await
                    .map_err(fault)?;
                // The two answers have the same form.
                Ok(pb::DeleteValueResponse {
                    deleted: deleted.rows_affected() > 0,
                })
            })
            .await?;
        Ok(answer.deleted)
    }

    async fn names(&self, table: &Table, session_id: SessionId) -> Result<Vec<Name>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let rows: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as(table.list)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .fetch_all(&mut *conn)
            .await
            .map_err(fault)?;
        rows.into_iter()
            .map(|(name, created_at, updated_at)| {
                Ok(Name {
                    name: text(name)?,
                    created_at,
                    updated_at,
                })
            })
            .collect()
    }
}

/// Now, and later than when the name was last set.
async fn moved(
    tx: &mut AnyConnection,
    table: &Table,
    org_id: i64,
    session_id: SessionId,
    name: &str,
) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as(table.times)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(name.as_bytes())
        .fetch_optional(tx)
        .await
        .map_err(fault)?;
    Ok(now_after(row.map_or(0, |(last,)| last)))
}

fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| unreadable("a value is not UTF-8"))
}

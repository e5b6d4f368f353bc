//! A session's keys and values, and its secrets. What the two have in common stands
//! here.

mod secrets;
mod values;

use crate::db::AnyConnection;
use crate::db::encoding::{now_after, time};
use crate::db::errors::{into_upstream, refused};
use crate::db::{corrupt_row, db_error};
use crate::reference::ScopedReference;
use crate::seal;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::traits::{KeyInfo, SecretInfo, SessionStorageStore};
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};

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

/// A name is part of a key, and PostgreSQL's keys have some 2,700 bytes.
const NAME_BYTES_MAX: usize = 2048;

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
            .map_err(into_upstream)
    }

    async fn get_value(
        &self,
        session_id: SessionId,
        key: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.plain(session_id, key).await.map_err(into_upstream)
    }

    async fn delete_value(&self, session_id: SessionId, key: &str) -> Result<bool, AgentLoopError> {
        self.delete(&VALUES, session_id, key)
            .await
            .map_err(into_upstream)
    }

    async fn list_keys(&self, session_id: SessionId) -> Result<Vec<KeyInfo>, AgentLoopError> {
        let names = self
            .names(&VALUES, session_id)
            .await
            .map_err(into_upstream)?;
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
            .map_err(into_upstream)
    }

    async fn get_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.sealed(session_id, name).await.map_err(into_upstream)
    }

    async fn delete_secret(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, AgentLoopError> {
        self.delete(&SECRETS, session_id, name)
            .await
            .map_err(into_upstream)
    }

    async fn list_secrets(&self, session_id: SessionId) -> Result<Vec<SecretInfo>, AgentLoopError> {
        let key = self.inner.key.as_ref();
        seal::configured(key).map_err(into_upstream)?;
        let names = self
            .names(&SECRETS, session_id)
            .await
            .map_err(into_upstream)?;
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
    async fn delete(
        &self,
        table: &Table,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                let deleted = sqlx::query(table.delete)
                    .bind(org_id)
                    .bind(session_id.to_string())
                    .bind(name.as_bytes())
                    .execute(tx)
                    .await
                    .map_err(db_error)?;
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
            .map_err(db_error)?;
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
    if name.len() > NAME_BYTES_MAX {
        return Err(refused(format!(
            "the name has {} bytes, at most {NAME_BYTES_MAX} are allowed",
            name.len()
        )));
    }
    let row: Option<(i64,)> = sqlx::query_as(table.times)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(name.as_bytes())
        .fetch_optional(tx)
        .await
        .map_err(db_error)?;
    Ok(now_after(row.map_or(0, |(last,)| last)))
}

fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| corrupt_row("a value is not UTF-8"))
}

//! Users' connections. Tokens and what is kept beside them are sealed, each in a table
//! of its own.

use crate::db::AnyConnection;
use crate::db::encoding::stored_fault;
use crate::db::errors::into_upstream;
use crate::db::{corrupt_row, db_error};
use crate::reference::ScopedReference;
use crate::seal;
use crate::seal::{AssociatedData, KeyRing, Sealed};
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::principal::{PrincipalKind, PrincipalSummary};
use everruns_core::traits::UserConnectionResolver;
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session};
use mortise_proto::StoreError;
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::convert::{json_text, secret_json, uuid};
use serde_json::Value;
use uuid::Uuid;

/// A token and its metadata differ in their table; statements are otherwise the same.
struct Table {
    name: &'static str,
    put: &'static str,
    find: &'static str,
}

const TOKENS: Table = Table {
    name: "user_connections",
    put: "INSERT INTO user_connections (org_id, user_id, provider, key_id, nonce, sealed) \
          VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, user_id, provider) \
          DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                        sealed = excluded.sealed",
    find: "SELECT key_id, nonce, sealed FROM user_connections \
           WHERE org_id = $1 AND user_id = $2 AND provider = $3",
};

const METADATA: Table = Table {
    name: "user_connection_metadata",
    put: "INSERT INTO user_connection_metadata \
              (org_id, user_id, provider, key_id, nonce, sealed) \
          VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, user_id, provider) \
          DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, \
                        sealed = excluded.sealed",
    find: "SELECT key_id, nonce, sealed FROM user_connection_metadata \
           WHERE org_id = $1 AND user_id = $2 AND provider = $3",
};

const DROP_METADATA: &str = "DELETE FROM user_connection_metadata \
                             WHERE org_id = $1 AND user_id = $2 AND provider = $3";

const LIST: &str = "SELECT c.user_id, c.provider, c.key_id, c.nonce, c.sealed, \
                           m.key_id, m.nonce, m.sealed \
                    FROM user_connections c LEFT JOIN user_connection_metadata m \
                      ON m.org_id = c.org_id AND m.user_id = c.user_id \
                     AND m.provider = c.provider \
                    WHERE c.org_id = $1 ORDER BY c.user_id, c.provider";

/// User, provider, the token and what is kept beside it.
type Row = (
    String,
    Vec<u8>,
    String,
    Vec<u8>,
    Vec<u8>,
    Option<String>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// Whose connection to what.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    org_id: i64,
    user_id: &'a str,
    provider: &'a str,
}

#[async_trait]
impl UserConnectionResolver for ScopedReference {
    async fn get_connection_token(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.connection_of_session(&TOKENS, session_id, provider)
            .await
            .map_err(into_upstream)
    }

    async fn get_connection_user(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Uuid>, AgentLoopError> {
        self.connected_user(session_id, provider)
            .await
            .map_err(into_upstream)
    }

    async fn get_connection_token_for_user(
        &self,
        user_id: Uuid,
        provider: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        self.connection_of_user(&TOKENS, user_id, provider)
            .await
            .map_err(into_upstream)
    }

    async fn get_connection_metadata(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Value>, AgentLoopError> {
        let text = self
            .connection_of_session(&METADATA, session_id, provider)
            .await;
        text.and_then(|text| text.as_deref().map(value).transpose())
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn connection_of_session(
        &self,
        table: &Table,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<String>, StoreError> {
        seal::configured(self.inner.key.as_ref())?;
        match self.session_user(session_id).await? {
            Some(user_id) => self.connection_of_user(table, user_id, provider).await,
            None => Ok(None),
        }
    }

    async fn connection_of_user(
        &self,
        table: &Table,
        user_id: Uuid,
        provider: &str,
    ) -> Result<Option<String>, StoreError> {
        let key = self.inner.key.as_ref();
        seal::configured(key)?;
        let place = Place {
            org_id: self.scope.org_id,
            user_id: &user_id.to_string(),
            provider,
        };
        let mut conn = self.inner.db.reader().await?;
        let sealed = find(&mut conn, table, place).await?;
        let open = |sealed| seal::unseal(key, place.bound(table), &sealed);
        sealed.map(open).transpose()
    }

    async fn connected_user(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        let Some(user_id) = self.session_user(session_id).await? else {
            return Ok(None);
        };
        let place = Place {
            org_id: self.scope.org_id,
            user_id: &user_id.to_string(),
            provider,
        };
        let mut conn = self.inner.db.reader().await?;
        let sealed = find(&mut conn, &TOKENS, place).await?;
        Ok(sealed.map(|_| user_id))
    }

    /// The human who owns a session; `None` as well if it is not in this org.
    async fn session_user(&self, session_id: SessionId) -> Result<Option<Uuid>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let session = session_store::find(&mut conn, org_id, key, session_id).await?;
        Ok(session.as_ref().and_then(owner))
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn bound(self, table: &Table) -> AssociatedData<'a> {
        AssociatedData::Column {
            org_id: self.org_id,
            table: table.name,
            row: [self.user_id, self.provider],
        }
    }
}

/// The human behind a session. Ownership resolves to exactly one, whom upstream writes
/// on the session itself; a summary says it where that was left out. The subject of an
/// agent's identity or of the system is no user.
fn owner(session: &Session) -> Option<Uuid> {
    let human = |principal: &Option<PrincipalSummary>| {
        let principal = principal.as_ref();
        let user = principal.filter(|principal| principal.kind == PrincipalKind::User);
        user.and_then(|user| user.subject_id)
    };
    session
        .resolved_owner_user_id
        .or_else(|| human(&session.effective_owner))
        .or_else(|| human(&session.owner))
}

// === connections ===

/// Puts a user's connection, in place of the one that user has with the provider.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    connection: &Connection,
) -> Result<(), StoreError> {
    let Connection {
        user_id,
        provider,
        token,
        metadata,
    } = connection;
    let place = Place {
        org_id,
        user_id: &user_id.to_string(),
        provider,
    };
    write(tx, key, &TOKENS, place, token).await?;
    match metadata {
        Some(metadata) => write(tx, key, &METADATA, place, &json_text(metadata)).await,
        None => sqlx::query(DROP_METADATA)
            .bind(org_id)
            .bind(place.user_id)
            .bind(provider.as_bytes())
            .execute(tx)
            .await
            .map(|_| ())
            .map_err(db_error),
    }
}

/// All connections of the org, by user and provider.
pub(crate) async fn list_all(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
) -> Result<Vec<Connection>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(org_id)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.into_iter()
        .map(|row| connection(key, org_id, row))
        .collect()
}

fn connection(
    key: Option<&KeyRing>,
    org_id: i64,
    (user_id, provider, key_id, nonce, text, beside_key_id, beside_nonce, beside): Row,
) -> Result<Connection, StoreError> {
    let provider =
        String::from_utf8(provider).map_err(|_| corrupt_row("a provider is not UTF-8"))?;
    let place = Place {
        org_id,
        user_id: &user_id,
        provider: &provider,
    };
    let token = Sealed {
        key_id,
        nonce,
        text,
    };
    let token = seal::unseal(key, place.bound(&TOKENS), &token)?;
    let metadata = match (beside_key_id, beside_nonce, beside) {
        (Some(key_id), Some(nonce), Some(text)) => {
            let sealed = Sealed {
                key_id,
                nonce,
                text,
            };
            let text = seal::unseal(key, place.bound(&METADATA), &sealed)?;
            Some(value(&text)?)
        }
        _ => None,
    };
    Ok(Connection {
        user_id: uuid("user_id", &user_id).map_err(stored_fault)?,
        provider,
        token,
        metadata,
    })
}

async fn write(
    tx: &mut AnyConnection,
    key: Option<&KeyRing>,
    table: &Table,
    place: Place<'_>,
    text: &str,
) -> Result<(), StoreError> {
    let sealed = seal::seal(key, place.bound(table), text)?;
    sqlx::query(table.put)
        .bind(place.org_id)
        .bind(place.user_id)
        .bind(place.provider.as_bytes())
        .bind(sealed.key_id)
        .bind(sealed.nonce)
        .bind(sealed.text)
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

async fn find(
    conn: &mut AnyConnection,
    table: &Table,
    place: Place<'_>,
) -> Result<Option<Sealed>, StoreError> {
    let row: Option<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(table.find)
        .bind(place.org_id)
        .bind(place.user_id)
        .bind(place.provider.as_bytes())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    Ok(row.map(|(key_id, nonce, text)| Sealed {
        key_id,
        nonce,
        text,
    }))
}

fn value(text: &str) -> Result<Value, StoreError> {
    secret_json("metadata_json", text).map_err(stored_fault)
}

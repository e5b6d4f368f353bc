//! Users' connections. Tokens and what is kept beside them are sealed, each in a table
//! of its own.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::{stored_fault, text};
use crate::seal::{Binding, OrgKeys, Sealed, SealedRow};
use crate::stores::session_store::SESSIONS;
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
    user_id: &'a str,
    provider: &'a str,
}

/// The connections of the users of an org.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl UserConnectionResolver for Connections {
    async fn get_connection_token(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        upstream(self.of_session(&TOKENS, session_id, provider)).await
    }

    async fn get_connection_user(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Uuid>, AgentLoopError> {
        upstream(async {
            let Some(user_id) = self.owner(session_id).await? else {
                return Ok(None);
            };
            let place = Place {
                user_id: &user_id.to_string(),
                provider,
            };
            let sealed = find(&mut self.ctx.reader().await?, &TOKENS, place).await?;
            Ok(sealed.map(|_| user_id))
        })
        .await
    }

    async fn get_connection_token_for_user(
        &self,
        user_id: Uuid,
        provider: &str,
    ) -> Result<Option<String>, AgentLoopError> {
        upstream(self.of_user(&TOKENS, user_id, provider)).await
    }

    async fn get_connection_metadata(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Value>, AgentLoopError> {
        upstream(async {
            let text = self.of_session(&METADATA, session_id, provider).await?;
            text.as_deref().map(value).transpose()
        })
        .await
    }
}

// === impl Connections ===

impl Connections {
    async fn of_session(
        &self,
        table: &Table,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<String>, StoreError> {
        self.ctx.keys().configured()?;
        match self.owner(session_id).await? {
            Some(user_id) => self.of_user(table, user_id, provider).await,
            None => Ok(None),
        }
    }

    async fn of_user(
        &self,
        table: &Table,
        user_id: Uuid,
        provider: &str,
    ) -> Result<Option<String>, StoreError> {
        self.ctx.keys().configured()?;
        let place = Place {
            user_id: &user_id.to_string(),
            provider,
        };
        let sealed = find(&mut self.ctx.reader().await?, table, place).await?;
        let open = |sealed| self.ctx.keys().unseal(place.binding(table), &sealed);
        sealed.map(open).transpose()
    }

    /// The human who owns a session; `None` as well if it is not in this org.
    async fn owner(&self, session_id: SessionId) -> Result<Option<Uuid>, StoreError> {
        let session = SESSIONS
            .find(&mut self.ctx.reader().await?, session_id)
            .await?;
        Ok(session.as_ref().and_then(owner))
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn binding(self, table: &Table) -> Binding<'a> {
        Binding::Column {
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
pub(crate) async fn put(tx: &mut Tx, connection: &Connection) -> Result<(), StoreError> {
    let Connection {
        user_id,
        provider,
        token,
        metadata,
    } = connection;
    let place = Place {
        user_id: &user_id.to_string(),
        provider,
    };
    write(tx, &TOKENS, place, token).await?;
    if let Some(metadata) = metadata {
        return write(tx, &METADATA, place, &json_text(metadata)).await;
    }
    let drop = tx.query(DROP_METADATA).bind(place.user_id);
    drop.bind(provider.as_bytes()).execute().await?;
    Ok(())
}

/// All connections of the org, by user and provider.
pub(crate) async fn list_all(tx: &mut Tx) -> Result<Vec<Connection>, StoreError> {
    let rows: Vec<Row> = tx.query_as(LIST).fetch_all().await?;
    rows.into_iter()
        .map(|row| connection(tx.keys(), row))
        .collect()
}

fn connection(
    keys: OrgKeys<'_>,
    (user_id, provider, key_id, nonce, sealed, beside_key_id, beside_nonce, beside): Row,
) -> Result<Connection, StoreError> {
    let provider = text(provider, "a provider")?;
    let place = Place {
        user_id: &user_id,
        provider: &provider,
    };
    let token = (key_id, nonce, sealed).into();
    let token = keys.unseal(place.binding(&TOKENS), &token)?;
    let metadata = match (beside_key_id, beside_nonce, beside) {
        (Some(key_id), Some(nonce), Some(sealed)) => {
            let sealed = (key_id, nonce, sealed).into();
            let text = keys.unseal(place.binding(&METADATA), &sealed)?;
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

async fn write(tx: &mut Tx, table: &Table, place: Place<'_>, text: &str) -> Result<(), StoreError> {
    let sealed = tx.keys().seal(place.binding(table), text)?;
    tx.query(table.put)
        .bind(place.user_id)
        .bind(place.provider.as_bytes())
        .bind(sealed.key_id)
        .bind(sealed.nonce)
        .bind(sealed.text)
        .execute()
        .await?;
    Ok(())
}

async fn find(tx: &mut Tx, table: &Table, place: Place<'_>) -> Result<Option<Sealed>, StoreError> {
    let find = tx.query_as(table.find).bind(place.user_id);
    let find = find.bind(place.provider.as_bytes());
    let row: Option<SealedRow> = find.fetch_optional().await?;
    Ok(row.map(Sealed::from))
}

fn value(text: &str) -> Result<Value, StoreError> {
    secret_json("metadata_json", text).map_err(stored_fault)
}

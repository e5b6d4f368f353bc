//! Locks that a change takes where it reads first and writes what follows from it.
//!
//! SQLite has one writer, so there is nothing to lock. PostgreSQL has many: two
//! changes that read the same row and write what they made of it would lose one.

use super::db::fault;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use sqlx::AnyConnection;

const POSTGRES: &str = "PostgreSQL";

const SESSION: &str = "SELECT 1 FROM sessions WHERE org_id = $1 AND id = $2 FOR UPDATE";

const ORG: &str =
    "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, $2))) AS locked";

/// Makes other changes that lock the same session wait until this one is over.
pub(super) async fn session(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    if tx.backend_name() != POSTGRES {
        return Ok(());
    }
    let locked = sqlx::query(SESSION)
        .bind(org_id)
        .bind(session_id.to_string())
        .fetch_optional(tx)
        .await;
    locked.map(|_| ()).map_err(fault)
}

/// Makes other changes to the same thing of the same org wait until this one is
/// over; `what` names the thing, such as a table.
pub(super) async fn org(tx: &mut AnyConnection, org_id: i64, what: &str) -> Result<(), StoreError> {
    if tx.backend_name() != POSTGRES {
        return Ok(());
    }
    let locked = sqlx::query(ORG).bind(what).bind(org_id).execute(tx).await;
    locked.map(|_| ()).map_err(fault)
}

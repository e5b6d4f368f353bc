//! Whether the keys at hand open what is stored: found out at the start, not when the
//! first secret is read.

use crate::db;
use crate::db::AnyConnection;
use crate::db::encoding::now;
use crate::db::{Db, db_error};
use crate::seal::keys::KEY_ID_BYTES;
use crate::seal::sealed_columns::{Form, PLACES, Place};
use crate::seal::{KeyRing, record};
use mortise_proto::StoreError;

const KNOWN: &str = "SELECT key_id FROM sealing_keys ORDER BY created_at, key_id";

const REMEMBER: &str = "INSERT INTO sealing_keys (key_id, created_at) VALUES ($1, $2) \
                        ON CONFLICT (key_id) DO NOTHING";

const FORGET: &str = "DELETE FROM sealing_keys WHERE key_id = $1";

const FORGET_OTHERS: &str = "DELETE FROM sealing_keys WHERE key_id <> $1";

/// The names of keys that something is sealed with and that are not at hand. Notes the
/// current key, so that the next start can tell.
pub(crate) async fn missing_keys(
    db: &Db,
    keys: Option<&KeyRing>,
) -> Result<Vec<String>, StoreError> {
    let mut tx = db.write().await?;
    let known: Vec<(String,)> = sqlx::query_as(KNOWN)
        .fetch_all(&mut *tx)
        .await
        .map_err(db_error)?;
    let mut missing = Vec::new();
    for (key_id,) in known {
        if keys.is_some_and(|keys| keys.find(&key_id).is_some()) {
            continue;
        }
        if is_used(&mut tx, &key_id).await? {
            missing.push(key_id);
        } else {
            let forgotten = sqlx::query(FORGET).bind(key_id).execute(&mut *tx).await;
            forgotten.map_err(db_error)?;
        }
    }
    if !missing.is_empty() {
        return Ok(missing);
    }
    if let Some(keys) = keys {
        sqlx::query(REMEMBER)
            .bind(keys.current().id())
            .bind(now())
            .execute(&mut *tx)
            .await
            .map_err(db_error)?;
    }
    db::commit(tx).await?;
    Ok(missing)
}

/// Forgets every key but the current one: nothing is sealed with them any more.
pub(super) async fn forget_others(db: &Db, keys: &KeyRing) -> Result<(), StoreError> {
    let mut tx = db.write().await?;
    sqlx::query(FORGET_OTHERS)
        .bind(keys.current().id())
        .execute(&mut *tx)
        .await
        .map_err(db_error)?;
    db::commit(tx).await
}

/// How many rows of a place a key sealed.
pub(super) async fn sealed_with(
    conn: &mut AnyConnection,
    place: &Place,
    key_id: &str,
) -> Result<u64, StoreError> {
    let query = sqlx::query_as(place.statements.count);
    let query = match place.form {
        Form::Columns(_) => query.bind(key_id.to_string()),
        Form::Record(_) => query.bind(record::prefix(id_bytes(key_id))),
    };
    let (count,): (i64,) = query.fetch_one(conn).await.map_err(db_error)?;
    Ok(count.unsigned_abs())
}

async fn is_used(conn: &mut AnyConnection, key_id: &str) -> Result<bool, StoreError> {
    for place in PLACES {
        if sealed_with(conn, place, key_id).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The bytes of a key's name. A name that is none gives those of no key.
fn id_bytes(key_id: &str) -> [u8; KEY_ID_BYTES] {
    let number = u64::from_str_radix(key_id, 16).unwrap_or_default();
    number.to_be_bytes()
}

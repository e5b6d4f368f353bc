//! Whether the keys at hand open what is stored: found out at the start, not when the
//! first secret is read.

use crate::db::{AllOrgs, Db};
use crate::encoding::now;
use crate::rotation::sealed_columns::{Form, PLACES, Place};
use crate::seal;
use crate::seal::{KEY_ID_BYTES, KeyRing};
use mortise_proto::StoreError;

const KNOWN: &str = "SELECT key_id FROM sealing_keys ORDER BY created_at, key_id";

const REMEMBER: &str = "INSERT INTO sealing_keys (key_id, created_at) VALUES ($1, $2) \
                        ON CONFLICT (key_id) DO NOTHING";

const FORGET: &str = "DELETE FROM sealing_keys WHERE key_id = $1";

const FORGET_OTHERS: &str = "DELETE FROM sealing_keys WHERE key_id <> $1";

/// The names of keys that something is sealed with and that are not at hand. Notes the
/// current key, so that the next start can tell.
pub(crate) async fn missing_keys(db: &Db) -> Result<Vec<String>, StoreError> {
    let keys = db.keys();
    let mut tx = db.write_all_orgs().await?;
    let known: Vec<(String,)> = tx.query_as(KNOWN).fetch_all().await?;
    let mut missing = Vec::new();
    for (key_id,) in known {
        if keys.is_some_and(|keys| keys.find(&key_id).is_some()) {
            continue;
        }
        if is_used(&mut tx, &key_id).await? {
            missing.push(key_id);
        } else {
            tx.query(FORGET).bind(key_id).execute().await?;
        }
    }
    if !missing.is_empty() {
        return Ok(missing);
    }
    if let Some(keys) = keys {
        let remember = tx.query(REMEMBER).bind(keys.current().id()).bind(now());
        remember.execute().await?;
    }
    tx.commit().await?;
    Ok(missing)
}

/// Forgets every key but the current one: nothing is sealed with them any more.
pub(super) async fn forget_others(db: &Db, keys: &KeyRing) -> Result<(), StoreError> {
    let mut tx = db.write_all_orgs().await?;
    let forget = tx.query(FORGET_OTHERS).bind(keys.current().id());
    forget.execute().await?;
    tx.commit().await
}

/// How many rows of a place a key sealed.
pub(super) async fn sealed_with(
    tx: &mut AllOrgs,
    place: &Place,
    key_id: &str,
) -> Result<u64, StoreError> {
    let query = tx.query_as(place.statements.count);
    let query = match place.form {
        Form::Columns(_) => query.bind(key_id.to_string()),
        Form::Record(_) => query.bind(seal::prefix(id_bytes(key_id))),
    };
    let (count,): (i64,) = query.fetch_one().await?;
    Ok(count.unsigned_abs())
}

async fn is_used(tx: &mut AllOrgs, key_id: &str) -> Result<bool, StoreError> {
    for place in PLACES {
        if sealed_with(tx, place, key_id).await? > 0 {
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

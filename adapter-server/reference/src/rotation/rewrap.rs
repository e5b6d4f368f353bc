//! Sealing everything with the current key.
//!
//! A row is read, opened with whatever key sealed it, sealed again, and put back if it
//! is still the one that was read: a server may be changing rows meanwhile. Rows that
//! the current key sealed are passed over, so that an interrupted run starts again
//! and goes on where he was.

use crate::db::{AllOrgs, Db, Statement, db_error, unavailable};
use crate::encoding::corrupt_row;
use crate::rotation::check::{forget_others, sealed_with};
use crate::rotation::sealed_columns::{Form, KeyColumn, PLACES, Place};
use crate::seal;
use crate::seal::{KeyRing, OrgKeys, Sealed};
use mortise_proto::StoreError;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// Rows of one transaction: a server waits for it.
const BATCH: i64 = 64;

/// How often a table is gone through whose rows change meanwhile.
const ROUNDS: u32 = 8;

/// What was done to a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// The table, and the column where several of it are sealed (`table.column`).
    pub table: &'static str,
    /// Rows that an older key had sealed.
    pub resealed: u64,
    /// Rows with secrets in clear, from a time without a key.
    pub newly_sealed: u64,
    /// Rows that the current key had sealed before.
    pub already_current: u64,
    /// Rows that no key opens: they were changed in the database, and are as they were.
    pub unreadable: u64,
}

/// The key of a row.
#[derive(Debug, Clone)]
struct RowKey {
    org_id: i64,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Bytes(Vec<u8>),
}

/// What is stored in a row.
enum Stored {
    Columns(Sealed),
    Record(Vec<u8>),
}

/// What becomes of a row.
enum Renewed {
    Rewrapped(Stored),
    NewlySealed(Stored),
    /// It holds no secret.
    AsItWas,
}

/// Seals everything that is stored with the current key and tells `report` of each table
/// when it is done. See `Reference::rewrap`.
pub(crate) async fn rewrap_all(
    db: &Db,
    mut report: impl FnMut(&Rewrapped),
) -> Result<(), StoreError> {
    let keys = seal::configured(db.keys())?;
    let mut is_complete = true;
    for place in PLACES {
        let done = rewrap(db, keys, place).await?;
        is_complete &= done.unreadable == 0;
        report(&done);
    }
    if is_complete {
        forget_others(db, keys).await?;
    }
    Ok(())
}

async fn rewrap(db: &Db, keys: &KeyRing, place: &Place) -> Result<Rewrapped, StoreError> {
    let mut reader = db.read_all_orgs().await?;
    let current = keys.current().id();
    let mut done = Rewrapped {
        table: place.table,
        already_current: sealed_with(&mut reader, place, current).await?,
        ..Rewrapped::default()
    };
    drop(reader);
    for _ in 0..ROUNDS {
        done.unreadable = 0;
        if round(db, keys, place, &mut done).await? {
            return Ok(done);
        }
    }
    Err(unavailable(format!(
        "rows of {} kept changing meanwhile; run the command again to continue",
        place.table
    )))
}

/// Goes through the table once, and says whether every row stayed as it was read.
async fn round(
    db: &Db,
    keys: &KeyRing,
    place: &Place,
    done: &mut Rewrapped,
) -> Result<bool, StoreError> {
    let mut is_settled = true;
    let mut after = RowKey::first(place);
    loop {
        let rows = rest(db, keys, place, &after).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(is_settled);
        };
        after = last.clone();
        let mut changes = Vec::new();
        for (key, old) in rows {
            match renew(keys, place, &key, &old) {
                Ok(Renewed::AsItWas) => {}
                Ok(Renewed::Rewrapped(new)) => changes.push((key, old, new, true)),
                Ok(Renewed::NewlySealed(new)) => changes.push((key, old, new, false)),
                Err(error) => {
                    tracing::warn!(table = place.table, org = key.org_id, %error, "row cannot be decrypted; left unchanged");
                    done.unreadable += 1;
                }
            }
        }
        if changes.is_empty() {
            continue;
        }
        let mut tx = db.write_all_orgs_alone().await?;
        for (key, old, new, was_sealed) in changes {
            if !replace(&mut tx, place, &key, old, new).await? {
                is_settled = false;
            } else if was_sealed {
                done.resealed += 1;
            } else {
                done.newly_sealed += 1;
            }
        }
        tx.commit().await?;
    }
}

/// The next rows that the current key did not seal.
async fn rest(
    db: &Db,
    keys: &KeyRing,
    place: &Place,
    after: &RowKey,
) -> Result<Vec<(RowKey, Stored)>, StoreError> {
    let mut tx = db.read_all_orgs().await?;
    let query = tx.query(place.statements.rest);
    let current = keys.current();
    let query = match place.form {
        Form::Columns(_) => query.bind(current.id().to_string()),
        Form::Record(_) => query.bind(seal::prefix(current.id_bytes())),
    };
    let query = after.bind(query.bind(BATCH));
    let rows = query.fetch_rows().await?;
    rows.iter().map(|row| read(place, row)).collect()
}

fn read(place: &Place, row: &AnyRow) -> Result<(RowKey, Stored), StoreError> {
    let (stored, columns) = match place.form {
        Form::Columns(_) => {
            let sealed = Sealed {
                key_id: row.try_get(0).map_err(db_error)?,
                nonce: row.try_get(1).map_err(db_error)?,
                text: row.try_get(2).map_err(db_error)?,
            };
            (Stored::Columns(sealed), 3)
        }
        Form::Record(_) => (Stored::Record(row.try_get(0).map_err(db_error)?), 1),
    };
    let part = |(position, column): (usize, &KeyColumn)| match column {
        KeyColumn::Text => row.try_get(columns + 1 + position).map(Part::Text),
        KeyColumn::Bytes => row.try_get(columns + 1 + position).map(Part::Bytes),
    };
    let parts = place.keys.iter().enumerate().map(part);
    let key = RowKey {
        org_id: row.try_get(columns).map_err(db_error)?,
        parts: parts.collect::<Result<_, _>>().map_err(db_error)?,
    };
    Ok((key, stored))
}

fn renew(keys: &KeyRing, place: &Place, key: &RowKey, old: &Stored) -> Result<Renewed, StoreError> {
    let names = key.names()?;
    let binding = place.binding([&names[0], &names[1]]);
    let keys = OrgKeys::new(Some(keys), key.org_id);
    match (old, &place.form) {
        (Stored::Columns(sealed), _) => {
            let value = keys.unseal(binding, sealed)?;
            let sealed = keys.seal(binding, &value)?;
            Ok(Renewed::Rewrapped(Stored::Columns(sealed)))
        }
        (Stored::Record(body), Form::Record(holds_secret)) => {
            if let Some(message) = keys.open_envelope(binding, body)? {
                let body = keys.seal_message(binding, &message)?;
                return Ok(Renewed::Rewrapped(Stored::Record(body)));
            }
            if !holds_secret(body) {
                return Ok(Renewed::AsItWas);
            }
            let body = keys.seal_message(binding, body)?;
            Ok(Renewed::NewlySealed(Stored::Record(body)))
        }
        (Stored::Record(_), Form::Columns(_)) => Ok(Renewed::AsItWas),
    }
}

/// Puts the new in place of the old, and says whether the old still stood there.
async fn replace(
    tx: &mut AllOrgs,
    place: &Place,
    key: &RowKey,
    old: Stored,
    new: Stored,
) -> Result<bool, StoreError> {
    let text = |stored: &Stored| match stored {
        Stored::Columns(sealed) => sealed.text.clone(),
        Stored::Record(body) => body.clone(),
    };
    let query = tx.query(place.statements.replace);
    let mut query = query.bind(text(&new)).bind(text(&old));
    if let Stored::Columns(sealed) = new {
        query = query.bind(sealed.key_id).bind(sealed.nonce);
    }
    Ok(key.bind(query).execute().await? > 0)
}

// === impl RowKey ===

impl RowKey {
    /// Before every row.
    fn first(place: &Place) -> Self {
        let part = |column: &KeyColumn| match column {
            KeyColumn::Text => Part::Text(String::new()),
            KeyColumn::Bytes => Part::Bytes(Vec::new()),
        };
        Self {
            org_id: i64::MIN,
            parts: place.keys.iter().map(part).collect(),
        }
    }

    fn bind<'t>(&self, query: Statement<'t>) -> Statement<'t> {
        let query = query.bind(self.org_id);
        self.parts.iter().fold(query, |query, part| match part {
            Part::Text(text) => query.bind(text.clone()),
            Part::Bytes(bytes) => query.bind(bytes.clone()),
        })
    }

    /// As a sealed value is bound to them.
    fn names(&self) -> Result<[String; 2], StoreError> {
        let mut names = [String::new(), String::new()];
        for (name, part) in names.iter_mut().zip(&self.parts) {
            *name = match part {
                Part::Text(text) => text.clone(),
                Part::Bytes(bytes) => String::from_utf8(bytes.clone())
                    .map_err(|_| corrupt_row("a key column is not UTF-8"))?,
            };
        }
        Ok(names)
    }
}

//! Records by name: which harnesses and agents lists show, and which names are taken. A
//! model, a budget and an account need no name; a platform file may give them one.

use crate::db::AnyConnection;
use crate::db::errors::refused;
use crate::db::{corrupt_row, db_error};
use crate::seal::{AssociatedData, KeyRing, opened_domain};
use mortise_proto::StoreError;
use mortise_proto::convert::ConvertError;
use prost::Message;

const PUT: &str = "INSERT INTO catalog (org_id, kind, id, status, name) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, kind, id) \
    DO UPDATE SET status = excluded.status, name = excluded.name";

const TAKEN: &str = "SELECT id FROM catalog WHERE org_id = $1 AND kind = $2 AND name = $3 \
                     AND status = 'ACTIVE' AND id <> $4 LIMIT 1";

const NAMES: &str = "SELECT id, name FROM catalog WHERE org_id = $1 AND kind = $2 \
                     AND status = 'ACTIVE' ORDER BY name, id";

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Harness,
    Agent,
    Model,
    Budget,
    PaymentAccount,
}

/// What can be listed.
#[derive(Debug)]
pub(crate) struct Listing {
    kind: Kind,
    /// The table of its records.
    table: &'static str,
    statement: &'static str,
}

pub(crate) const HARNESSES: Listing = Listing {
    kind: Kind::Harness,
    table: "harnesses",
    statement: "SELECT r.id, r.body FROM catalog c \
        JOIN harnesses r ON r.org_id = c.org_id AND r.id = c.id \
        WHERE c.org_id = $1 AND c.kind = $2 AND c.status = 'ACTIVE' ORDER BY c.name, c.id",
};

pub(crate) const AGENTS: Listing = Listing {
    kind: Kind::Agent,
    table: "agents",
    statement: "SELECT r.id, r.body FROM catalog c \
        JOIN agents r ON r.org_id = c.org_id AND r.id = c.id \
        WHERE c.org_id = $1 AND c.kind = $2 AND c.status = 'ACTIVE' ORDER BY c.name, c.id",
};

/// One entry.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: &'a str,
    /// As people who look into the database read it; lists show `ACTIVE` ones.
    pub(crate) status: &'static str,
    pub(crate) name: &'a str,
}

// === impl Kind ===

impl Kind {
    /// As it is stored; it is also what locks on names are taken by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Budget => "budget",
            Self::PaymentAccount => "payment account",
        }
    }
}

/// Puts an entry over the one that is there.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    sqlx::query(PUT)
        .bind(org_id)
        .bind(entry.kind.name())
        .bind(entry.id)
        .bind(entry.status)
        .bind(entry.name.as_bytes())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

/// Whether an active one other than `id` has the name.
pub(crate) async fn is_taken(
    conn: &mut AnyConnection,
    org_id: i64,
    kind: Kind,
    name: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(TAKEN)
        .bind(org_id)
        .bind(kind.name())
        .bind(name.as_bytes())
        .bind(id)
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    Ok(row.is_some())
}

/// Fails if an active one other than `id` has the name.
pub(crate) async fn must_be_free(
    conn: &mut AnyConnection,
    org_id: i64,
    kind: Kind,
    name: &str,
    id: &str,
) -> Result<(), StoreError> {
    if is_taken(conn, org_id, kind, name, id).await? {
        let kind = kind.name();
        return Err(refused(format!(
            "another {kind} already has the name {name:?}; choose another name"
        )));
    }
    Ok(())
}

/// The active ones that have a name: ids and names, ascending by name.
pub(crate) async fn names(
    conn: &mut AnyConnection,
    org_id: i64,
    kind: Kind,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(NAMES)
        .bind(org_id)
        .bind(kind.name())
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.into_iter()
        .map(|(id, name)| match String::from_utf8(name) {
            Ok(name) => Ok((id, name)),
            Err(_) => Err(corrupt_row("a name is not UTF-8")),
        })
        .collect()
}

/// The active ones, ascending by name.
pub(crate) async fn active<W, D>(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    listing: &Listing,
) -> Result<Vec<D>, StoreError>
where
    W: Message + Default,
    D: TryFrom<W, Error = ConvertError>,
{
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(listing.statement)
        .bind(org_id)
        .bind(listing.kind.name())
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    let open = |(id, body): &(String, Vec<u8>)| {
        opened_domain::<W, D>(key, AssociatedData::record(org_id, listing.table, id), body)
    };
    rows.iter().map(open).collect()
}

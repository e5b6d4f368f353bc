//! Records by name: which harnesses and agents lists show, and which names are taken. A
//! model, a budget and an account need no name; a platform file may give them one.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::text;
use mortise_proto::StoreError;

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
pub(crate) async fn put(tx: &mut Tx, entry: Entry<'_>) -> Result<(), StoreError> {
    tx.query(PUT)
        .bind(entry.kind.name())
        .bind(entry.id)
        .bind(entry.status)
        .bind(entry.name.as_bytes())
        .execute()
        .await?;
    Ok(())
}

/// Whether an active one other than `id` has the name.
pub(crate) async fn is_taken(
    tx: &mut Tx,
    kind: Kind,
    name: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let row: Option<(String,)> = tx
        .query_as(TAKEN)
        .bind(kind.name())
        .bind(name.as_bytes())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.is_some())
}

/// Fails if an active one other than `id` has the name.
pub(crate) async fn must_be_free(
    tx: &mut Tx,
    kind: Kind,
    name: &str,
    id: &str,
) -> Result<(), StoreError> {
    if is_taken(tx, kind, name, id).await? {
        let kind = kind.name();
        return Err(refused(format!(
            "another {kind} already has the name {name:?}; choose another name"
        )));
    }
    Ok(())
}

/// The active ones that have a name: ids and names, ascending by name.
pub(crate) async fn names(tx: &mut Tx, kind: Kind) -> Result<Vec<(String, String)>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = tx.query_as(NAMES).bind(kind.name()).fetch_all().await?;
    rows.into_iter()
        .map(|(id, name)| Ok((id, text(name, "a name")?)))
        .collect()
}

//! Harnesses and their chains.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::refused;
use crate::stores::names;
use crate::stores::sealed_table::SealedTable;
use async_trait::async_trait;
use everruns_core::harness::HarnessStatus;
use everruns_core::typed_id::HarnessId;
use everruns_core::{AgentLoopError, Harness, traits::HarnessStore};
use mortise_proto::{StoreError, pb};
use std::collections::HashSet;

/// The longest chain. Longer ones are refused, never cut: a cut chain would lose the
/// restrictions of its root.
pub(crate) const CHAIN_MAX: i64 = 64;

/// The harness and those above it. A cycle goes round until the limit.
const CHAIN: &str = "WITH RECURSIVE chain (id, parent_id, body, depth) AS ( \
                         SELECT id, parent_id, body, 1 FROM harnesses \
                         WHERE org_id = $1 AND id = $2 \
                         UNION ALL \
                         SELECT above.id, above.parent_id, above.body, chain.depth + 1 \
                         FROM harnesses above JOIN chain ON above.id = chain.parent_id \
                         WHERE above.org_id = $1 AND chain.depth <= $3 \
                     ) SELECT id, body FROM chain ORDER BY depth";

const PUT: &str = "INSERT INTO harnesses (org_id, id, parent_id, body) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, id) \
    DO UPDATE SET parent_id = excluded.parent_id, body = excluded.body";

const FIND: &str = "SELECT body FROM harnesses WHERE org_id = $1 AND id = $2";

const LIST: &str = "SELECT r.id, r.body FROM catalog c \
    JOIN harnesses r ON r.org_id = c.org_id AND r.id = c.id \
    WHERE c.org_id = $1 AND c.kind = 'harness' AND c.status = 'ACTIVE' ORDER BY c.name, c.id";

pub(crate) const HARNESSES: SealedTable<pb::Harness, Harness> =
    SealedTable::new("harness", "harnesses", FIND);

/// The harnesses of an org.
#[derive(Debug)]
pub(crate) struct Harnesses {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl HarnessStore for Harnesses {
    async fn get_harness_chain(
        &self,
        harness_id: HarnessId,
    ) -> Result<Vec<Harness>, AgentLoopError> {
        upstream(async { chain(&mut self.ctx.reader().await?, harness_id).await }).await
    }
}

/// The active ones, ascending by name.
pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<Harness>, StoreError> {
    let rows = tx.query_as(LIST).fetch_all().await?;
    HARNESSES.open_all(tx, &rows)
}

/// Puts a harness over the one that is there.
pub(crate) async fn put(tx: &mut Tx, harness: &Harness) -> Result<(), StoreError> {
    let id = harness.id.to_string();
    let body = HARNESSES.seal(tx, &id, &pb::Harness::from(harness.clone()))?;
    tx.query(PUT)
        .bind(id.as_str())
        .bind(harness.parent_harness_id.map(|id| id.to_string()))
        .bind(body)
        .execute()
        .await?;
    let entry = names::Entry {
        kind: names::Kind::Harness,
        id: &id,
        status: match harness.status {
            HarnessStatus::Active => "ACTIVE",
            HarnessStatus::Archived => "ARCHIVED",
            HarnessStatus::Deleted => "DELETED",
        },
        name: &harness.name,
    };
    names::put(tx, entry).await
}

/// Root first. A cycle is cut where it closes.
pub(crate) async fn chain(tx: &mut Tx, harness_id: HarnessId) -> Result<Vec<Harness>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = tx
        .query_as(CHAIN)
        .bind(harness_id.to_string())
        .bind(CHAIN_MAX)
        .fetch_all()
        .await?;
    let mut seen = HashSet::new();
    let mut own: Vec<_> = Vec::with_capacity(rows.len());
    for (id, body) in rows {
        if !seen.insert(id.clone()) {
            break;
        }
        own.push((id, body));
    }
    let mut chain = HARNESSES.open_all(tx, &own)?;
    if chain.len() as i64 > CHAIN_MAX {
        return Err(refused(format!(
            "the chain of {harness_id} is longer than {CHAIN_MAX} harnesses"
        )));
    }
    chain.reverse();
    Ok(chain)
}

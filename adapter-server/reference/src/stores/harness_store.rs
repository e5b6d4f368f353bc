//! Harnesses and their chains.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::errors::{into_upstream, refused};
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, KeyRing, opened_domain, stored};
use crate::stores::names;
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

#[async_trait]
impl HarnessStore for ScopedReference {
    async fn get_harness_chain(
        &self,
        harness_id: HarnessId,
    ) -> Result<Vec<Harness>, AgentLoopError> {
        self.harness_chain(harness_id).await.map_err(into_upstream)
    }
}

impl ScopedReference {
    pub(crate) async fn harness_chain(
        &self,
        harness_id: HarnessId,
    ) -> Result<Vec<Harness>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        chain(
            &mut conn,
            self.scope.org_id,
            self.inner.key.as_ref(),
            harness_id,
        )
        .await
    }
}

/// Puts a harness over the one that is there.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    harness: &Harness,
) -> Result<(), StoreError> {
    let id = harness.id.to_string();
    let bound = AssociatedData::record(org_id, "harnesses", &id);
    let body = stored(key, bound, &pb::Harness::from(harness.clone()))?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(id.as_str())
        .bind(harness.parent_harness_id.map(|id| id.to_string()))
        .bind(body)
        .execute(&mut *tx)
        .await
        .map_err(db_error)?;
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
    names::put(tx, org_id, entry).await
}

/// A harness by itself.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    harness_id: HarnessId,
) -> Result<Option<Harness>, StoreError> {
    let id = harness_id.to_string();
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    let bound = AssociatedData::record(org_id, "harnesses", &id);
    row.map(|(body,)| opened_domain::<pb::Harness, _>(key, bound, &body))
        .transpose()
}

/// Root first. A cycle is cut where it closes.
pub(crate) async fn chain(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    harness_id: HarnessId,
) -> Result<Vec<Harness>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(CHAIN)
        .bind(org_id)
        .bind(harness_id.to_string())
        .bind(CHAIN_MAX)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    let mut seen = HashSet::new();
    let mut chain = Vec::new();
    for (id, body) in rows {
        if seen.contains(&id) {
            break;
        }
        let bound = AssociatedData::record(org_id, "harnesses", &id);
        chain.push(opened_domain::<pb::Harness, _>(key, bound, &body)?);
        seen.insert(id);
    }
    if chain.len() as i64 > CHAIN_MAX {
        return Err(refused(format!(
            "the chain of {harness_id} is longer than {CHAIN_MAX} harnesses"
        )));
    }
    chain.reverse();
    Ok(chain)
}

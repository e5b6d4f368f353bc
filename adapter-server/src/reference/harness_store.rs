//! Harnesses and their chains.

use super::ScopedReference;
use super::db::fault;
use super::errors::{refused, upstream};
use super::records::domain;
use async_trait::async_trait;
use everruns_core::typed_id::HarnessId;
use everruns_core::{AgentLoopError, Harness, traits::HarnessStore};
use mortise_proto::{StoreError, pb};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// The longest chain. Longer ones are refused, never cut: a cut chain would lose the
/// restrictions of its root.
const CHAIN_MAX: i64 = 64;

/// The harness and those above it. A cycle goes round until the limit.
const CHAIN: &str = "WITH RECURSIVE chain (id, parent_id, body, depth) AS ( \
                         SELECT id, parent_id, body, 1 FROM harnesses \
                         WHERE org_id = $1 AND id = $2 \
                         UNION ALL \
                         SELECT above.id, above.parent_id, above.body, chain.depth + 1 \
                         FROM harnesses above JOIN chain ON above.id = chain.parent_id \
                         WHERE above.org_id = $1 AND chain.depth <= $3 \
                     ) SELECT id, body FROM chain ORDER BY depth";

#[async_trait]
impl HarnessStore for ScopedReference {
    async fn get_harness_chain(
        &self,
        harness_id: HarnessId,
    ) -> Result<Vec<Harness>, AgentLoopError> {
        self.harness_chain(harness_id).await.map_err(upstream)
    }
}

impl ScopedReference {
    pub(super) async fn harness_chain(
        &self,
        harness_id: HarnessId,
    ) -> Result<Vec<Harness>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        chain(&mut conn, self.scope.org_id, harness_id).await
    }
}

/// Root first. A cycle is cut where it closes.
pub(super) async fn chain(
    conn: &mut AnyConnection,
    org_id: i64,
    harness_id: HarnessId,
) -> Result<Vec<Harness>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(CHAIN)
        .bind(org_id)
        .bind(harness_id.to_string())
        .bind(CHAIN_MAX)
        .fetch_all(conn)
        .await
        .map_err(fault)?;
    let mut seen = HashSet::new();
    let mut chain = Vec::new();
    for (id, body) in rows {
        if !seen.insert(id) {
            break;
        }
        chain.push(domain::<pb::Harness, _>(&body)?);
    }
    if chain.len() as i64 > CHAIN_MAX {
        return Err(refused(format!(
            "the chain of {harness_id} is longer than {CHAIN_MAX} harnesses"
        )));
    }
    chain.reverse();
    Ok(chain)
}

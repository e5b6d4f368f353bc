//! Memories. What a search looks through stands apart from the images, which only the
//! memories that are found are read for.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::refused;
use crate::db::locks;
use crate::encoding::{decoded, domain, nanos, now_after, stored_fault, time};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::memory_store::{
    Memory, MemoryContentPart, MemoryKind, MemoryLimits, MemoryQuery, MemoryStoreBackend,
    MemoryStoreEntity,
};
use everruns_core::typed_id::{MemoryId, MemoryStoreId, OrgId};
use futures::TryStreamExt;
use mortise_proto::convert::{nested, timestamp, to_timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;

const DEFAULT_NAME: &str = "default";

/// What a limit of zero means.
const RECALLED: usize = 10;

/// The most that the memories of one answer may hold beside their text, in bytes.
const PARTS_BYTES_MAX: usize = 64 * 1024 * 1024;

const DEFAULT_STORE: &str = "SELECT body FROM memory_stores WHERE org_id = $1 AND is_default = 1";

const STORE: &str = "SELECT body FROM memory_stores WHERE org_id = $1 AND id = $2";

const PUT_STORE: &str = "INSERT INTO memory_stores (org_id, id, is_default, body) \
                         VALUES ($1, $2, 1, $3)";

const COUNT: &str = "SELECT count(*) FROM memories \
                     WHERE org_id = $1 AND store_id = $2 AND active = 1";

const PUT: &str = "INSERT INTO memories \
        (org_id, store_id, id, active, kind, importance, created_at, body, parts) \
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)";

/// `$2` and `$4` say whether store and kind matter.
const SEARCH: &str = "SELECT body FROM memories WHERE org_id = $1 AND active = 1 \
    AND ($2 = 0 OR store_id = $3) AND ($4 = 0 OR kind = $4) \
    ORDER BY importance DESC, created_at DESC, id DESC";

const PARTS: &str = "SELECT parts FROM memories \
                     WHERE org_id = $1 AND store_id = $2 AND id = $3";

const FIND: &str = "SELECT body FROM memories \
                    WHERE org_id = $1 AND store_id = $2 AND id = $3 AND active = 1";

const FORGET: &str = "UPDATE memories SET active = 0, body = $4 \
                      WHERE org_id = $1 AND store_id = $2 AND id = $3";

/// What locks on memories are taken by.
const LOCK: &str = "memory_stores";

/// The memories of an org.
#[derive(Debug)]
pub(crate) struct Memories {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl MemoryStoreBackend for Memories {
    async fn get_or_create_default_store(
        &self,
        org_id: OrgId,
    ) -> Result<MemoryStoreEntity, AgentLoopError> {
        upstream(async {
            let own = &self.ctx.scope().org_public_id;
            if org_id.to_string() != *own {
                let problem = format!("is {org_id}; this call is for {own}");
                return Err(StoreError::invalid_field("org_id", problem));
            }
            let get = self.ctx.run_once(async |tx| {
                locks::org(tx, LOCK).await?;
                let row: Option<(Vec<u8>,)> = tx.query_as(DEFAULT_STORE).fetch_optional().await?;
                let store: pb::MemoryStore = match row {
                    Some((body,)) => decoded(&body)?,
                    None => new_store(tx, org_id).await?,
                };
                Ok(pb::GetOrCreateDefaultStoreResponse { store: Some(store) })
            });
            nested("store", get.await?.store).map_err(stored_fault)
        })
        .await
    }

    async fn get_store(
        &self,
        store_id: MemoryStoreId,
    ) -> Result<Option<MemoryStoreEntity>, AgentLoopError> {
        upstream(async {
            let body = store(&mut self.ctx.reader().await?, &store_id.to_string()).await?;
            body.map(|body| domain::<pb::MemoryStore, _>(&body))
                .transpose()
        })
        .await
    }

    async fn create_memory(
        &self,
        store_id: MemoryStoreId,
        content: String,
        content_parts: Vec<MemoryContentPart>,
        kind: MemoryKind,
        importance: u8,
        tags: Vec<String>,
    ) -> Result<Memory, AgentLoopError> {
        let now = time(now_after(0));
        let memory = pb::Memory::from(Memory {
            id: MemoryId::new(),
            store_id,
            content,
            content_parts,
            kind,
            importance: importance.clamp(1, 10),
            tags,
            active: true,
            created_at: now,
            updated_at: now,
        });
        let create = self.ctx.run_once(async |tx| {
            locks::org(tx, LOCK).await?;
            has_room(tx, &memory.store_id).await?;
            put(tx, memory.clone()).await?;
            Ok(pb::CreateMemoryResponse {
                memory: Some(memory),
            })
        });
        upstream(async { nested("memory", create.await?.memory).map_err(stored_fault) }).await
    }

    async fn recall(&self, query: MemoryQuery) -> Result<(Vec<Memory>, usize), AgentLoopError> {
        upstream(async {
            let limit = match query.limit {
                0 => RECALLED,
                limit => limit,
            };
            let mut tx = self.ctx.snapshot().await?;
            let (found, total) = search(&mut tx, &query, limit).await?;
            Ok((with_parts(&mut tx, found, limit).await?, total))
        })
        .await
    }

    async fn forget(
        &self,
        store_id: MemoryStoreId,
        memory_id: MemoryId,
    ) -> Result<bool, AgentLoopError> {
        let (store_id, memory_id) = (store_id.to_string(), memory_id.to_string());
        let forget = self.ctx.run_once(async |tx| {
            locks::org(tx, LOCK).await?;
            let find = tx.query_as(FIND).bind(store_id.as_str());
            let row: Option<(Vec<u8>,)> = find.bind(memory_id.as_str()).fetch_optional().await?;
            let Some((body,)) = row else {
                return Ok(pb::ForgetResponse { forgotten: false });
            };
            let mut memory: pb::Memory = decoded(&body)?;
            let last = timestamp("updated_at", memory.updated_at).map_err(stored_fault)?;
            memory.active = false;
            memory.updated_at = Some(to_timestamp(time(now_after(nanos(last)))));
            tx.query(FORGET)
                .bind(store_id.as_str())
                .bind(memory_id.as_str())
                .bind(memory.encode_to_vec())
                .execute()
                .await?;
            Ok(pb::ForgetResponse { forgotten: true })
        });
        upstream(async { Ok(forget.await?.forgotten) }).await
    }

    async fn count_active(&self, store_id: MemoryStoreId) -> Result<usize, AgentLoopError> {
        let store_id = store_id.to_string();
        upstream(async { count(&mut self.ctx.reader().await?, &store_id).await }).await
    }
}

// === stores ===

async fn store(tx: &mut Tx, store_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> = tx.query_as(STORE).bind(store_id).fetch_optional().await?;
    Ok(row.map(|(body,)| body))
}

async fn new_store(tx: &mut Tx, public_id: OrgId) -> Result<pb::MemoryStore, StoreError> {
    let store = pb::MemoryStore::from(MemoryStoreEntity {
        id: MemoryStoreId::new(),
        org_id: public_id,
        name: DEFAULT_NAME.into(),
        is_default: true,
        created_at: time(now_after(0)),
    });
    tx.query(PUT_STORE)
        .bind(store.id.as_str())
        .bind(store.encode_to_vec())
        .execute()
        .await?;
    Ok(store)
}

// === memories ===

/// Fails unless the store takes another memory.
async fn has_room(tx: &mut Tx, store_id: &str) -> Result<(), StoreError> {
    if store(tx, store_id).await?.is_none() {
        return Err(refused(format!("memory store not found: {store_id}")));
    }
    let most = MemoryLimits::MAX_MEMORIES_PER_STORE;
    if count(tx, store_id).await? >= most {
        return Err(refused(format!(
            "the memory store has {most} memories, the maximum; forget some first"
        )));
    }
    Ok(())
}

/// The first memories that a query wants, and how many it wants in all.
async fn search(
    tx: &mut Tx,
    query: &MemoryQuery,
    limit: usize,
) -> Result<(Vec<pb::Memory>, usize), StoreError> {
    let kind = query.kind.map_or(pb::MemoryKind::Unspecified, Into::into);
    let store_id = query.store_id.map(|id| id.to_string());
    let mut rows = tx
        .query_as::<(Vec<u8>,)>(SEARCH)
        .bind(i64::from(store_id.is_some()))
        .bind(store_id.as_deref().unwrap_or_default())
        .bind(i64::from(i32::from(kind)))
        .fetch();
    let wanted = Wanted::of(query);
    let (mut found, mut total) = (Vec::new(), 0);
    while let Some((body,)) = rows.try_next().await? {
        let memory: pb::Memory = decoded(&body)?;
        if wanted.is(&memory) {
            total += 1;
            if found.len() < limit {
                found.push(memory);
            }
        }
    }
    Ok((found, total))
}

/// Memories with their pieces.
async fn with_parts(
    tx: &mut Tx,
    found: Vec<pb::Memory>,
    limit: usize,
) -> Result<Vec<Memory>, StoreError> {
    let mut memories = Vec::with_capacity(found.len());
    let mut bytes = 0;
    for mut memory in found {
        let parts = parts(tx, &memory).await?;
        bytes += parts.len();
        if bytes > PARTS_BYTES_MAX {
            return Err(refused(format!(
                "the first {} memories hold more than {} MiB of images; set a lower \
                 limit than {limit}",
                memories.len() + 1,
                PARTS_BYTES_MAX / (1024 * 1024)
            )));
        }
        memory.content_parts = decoded::<pb::Memory>(&parts)?.content_parts;
        memories.push(memory.try_into().map_err(stored_fault)?);
    }
    Ok(memories)
}

/// What a memory must have beside its store and its kind.
struct Wanted<'a> {
    text: Option<String>,
    tags: &'a [String],
}

impl<'a> Wanted<'a> {
    fn of(query: &'a MemoryQuery) -> Self {
        Self {
            text: query.query.as_ref().map(|text| text.to_lowercase()),
            tags: query.tags.as_deref().unwrap_or_default(),
        }
    }

    fn is(&self, memory: &pb::Memory) -> bool {
        let has_text = self.text.as_ref().is_none_or(|text| {
            let mut places = std::iter::once(&memory.content).chain(&memory.tags);
            places.any(|place| place.to_lowercase().contains(text))
        });
        has_text && self.tags.iter().all(|tag| memory.tags.contains(tag))
    }
}

async fn count(tx: &mut Tx, store_id: &str) -> Result<usize, StoreError> {
    let (count,): (i64,) = tx.query_as(COUNT).bind(store_id).fetch_one().await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

async fn put(tx: &mut Tx, mut memory: pb::Memory) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", memory.created_at).map_err(stored_fault)?;
    // The message of a memory with nothing but its pieces.
    let parts = pb::Memory {
        content_parts: std::mem::take(&mut memory.content_parts),
        ..pb::Memory::default()
    };
    tx.query(PUT)
        .bind(memory.store_id.as_str())
        .bind(memory.id.as_str())
        .bind(i64::from(memory.kind))
        .bind(i64::from(memory.importance))
        .bind(nanos(created_at))
        .bind(memory.encode_to_vec())
        .bind(parts.encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// The message of a memory with nothing but its pieces.
async fn parts(tx: &mut Tx, memory: &pb::Memory) -> Result<Vec<u8>, StoreError> {
    let (parts,): (Vec<u8>,) = tx
        .query_as(PARTS)
        .bind(memory.store_id.as_str())
        .bind(memory.id.as_str())
        .fetch_one()
        .await?;
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::plan;

    /// The memories of a store are counted without a look at those of others.
    #[tokio::test]
    async fn a_store_is_counted_by_its_index() {
        let plan = plan(COUNT).await;
        assert!(plan.contains("COVERING INDEX memories_of_store"), "{plan}");
    }
}

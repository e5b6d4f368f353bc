//! Memories. What a search looks through stands apart from the images, which only the
//! memories that are found are read for.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{decoded, domain, nanos, now_after, stored_fault, time};
use crate::db::errors::{into_upstream, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
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

#[async_trait]
impl MemoryStoreBackend for ScopedReference {
    async fn get_or_create_default_store(
        &self,
        org_id: OrgId,
    ) -> Result<MemoryStoreEntity, AgentLoopError> {
        self.default_store(org_id).await.map_err(into_upstream)
    }

    async fn get_store(
        &self,
        store_id: MemoryStoreId,
    ) -> Result<Option<MemoryStoreEntity>, AgentLoopError> {
        self.store(store_id).await.map_err(into_upstream)
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
        let memory = Memory {
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
        };
        self.remember(memory).await.map_err(into_upstream)
    }

    async fn recall(&self, query: MemoryQuery) -> Result<(Vec<Memory>, usize), AgentLoopError> {
        self.recalled(query).await.map_err(into_upstream)
    }

    async fn forget(
        &self,
        store_id: MemoryStoreId,
        memory_id: MemoryId,
    ) -> Result<bool, AgentLoopError> {
        self.forgotten(store_id, memory_id)
            .await
            .map_err(into_upstream)
    }

    async fn count_active(&self, store_id: MemoryStoreId) -> Result<usize, AgentLoopError> {
        let count = async {
            let mut conn = self.inner.db.reader().await?;
            count(&mut conn, self.scope.org_id, &store_id.to_string()).await
        };
        count.await.map_err(into_upstream)
    }
}

// === stores ===

impl ScopedReference {
    async fn default_store(&self, asked: OrgId) -> Result<MemoryStoreEntity, StoreError> {
        if asked.to_string() != self.scope.org_public_id {
            return Err(StoreError::invalid_field(
                "org_id",
                format!("is {asked}; this call is for {}", self.scope.org_public_id),
            ));
        }
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                locks::org(tx, org_id, "memory_stores").await?;
                let row: Option<(Vec<u8>,)> = sqlx::query_as(DEFAULT_STORE)
                    .bind(org_id)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(db_error)?;
                let store: pb::MemoryStore = match row {
                    Some((body,)) => decoded(&body)?,
                    None => new_store(tx, org_id, asked).await?,
                };
                Ok(pb::GetOrCreateDefaultStoreResponse { store: Some(store) })
            })
            .await?;
        nested("store", answer.store).map_err(stored_fault)
    }

    async fn store(&self, id: MemoryStoreId) -> Result<Option<MemoryStoreEntity>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as(STORE)
            .bind(self.scope.org_id)
            .bind(id.to_string())
            .fetch_optional(&mut *conn)
            .await
            .map_err(db_error)?;
        row.map(|(body,)| domain::<pb::MemoryStore, _>(&body))
            .transpose()
    }
}

async fn new_store(
    tx: &mut AnyConnection,
    org_id: i64,
    public_id: OrgId,
) -> Result<pb::MemoryStore, StoreError> {
    let store = pb::MemoryStore::from(MemoryStoreEntity {
        id: MemoryStoreId::new(),
        org_id: public_id,
        name: DEFAULT_NAME.into(),
        is_default: true,
        created_at: time(now_after(0)),
    });
    sqlx::query(PUT_STORE)
        .bind(org_id)
        .bind(store.id.as_str())
        .bind(store.encode_to_vec())
        .execute(tx)
        .await
        .map_err(db_error)?;
    Ok(store)
}

// === memories ===

impl ScopedReference {
    async fn remember(&self, memory: Memory) -> Result<Memory, StoreError> {
        let org_id = self.scope.org_id;
        let memory = pb::Memory::from(memory);
        let answer = self
            .run_once(async |tx| {
                locks::org(tx, org_id, "memory_stores").await?;
                let store: Option<(Vec<u8>,)> = sqlx::query_as(STORE)
                    .bind(org_id)
                    .bind(memory.store_id.as_str())
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(db_error)?;
                if store.is_none() {
                    return Err(refused(format!(
                        "memory store not found: {}",
                        memory.store_id
                    )));
                }
                let most = MemoryLimits::MAX_MEMORIES_PER_STORE;
                if count(tx, org_id, &memory.store_id).await? >= most {
                    return Err(refused(format!(
                        "the memory store has {most} memories, the maximum; \
                         forget some first"
                    )));
                }
                put(tx, org_id, memory.clone()).await?;
                Ok(pb::CreateMemoryResponse {
                    memory: Some(memory),
                })
            })
            .await?;
        nested("memory", answer.memory).map_err(stored_fault)
    }

    async fn recalled(&self, query: MemoryQuery) -> Result<(Vec<Memory>, usize), StoreError> {
        let org_id = self.scope.org_id;
        let kind = query.kind.map_or(pb::MemoryKind::Unspecified, Into::into);
        let store_id = query.store_id.map(|id| id.to_string());
        let mut tx = self.inner.db.snapshot().await?;
        let mut rows = sqlx::query_as::<_, (Vec<u8>,)>(SEARCH)
            .bind(org_id)
            .bind(i64::from(store_id.is_some()))
            .bind(store_id.as_deref().unwrap_or_default())
            .bind(i64::from(i32::from(kind)))
            .fetch(&mut *tx);
        let wanted = Wanted::of(&query);
        let mut found = Vec::new();
        let mut total = 0;
        let limit = match query.limit {
            0 => RECALLED,
            limit => limit,
        };
        while let Some((body,)) = rows.try_next().await.map_err(db_error)? {
            let memory: pb::Memory = decoded(&body)?;
            if wanted.is(&memory) {
                total += 1;
                if found.len() < limit {
                    found.push(memory);
                }
            }
        }
        drop(rows);
        let mut memories = Vec::with_capacity(found.len());
        let mut bytes = 0;
        for mut memory in found {
            let parts = parts(&mut tx, org_id, &memory).await?;
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
        Ok((memories, total))
    }

    async fn forgotten(
        &self,
        store_id: MemoryStoreId,
        memory_id: MemoryId,
    ) -> Result<bool, StoreError> {
        let org_id = self.scope.org_id;
        let (store_id, memory_id) = (store_id.to_string(), memory_id.to_string());
        let answer = self
            .run_once(async |tx| {
                locks::org(tx, org_id, "memory_stores").await?;
                let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
                    .bind(org_id)
                    .bind(store_id.as_str())
                    .bind(memory_id.as_str())
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(db_error)?;
                let Some((body,)) = row else {
                    return Ok(pb::ForgetResponse { forgotten: false });
                };
                let mut memory: pb::Memory = decoded(&body)?;
                let last = timestamp("updated_at", memory.updated_at).map_err(stored_fault)?;
                memory.active = false;
                memory.updated_at = Some(to_timestamp(time(now_after(nanos(last)))));
                sqlx::query(FORGET)
                    .bind(org_id)
                    .bind(store_id.as_str())
                    .bind(memory_id.as_str())
                    .bind(memory.encode_to_vec())
                    .execute(tx)
                    .await
                    .map_err(db_error)?;
                Ok(pb::ForgetResponse { forgotten: true })
            })
            .await?;
        Ok(answer.forgotten)
    }
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

async fn count(conn: &mut AnyConnection, org_id: i64, store_id: &str) -> Result<usize, StoreError> {
    let (count,): (i64,) = sqlx::query_as(COUNT)
        .bind(org_id)
        .bind(store_id)
        .fetch_one(conn)
        .await
        .map_err(db_error)?;
    Ok(usize::try_from(count).unwrap_or_default())
}

async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    mut memory: pb::Memory,
) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", memory.created_at).map_err(stored_fault)?;
    // The message of a memory with nothing but its pieces.
    let parts = pb::Memory {
        content_parts: std::mem::take(&mut memory.content_parts),
        ..pb::Memory::default()
    };
    sqlx::query(PUT)
        .bind(org_id)
        .bind(memory.store_id.as_str())
        .bind(memory.id.as_str())
        .bind(i64::from(memory.kind))
        .bind(i64::from(memory.importance))
        .bind(nanos(created_at))
        .bind(memory.encode_to_vec())
        .bind(parts.encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

/// The message of a memory with nothing but its pieces.
async fn parts(
    conn: &mut AnyConnection,
    org_id: i64,
    memory: &pb::Memory,
) -> Result<Vec<u8>, StoreError> {
    let (parts,): (Vec<u8>,) = sqlx::query_as(PARTS)
        .bind(org_id)
        .bind(memory.store_id.as_str())
        .bind(memory.id.as_str())
        .fetch_one(conn)
        .await
        .map_err(db_error)?;
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

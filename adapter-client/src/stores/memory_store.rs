//! `MemoryStoreBackend` over `MemoryStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::memory_store::{
    Memory, MemoryContentPart, MemoryKind, MemoryQuery, MemoryStoreBackend, MemoryStoreEntity,
};
use everruns_core::typed_id::{MemoryId, MemoryStoreId, OrgId};
use mortise_proto::convert::{count, list, nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::memory_store_service::{
    COUNT_ACTIVE, CREATE_MEMORY, FORGET, GET_MEMORY_STORE, GET_OR_CREATE_DEFAULT_STORE, RECALL,
};

#[async_trait]
impl MemoryStoreBackend for Remote {
    async fn get_or_create_default_store(&self, org_id: OrgId) -> Result<MemoryStoreEntity> {
        let request = pb::GetOrCreateDefaultStoreRequest {
            context: None,
            org_id: org_id.to_string(),
        };
        let answer = self.call(&GET_OR_CREATE_DEFAULT_STORE, request).await?;
        nested("store", answer.store).map_err(malformed(GET_OR_CREATE_DEFAULT_STORE.method))
    }

    async fn get_store(&self, store_id: MemoryStoreId) -> Result<Option<MemoryStoreEntity>> {
        let request = pb::GetMemoryStoreRequest {
            context: None,
            store_id: store_id.to_string(),
        };
        let answer = self.call(&GET_MEMORY_STORE, request).await?;
        optional_nested("store", answer.store).map_err(malformed(GET_MEMORY_STORE.method))
    }

    async fn create_memory(
        &self,
        store_id: MemoryStoreId,
        content: String,
        content_parts: Vec<MemoryContentPart>,
        kind: MemoryKind,
        importance: u8,
        tags: Vec<String>,
    ) -> Result<Memory> {
        let request = pb::CreateMemoryRequest {
            context: None,
            store_id: store_id.to_string(),
            content,
            content_parts: content_parts.into_iter().map(Into::into).collect(),
            kind: pb::MemoryKind::from(kind).into(),
            importance: importance.into(),
            tags,
        };
        let answer = self.call(&CREATE_MEMORY, request).await?;
        nested("memory", answer.memory).map_err(malformed(CREATE_MEMORY.method))
    }

    async fn recall(&self, query: MemoryQuery) -> Result<(Vec<Memory>, usize)> {
        let answers = self.collect(&RECALL, query.into()).await?;
        let total = answers.first().map_or(0, |answer| answer.total);
        let memories = answers.into_iter().flat_map(|answer| answer.memories);
        let memories = list("memories", memories.collect());
        let total = count("total", total);
        let answer = memories.and_then(|memories| Ok((memories, total?)));
        answer.map_err(malformed(RECALL.method))
    }

    async fn forget(&self, store_id: MemoryStoreId, memory_id: MemoryId) -> Result<bool> {
        let request = pb::ForgetRequest {
            context: None,
            store_id: store_id.to_string(),
            memory_id: memory_id.to_string(),
        };
        Ok(self.call(&FORGET, request).await?.forgotten)
    }

    async fn count_active(&self, store_id: MemoryStoreId) -> Result<usize> {
        let request = pb::CountActiveRequest {
            context: None,
            store_id: store_id.to_string(),
        };
        let answer = self.call(&COUNT_ACTIVE, request).await?;
        count("count", answer.count).map_err(malformed(COUNT_ACTIVE.method))
    }
}

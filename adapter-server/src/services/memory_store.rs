//! `MemoryStoreService` over `MemoryStoreBackend`, where the adapter has one.

use crate::AdapterSource;
use crate::chunks::chunks;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use everruns_core::MemoryStoreBackend;
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, stream};
use mortise_proto::convert::memory_store::importance;
use mortise_proto::convert::{enumeration, id, list};
use mortise_proto::pb;
use mortise_proto::pb::memory_store_service_server::MemoryStoreService;
use mortise_proto::rpc::table::memory_store_service::{
    COUNT_ACTIVE, CREATE_MEMORY, FORGET, GET_MEMORY_STORE, GET_OR_CREATE_DEFAULT_STORE, NAME,
    RECALL,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> MemoryStoreService for Serving<S> {
    type RecallStream = Answers<pb::RecallResponse>;

    async fn get_or_create_default_store(
        &self,
        request: Request<pb::GetOrCreateDefaultStoreRequest>,
    ) -> Result<Response<pb::GetOrCreateDefaultStoreResponse>, Status> {
        self.unary(&GET_OR_CREATE_DEFAULT_STORE, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let org_id = id("org_id", &call.request.org_id)?;
            let store = memories.get_or_create_default_store(org_id).await?;
            Ok(pb::GetOrCreateDefaultStoreResponse {
                store: Some(store.into()),
            })
        })
        .await
    }

    async fn get_memory_store(
        &self,
        request: Request<pb::GetMemoryStoreRequest>,
    ) -> Result<Response<pb::GetMemoryStoreResponse>, Status> {
        self.unary(&GET_MEMORY_STORE, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let store_id = id("store_id", &call.request.store_id)?;
            let store = memories.get_store(store_id).await?;
            Ok(pb::GetMemoryStoreResponse {
                store: store.map(Into::into),
            })
        })
        .await
    }

    async fn create_memory(
        &self,
        request: Request<pb::CreateMemoryRequest>,
    ) -> Result<Response<pb::CreateMemoryResponse>, Status> {
        self.unary(&CREATE_MEMORY, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let pb::CreateMemoryRequest {
                context: _,
                store_id,
                content,
                content_parts,
                kind,
                importance: given,
                tags,
            } = call.request;
            let memory = memories
                .create_memory(
                    id("store_id", &store_id)?,
                    content,
                    list("content_parts", content_parts)?,
                    enumeration::<pb::MemoryKind, _>("kind", kind)?,
                    importance("importance", given)?,
                    tags,
                )
                .await?;
            Ok(pb::CreateMemoryResponse {
                memory: Some(memory.into()),
            })
        })
        .await
    }

    async fn recall(
        &self,
        request: Request<pb::RecallRequest>,
    ) -> Result<Response<Self::RecallStream>, Status> {
        self.stream(&RECALL, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let (memories, total) = memories.recall(call.request.try_into()?).await?;
            let total = total as u64;
            let empty = memories.is_empty().then(|| pb::RecallResponse {
                total,
                memories: Vec::new(),
            });
            let runs = chunks(memories).map(move |memories| pb::RecallResponse { total, memories });
            Ok(stream::iter(empty).chain(runs).map(Ok))
        })
        .await
    }

    async fn forget(
        &self,
        request: Request<pb::ForgetRequest>,
    ) -> Result<Response<pb::ForgetResponse>, Status> {
        self.unary(&FORGET, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let store_id = id("store_id", &call.request.store_id)?;
            let memory_id = id("memory_id", &call.request.memory_id)?;
            let forgotten = memories.forget(store_id, memory_id).await?;
            Ok(pb::ForgetResponse { forgotten })
        })
        .await
    }

    async fn count_active(
        &self,
        request: Request<pb::CountActiveRequest>,
    ) -> Result<Response<pb::CountActiveResponse>, Status> {
        self.unary(&COUNT_ACTIVE, request, |call| async move {
            let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
            let store_id = id("store_id", &call.request.store_id)?;
            let count = memories.count_active(store_id).await?;
            Ok(pb::CountActiveResponse {
                count: count as u64,
            })
        })
        .await
    }
}

fn offered(store: Option<Arc<dyn MemoryStoreBackend>>) -> Outcome<Arc<dyn MemoryStoreBackend>> {
    store.ok_or_else(|| not_offered(NAME))
}

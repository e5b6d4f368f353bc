//! `MemoryStoreService` over `MemoryStoreBackend`, where the adapter has one.

use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::MemoryStoreBackend;
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::memory_store::importance;
use mortise_proto::convert::{enumeration, id, list};
use mortise_proto::pb;
use mortise_proto::rpc::table::memory_store_service::NAME;
use std::sync::Arc;

pub(super) async fn get_or_create_default_store(
    call: Call<pb::GetOrCreateDefaultStoreRequest>,
) -> HandlerResult<pb::GetOrCreateDefaultStoreResponse> {
    let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
    let org_id = id("org_id", &call.request.org_id)?;
    let store = memories.get_or_create_default_store(org_id).await?;
    Ok(pb::GetOrCreateDefaultStoreResponse {
        store: Some(store.into()),
    })
}

pub(super) async fn get_memory_store(
    call: Call<pb::GetMemoryStoreRequest>,
) -> HandlerResult<pb::GetMemoryStoreResponse> {
    let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
    let store_id = id("store_id", &call.request.store_id)?;
    let store = memories.get_store(store_id).await?;
    Ok(pb::GetMemoryStoreResponse {
        store: store.map(Into::into),
    })
}

pub(super) async fn create_memory(
    call: Call<pb::CreateMemoryRequest>,
) -> HandlerResult<pb::CreateMemoryResponse> {
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
}

pub(super) async fn recall(
    call: Call<pb::RecallRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::RecallResponse>> + Send + 'static> {
    let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
    let (memories, total) = memories.recall(call.request.try_into()?).await?;
    let total = total as u64;
    let empty = memories.is_empty().then(|| pb::RecallResponse {
        total,
        memories: Vec::new(),
    });
    let runs = chunks(memories).map(move |memories| pb::RecallResponse { total, memories });
    Ok(stream::iter(empty).chain(runs).map(Ok))
}

pub(super) async fn forget(call: Call<pb::ForgetRequest>) -> HandlerResult<pb::ForgetResponse> {
    let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
    let store_id = id("store_id", &call.request.store_id)?;
    let memory_id = id("memory_id", &call.request.memory_id)?;
    let forgotten = memories.forget(store_id, memory_id).await?;
    Ok(pb::ForgetResponse { forgotten })
}

pub(super) async fn count_active(
    call: Call<pb::CountActiveRequest>,
) -> HandlerResult<pb::CountActiveResponse> {
    let memories = offered(call.adapter.memory_store(call.scope.org_id))?;
    let store_id = id("store_id", &call.request.store_id)?;
    let count = memories.count_active(store_id).await?;
    Ok(pb::CountActiveResponse {
        count: count as u64,
    })
}

fn offered(
    store: Option<Arc<dyn MemoryStoreBackend>>,
) -> HandlerResult<Arc<dyn MemoryStoreBackend>> {
    store.ok_or_else(|| not_offered(NAME))
}

//! `LeasedResourceStoreService` over `LeasedResourceStore`, where the adapter has one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::LeasedResourceStore;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::leased_resource_store_service_server::LeasedResourceStoreService;
use mortise_proto::rpc::table::leased_resource_store_service::{
    LIST_RESOURCES, NAME, RELEASE_RESOURCE, UPSERT_RESOURCE,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> LeasedResourceStoreService for Serving<S> {
    async fn upsert_resource(
        &self,
        request: Request<pb::UpsertResourceRequest>,
    ) -> Result<Response<pb::UpsertResourceResponse>, Status> {
        self.unary(&UPSERT_RESOURCE, request, |call| async move {
            let store = offered(call.adapter.leased_resource_store())?;
            let resource = store.upsert_resource(call.request.try_into()?).await?;
            Ok(pb::UpsertResourceResponse {
                resource: Some(resource.into()),
            })
        })
        .await
    }

    async fn release_resource(
        &self,
        request: Request<pb::ReleaseResourceRequest>,
    ) -> Result<Response<pb::ReleaseResourceResponse>, Status> {
        self.unary(&RELEASE_RESOURCE, request, |call| async move {
            let store = offered(call.adapter.leased_resource_store())?;
            let pb::ReleaseResourceRequest {
                context: _,
                session_id,
                provider,
                resource_type,
                external_id,
            } = call.request;
            let session_id = id("session_id", &session_id)?;
            let resource = store
                .release_resource(session_id, &provider, &resource_type, &external_id)
                .await?;
            Ok(pb::ReleaseResourceResponse {
                resource: resource.map(Into::into),
            })
        })
        .await
    }

    async fn list_resources(
        &self,
        request: Request<pb::ListResourcesRequest>,
    ) -> Result<Response<pb::ListResourcesResponse>, Status> {
        self.unary(&LIST_RESOURCES, request, |call| async move {
            let store = offered(call.adapter.leased_resource_store())?;
            let session_id = id("session_id", &call.request.session_id)?;
            let resources = store.list_resources(session_id).await?;
            Ok(pb::ListResourcesResponse {
                resources: resources.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }
}

fn offered(store: Option<Arc<dyn LeasedResourceStore>>) -> Outcome<Arc<dyn LeasedResourceStore>> {
    store.ok_or_else(|| not_offered(NAME))
}

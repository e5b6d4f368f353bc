//! `LeasedResourceStore` over `LeasedResourceStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::leased_resource::{LeasedResource, UpsertLeasedResource};
use everruns_core::traits::LeasedResourceStore;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::{list, nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::leased_resource_store_service::{
    LIST_RESOURCES, RELEASE_RESOURCE, UPSERT_RESOURCE,
};

#[async_trait]
impl LeasedResourceStore for Remote {
    async fn upsert_resource(&self, input: UpsertLeasedResource) -> Result<LeasedResource> {
        let answer = self.call(&UPSERT_RESOURCE, input.into()).await?;
        nested("resource", answer.resource).map_err(malformed(UPSERT_RESOURCE.method))
    }

    async fn release_resource(
        &self,
        session_id: SessionId,
        provider: &str,
        resource_type: &str,
        external_id: &str,
    ) -> Result<Option<LeasedResource>> {
        let request = pb::ReleaseResourceRequest {
            context: None,
            session_id: session_id.to_string(),
            provider: provider.into(),
            resource_type: resource_type.into(),
            external_id: external_id.into(),
        };
        let answer = self.call(&RELEASE_RESOURCE, request).await?;
        optional_nested("resource", answer.resource).map_err(malformed(RELEASE_RESOURCE.method))
    }

    async fn list_resources(&self, session_id: SessionId) -> Result<Vec<LeasedResource>> {
        let request = pb::ListResourcesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_RESOURCES, request).await?;
        list("resources", answer.resources).map_err(malformed(LIST_RESOURCES.method))
    }
}

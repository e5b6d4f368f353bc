//! `SessionResourceRegistryService` over `SessionResourceRegistry`, where the adapter has one.

use crate::AdapterSource;
use crate::chunks::chunks;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use everruns_core::session_resource::SessionResourceFilter;
use everruns_core::traits::SessionResourceRegistry;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_proto::convert::{enumeration, id};
use mortise_proto::pb;
use mortise_proto::pb::session_resource_registry_service_server::SessionResourceRegistryService;
use mortise_proto::rpc::table::session_resource_registry_service::{
    DEREGISTER, GET_SESSION_RESOURCE, LIST_SESSION_RESOURCES, NAME, REGISTER, UPDATE_STATUS,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionResourceRegistryService for Serving<S> {
    type ListSessionResourcesStream = Answers<pb::ListSessionResourcesResponse>;

    async fn register(
        &self,
        request: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        self.unary(&REGISTER, request, |call| async move {
            let registry = offered(call.adapter.session_resource_registry())?;
            let entry = registry.register(call.request.try_into()?).await?;
            Ok(pb::RegisterResponse {
                entry: Some(entry.into()),
            })
        })
        .await
    }

    async fn update_status(
        &self,
        request: Request<pb::UpdateStatusRequest>,
    ) -> Result<Response<pb::UpdateStatusResponse>, Status> {
        self.unary(&UPDATE_STATUS, request, |call| async move {
            let registry = offered(call.adapter.session_resource_registry())?;
            let session_id = id("session_id", &call.request.session_id)?;
            let status =
                enumeration::<pb::SessionResourceStatus, _>("status", call.request.status)?;
            let entry = registry
                .update_status(session_id, &call.request.resource_id, status)
                .await?;
            Ok(pb::UpdateStatusResponse {
                entry: entry.map(Into::into),
            })
        })
        .await
    }

    async fn get_session_resource(
        &self,
        request: Request<pb::GetSessionResourceRequest>,
    ) -> Result<Response<pb::GetSessionResourceResponse>, Status> {
        self.unary(&GET_SESSION_RESOURCE, request, |call| async move {
            let registry = offered(call.adapter.session_resource_registry())?;
            let session_id = id("session_id", &call.request.session_id)?;
            let entry = registry.get(session_id, &call.request.resource_id).await?;
            Ok(pb::GetSessionResourceResponse {
                entry: entry.map(Into::into),
            })
        })
        .await
    }

    async fn list_session_resources(
        &self,
        request: Request<pb::ListSessionResourcesRequest>,
    ) -> Result<Response<Self::ListSessionResourcesStream>, Status> {
        self.stream(&LIST_SESSION_RESOURCES, request, |call| async move {
            let registry = offered(call.adapter.session_resource_registry())?;
            let session_id = id("session_id", &call.request.session_id)?;
            let status = match call.request.status {
                0 => None,
                number => Some(enumeration::<pb::SessionResourceStatus, _>(
                    "status", number,
                )?),
            };
            let filter = SessionResourceFilter {
                kind: call.request.kind,
                status,
            };
            let entries = registry.list(session_id, Some(&filter)).await?;
            let runs = chunks(entries);
            Ok(runs.map(|entries| Ok(pb::ListSessionResourcesResponse { entries })))
        })
        .await
    }

    async fn deregister(
        &self,
        request: Request<pb::DeregisterRequest>,
    ) -> Result<Response<pb::DeregisterResponse>, Status> {
        self.unary(&DEREGISTER, request, |call| async move {
            let registry = offered(call.adapter.session_resource_registry())?;
            let session_id = id("session_id", &call.request.session_id)?;
            let deregistered = registry
                .deregister(session_id, &call.request.resource_id)
                .await?;
            Ok(pb::DeregisterResponse { deregistered })
        })
        .await
    }
}

fn offered(
    store: Option<Arc<dyn SessionResourceRegistry>>,
) -> Outcome<Arc<dyn SessionResourceRegistry>> {
    store.ok_or_else(|| not_offered(NAME))
}

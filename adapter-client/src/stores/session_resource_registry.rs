//! `SessionResourceRegistry` over `SessionResourceRegistryService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceEntry, SessionResourceFilter, SessionResourceStatus,
};
use everruns_core::traits::SessionResourceRegistry;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::{list, nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::session_resource_registry_service::{
    DEREGISTER, GET_SESSION_RESOURCE, LIST_SESSION_RESOURCES, REGISTER, UPDATE_STATUS,
};

#[async_trait]
impl SessionResourceRegistry for Remote {
    async fn register(&self, entry: RegisterSessionResource) -> Result<SessionResourceEntry> {
        let answer = self.call(&REGISTER, entry.into()).await?;
        nested("entry", answer.entry).map_err(malformed(REGISTER.method))
    }

    async fn update_status(
        &self,
        session_id: SessionId,
        resource_id: &str,
        status: SessionResourceStatus,
    ) -> Result<Option<SessionResourceEntry>> {
        let request = pb::UpdateStatusRequest {
            context: None,
            session_id: session_id.to_string(),
            resource_id: resource_id.into(),
            status: pb::SessionResourceStatus::from(status).into(),
        };
        let answer = self.call(&UPDATE_STATUS, request).await?;
        optional_nested("entry", answer.entry).map_err(malformed(UPDATE_STATUS.method))
    }

    async fn get(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<Option<SessionResourceEntry>> {
        let request = pb::GetSessionResourceRequest {
            context: None,
            session_id: session_id.to_string(),
            resource_id: resource_id.into(),
        };
        let answer = self.call(&GET_SESSION_RESOURCE, request).await?;
        optional_nested("entry", answer.entry).map_err(malformed(GET_SESSION_RESOURCE.method))
    }

    async fn list(
        &self,
        session_id: SessionId,
        filter: Option<&SessionResourceFilter>,
    ) -> Result<Vec<SessionResourceEntry>> {
        let SessionResourceFilter { kind, status } = filter.cloned().unwrap_or_default();
        let status = status.map_or(pb::SessionResourceStatus::Unspecified, Into::into);
        let request = pb::ListSessionResourcesRequest {
            context: None,
            session_id: session_id.to_string(),
            kind,
            status: status.into(),
        };
        let answers = self.collect(&LIST_SESSION_RESOURCES, request).await?;
        let entries = answers.into_iter().flat_map(|answer| answer.entries);
        list("entries", entries.collect()).map_err(malformed(LIST_SESSION_RESOURCES.method))
    }

    async fn deregister(&self, session_id: SessionId, resource_id: &str) -> Result<bool> {
        let request = pb::DeregisterRequest {
            context: None,
            session_id: session_id.to_string(),
            resource_id: resource_id.into(),
        };
        Ok(self.call(&DEREGISTER, request).await?.deregistered)
    }
}

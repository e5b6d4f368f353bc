//! `PlatformStoreService` over `PlatformStore`, where the adapter has one for the
//! calling session. What each call asks of the store stands in the folder, by what it
//! is about.

mod agents;
mod apps;
mod channels;
mod harnesses;
mod messages;
mod sessions;
mod wait;

use crate::AdapterSource;
use crate::serve::{Answers, Call, Outcome, Serving, not_offered};
use everruns_core::platform_store::PlatformStore;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::pb::platform_store_service_server::PlatformStoreService;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, COPY_HARNESS, CREATE_AGENT, CREATE_APP, CREATE_HARNESS, CREATE_SESSION,
    DELETE_AGENT, DELETE_APP, DELETE_APP_CHANNEL, DELETE_HARNESS, DELETE_SESSION, DESTROY_APP,
    GET_AGENT_BY_ID, GET_APP, GET_HARNESS, GET_MESSAGES, GET_SESSION_BY_ID,
    GET_SESSION_CONTEXT_REPORT, LIST_AGENTS, LIST_APPS, LIST_CAPABILITIES, LIST_HARNESSES,
    LIST_SESSIONS, NAME, PUBLISH_APP, SEND_MESSAGE, SET_SUBAGENT_METADATA, UNPUBLISH_APP,
    UPDATE_AGENT, UPDATE_APP, UPDATE_APP_CHANNEL, UPDATE_HARNESS, WAIT_FOR_IDLE,
};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> PlatformStoreService for Serving<S> {
    type ListHarnessesStream = Answers<pb::ListHarnessesResponse>;
    type ListAgentsStream = Answers<pb::ListAgentsResponse>;
    type ListAppsStream = Answers<pb::ListAppsResponse>;
    type ListSessionsStream = Answers<pb::ListSessionsResponse>;
    type GetMessagesStream = Answers<pb::GetMessagesResponse>;
    type WaitForIdleStream = Answers<pb::WaitForIdleResponse>;
    type ListCapabilitiesStream = Answers<pb::ListCapabilitiesResponse>;

    async fn list_harnesses(
        &self,
        request: Request<pb::ListHarnessesRequest>,
    ) -> Result<Response<Self::ListHarnessesStream>, Status> {
        self.stream(&LIST_HARNESSES, request, harnesses::list).await
    }

    async fn get_harness(
        &self,
        request: Request<pb::PlatformStoreServiceGetHarnessRequest>,
    ) -> Result<Response<pb::PlatformStoreServiceGetHarnessResponse>, Status> {
        self.unary(&GET_HARNESS, request, harnesses::get).await
    }

    async fn create_harness(
        &self,
        request: Request<pb::CreateHarnessRequest>,
    ) -> Result<Response<pb::CreateHarnessResponse>, Status> {
        self.unary(&CREATE_HARNESS, request, harnesses::create)
            .await
    }

    async fn update_harness(
        &self,
        request: Request<pb::UpdateHarnessRequest>,
    ) -> Result<Response<pb::UpdateHarnessResponse>, Status> {
        self.unary(&UPDATE_HARNESS, request, harnesses::update)
            .await
    }

    async fn delete_harness(
        &self,
        request: Request<pb::DeleteHarnessRequest>,
    ) -> Result<Response<pb::DeleteHarnessResponse>, Status> {
        self.unary(&DELETE_HARNESS, request, harnesses::delete)
            .await
    }

    async fn copy_harness(
        &self,
        request: Request<pb::CopyHarnessRequest>,
    ) -> Result<Response<pb::CopyHarnessResponse>, Status> {
        self.unary(&COPY_HARNESS, request, harnesses::copy).await
    }

    async fn list_agents(
        &self,
        request: Request<pb::ListAgentsRequest>,
    ) -> Result<Response<Self::ListAgentsStream>, Status> {
        self.stream(&LIST_AGENTS, request, agents::list).await
    }

    async fn get_agent_by_id(
        &self,
        request: Request<pb::GetAgentByIdRequest>,
    ) -> Result<Response<pb::GetAgentByIdResponse>, Status> {
        self.unary(&GET_AGENT_BY_ID, request, agents::get).await
    }

    async fn create_agent(
        &self,
        request: Request<pb::CreateAgentRequest>,
    ) -> Result<Response<pb::CreateAgentResponse>, Status> {
        self.unary(&CREATE_AGENT, request, agents::create).await
    }

    async fn update_agent(
        &self,
        request: Request<pb::UpdateAgentRequest>,
    ) -> Result<Response<pb::UpdateAgentResponse>, Status> {
        self.unary(&UPDATE_AGENT, request, agents::update).await
    }

    async fn delete_agent(
        &self,
        request: Request<pb::DeleteAgentRequest>,
    ) -> Result<Response<pb::DeleteAgentResponse>, Status> {
        self.unary(&DELETE_AGENT, request, agents::delete).await
    }

    async fn list_apps(
        &self,
        request: Request<pb::ListAppsRequest>,
    ) -> Result<Response<Self::ListAppsStream>, Status> {
        self.stream(&LIST_APPS, request, apps::list).await
    }

    async fn get_app(
        &self,
        request: Request<pb::GetAppRequest>,
    ) -> Result<Response<pb::GetAppResponse>, Status> {
        self.unary(&GET_APP, request, apps::get).await
    }

    async fn create_app(
        &self,
        request: Request<pb::CreateAppRequest>,
    ) -> Result<Response<pb::CreateAppResponse>, Status> {
        self.unary(&CREATE_APP, request, apps::create).await
    }

    async fn update_app(
        &self,
        request: Request<pb::UpdateAppRequest>,
    ) -> Result<Response<pb::UpdateAppResponse>, Status> {
        self.unary(&UPDATE_APP, request, apps::update).await
    }

    async fn delete_app(
        &self,
        request: Request<pb::DeleteAppRequest>,
    ) -> Result<Response<pb::DeleteAppResponse>, Status> {
        self.unary(&DELETE_APP, request, apps::delete).await
    }

    async fn destroy_app(
        &self,
        request: Request<pb::DestroyAppRequest>,
    ) -> Result<Response<pb::DestroyAppResponse>, Status> {
        self.unary(&DESTROY_APP, request, apps::destroy).await
    }

    async fn publish_app(
        &self,
        request: Request<pb::PublishAppRequest>,
    ) -> Result<Response<pb::PublishAppResponse>, Status> {
        self.unary(&PUBLISH_APP, request, apps::publish).await
    }

    async fn unpublish_app(
        &self,
        request: Request<pb::UnpublishAppRequest>,
    ) -> Result<Response<pb::UnpublishAppResponse>, Status> {
        self.unary(&UNPUBLISH_APP, request, apps::unpublish).await
    }

    async fn add_app_channel(
        &self,
        request: Request<pb::AddAppChannelRequest>,
    ) -> Result<Response<pb::AddAppChannelResponse>, Status> {
        self.unary(&ADD_APP_CHANNEL, request, channels::add).await
    }

    async fn update_app_channel(
        &self,
        request: Request<pb::UpdateAppChannelRequest>,
    ) -> Result<Response<pb::UpdateAppChannelResponse>, Status> {
        self.unary(&UPDATE_APP_CHANNEL, request, channels::update)
            .await
    }

    async fn delete_app_channel(
        &self,
        request: Request<pb::DeleteAppChannelRequest>,
    ) -> Result<Response<pb::DeleteAppChannelResponse>, Status> {
        self.unary(&DELETE_APP_CHANNEL, request, channels::delete)
            .await
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<Self::ListSessionsStream>, Status> {
        self.stream(&LIST_SESSIONS, request, sessions::list).await
    }

    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Result<Response<pb::CreateSessionResponse>, Status> {
        self.unary(&CREATE_SESSION, request, sessions::create).await
    }

    async fn set_subagent_metadata(
        &self,
        request: Request<pb::SetSubagentMetadataRequest>,
    ) -> Result<Response<pb::SetSubagentMetadataResponse>, Status> {
        self.unary(&SET_SUBAGENT_METADATA, request, sessions::set_subagent)
            .await
    }

    async fn get_session_by_id(
        &self,
        request: Request<pb::GetSessionByIdRequest>,
    ) -> Result<Response<pb::GetSessionByIdResponse>, Status> {
        self.unary(&GET_SESSION_BY_ID, request, sessions::get).await
    }

    async fn get_session_context_report(
        &self,
        request: Request<pb::GetSessionContextReportRequest>,
    ) -> Result<Response<pb::GetSessionContextReportResponse>, Status> {
        self.unary(&GET_SESSION_CONTEXT_REPORT, request, sessions::report)
            .await
    }

    async fn delete_session(
        &self,
        request: Request<pb::DeleteSessionRequest>,
    ) -> Result<Response<pb::DeleteSessionResponse>, Status> {
        self.unary(&DELETE_SESSION, request, sessions::delete).await
    }

    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Result<Response<pb::SendMessageResponse>, Status> {
        self.unary(&SEND_MESSAGE, request, messages::send).await
    }

    async fn get_messages(
        &self,
        request: Request<pb::GetMessagesRequest>,
    ) -> Result<Response<Self::GetMessagesStream>, Status> {
        self.stream(&GET_MESSAGES, request, messages::list).await
    }

    async fn wait_for_idle(
        &self,
        request: Request<pb::WaitForIdleRequest>,
    ) -> Result<Response<Self::WaitForIdleStream>, Status> {
        let closing = self.shared.closing.clone();
        self.stream(&WAIT_FOR_IDLE, request, |call| {
            wait::statuses(call, closing)
        })
        .await
    }

    async fn list_capabilities(
        &self,
        request: Request<pb::ListCapabilitiesRequest>,
    ) -> Result<Response<Self::ListCapabilitiesStream>, Status> {
        self.stream(&LIST_CAPABILITIES, request, harnesses::capabilities)
            .await
    }
}

/// The store of the calling session.
fn store<A: RuntimeHostAdapter, Req>(call: &Call<A, Req>) -> Outcome<Arc<dyn PlatformStore>> {
    let session_id = call.scope.session_id.ok_or_else(|| {
        StoreError::invalid_field(
            "context.session_id",
            "is empty; send the session whose turn calls",
        )
    })?;
    let store = call.adapter.platform_store(call.scope.org_id, session_id);
    store.ok_or_else(|| not_offered(NAME))
}

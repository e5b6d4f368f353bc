//! `UserConnectionResolverService` over `UserConnectionResolver`, where the adapter has
//! one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::UserConnectionResolver;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::{id, json_text, uuid};
use mortise_proto::pb;
use mortise_proto::pb::user_connection_resolver_service_server::UserConnectionResolverService;
use mortise_proto::rpc::table::user_connection_resolver_service::{
    GET_CONNECTION_METADATA, GET_CONNECTION_TOKEN, GET_CONNECTION_TOKEN_FOR_USER,
    GET_CONNECTION_USER, NAME,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> UserConnectionResolverService for Serving<S> {
    async fn get_connection_token(
        &self,
        request: Request<pb::GetConnectionTokenRequest>,
    ) -> Result<Response<pb::GetConnectionTokenResponse>, Status> {
        self.unary(&GET_CONNECTION_TOKEN, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let resolver = offered(call.adapter.connection_resolver())?;
            let token = resolver
                .get_connection_token(session_id, &call.request.provider)
                .await?;
            Ok(pb::GetConnectionTokenResponse { token })
        })
        .await
    }

    async fn get_connection_user(
        &self,
        request: Request<pb::GetConnectionUserRequest>,
    ) -> Result<Response<pb::GetConnectionUserResponse>, Status> {
        self.unary(&GET_CONNECTION_USER, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let resolver = offered(call.adapter.connection_resolver())?;
            let user_id = resolver
                .get_connection_user(session_id, &call.request.provider)
                .await?;
            Ok(pb::GetConnectionUserResponse {
                user_id: user_id.map(|id| id.to_string()),
            })
        })
        .await
    }

    async fn get_connection_token_for_user(
        &self,
        request: Request<pb::GetConnectionTokenForUserRequest>,
    ) -> Result<Response<pb::GetConnectionTokenForUserResponse>, Status> {
        self.unary(&GET_CONNECTION_TOKEN_FOR_USER, request, |call| async move {
            let user_id = uuid("user_id", &call.request.user_id)?;
            let resolver = offered(call.adapter.connection_resolver())?;
            let token = resolver
                .get_connection_token_for_user(user_id, &call.request.provider)
                .await?;
            Ok(pb::GetConnectionTokenForUserResponse { token })
        })
        .await
    }

    async fn get_connection_metadata(
        &self,
        request: Request<pb::GetConnectionMetadataRequest>,
    ) -> Result<Response<pb::GetConnectionMetadataResponse>, Status> {
        self.unary(&GET_CONNECTION_METADATA, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let resolver = offered(call.adapter.connection_resolver())?;
            let metadata = resolver
                .get_connection_metadata(session_id, &call.request.provider)
                .await?;
            Ok(pb::GetConnectionMetadataResponse {
                metadata_json: metadata.as_ref().map(json_text),
            })
        })
        .await
    }
}

fn offered(
    resolver: Option<Arc<dyn UserConnectionResolver>>,
) -> Outcome<Arc<dyn UserConnectionResolver>> {
    resolver.ok_or_else(|| not_offered(NAME))
}

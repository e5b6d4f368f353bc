//! `UserConnectionResolverService` over `UserConnectionResolver`, where the adapter has
//! one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::UserConnectionResolver;
use mortise_proto::convert::{id, json_text, uuid};
use mortise_proto::pb;
use mortise_proto::rpc::table::user_connection_resolver_service::NAME;
use std::sync::Arc;

pub(super) async fn get_connection_token(
    call: Call<pb::GetConnectionTokenRequest>,
) -> HandlerResult<pb::GetConnectionTokenResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let resolver = offered(call.adapter.connection_resolver())?;
    let token = resolver
        .get_connection_token(session_id, &call.request.provider)
        .await?;
    Ok(pb::GetConnectionTokenResponse { token })
}

pub(super) async fn get_connection_user(
    call: Call<pb::GetConnectionUserRequest>,
) -> HandlerResult<pb::GetConnectionUserResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let resolver = offered(call.adapter.connection_resolver())?;
    let user_id = resolver
        .get_connection_user(session_id, &call.request.provider)
        .await?;
    Ok(pb::GetConnectionUserResponse {
        user_id: user_id.map(|id| id.to_string()),
    })
}

pub(super) async fn get_connection_token_for_user(
    call: Call<pb::GetConnectionTokenForUserRequest>,
) -> HandlerResult<pb::GetConnectionTokenForUserResponse> {
    let user_id = uuid("user_id", &call.request.user_id)?;
    let resolver = offered(call.adapter.connection_resolver())?;
    let token = resolver
        .get_connection_token_for_user(user_id, &call.request.provider)
        .await?;
    Ok(pb::GetConnectionTokenForUserResponse { token })
}

pub(super) async fn get_connection_metadata(
    call: Call<pb::GetConnectionMetadataRequest>,
) -> HandlerResult<pb::GetConnectionMetadataResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let resolver = offered(call.adapter.connection_resolver())?;
    let metadata = resolver
        .get_connection_metadata(session_id, &call.request.provider)
        .await?;
    Ok(pb::GetConnectionMetadataResponse {
        metadata_json: metadata.as_ref().map(json_text),
    })
}

fn offered(
    resolver: Option<Arc<dyn UserConnectionResolver>>,
) -> HandlerResult<Arc<dyn UserConnectionResolver>> {
    resolver.ok_or_else(|| not_offered(NAME))
}

//! `UserConnectionResolver` over `UserConnectionResolverService`: all four methods, so
//! that none falls back to an upstream default.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::traits::UserConnectionResolver;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::optional_uuid;
use mortise_proto::convert::user_connection_resolver::optional_secret_json;
use mortise_proto::pb;
use mortise_proto::rpc::table::user_connection_resolver_service::{
    GET_CONNECTION_METADATA, GET_CONNECTION_TOKEN, GET_CONNECTION_TOKEN_FOR_USER,
    GET_CONNECTION_USER,
};
use serde_json::Value;
use uuid::Uuid;

#[async_trait]
impl UserConnectionResolver for Remote {
    async fn get_connection_token(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<String>> {
        let request = pb::GetConnectionTokenRequest {
            context: None,
            session_id: session_id.to_string(),
            provider: provider.into(),
        };
        Ok(self.call(&GET_CONNECTION_TOKEN, request).await?.token)
    }

    async fn get_connection_user(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Uuid>> {
        let request = pb::GetConnectionUserRequest {
            context: None,
            session_id: session_id.to_string(),
            provider: provider.into(),
        };
        let answer = self.call(&GET_CONNECTION_USER, request).await?;
        optional_uuid("user_id", answer.user_id.as_deref())
            .map_err(malformed(GET_CONNECTION_USER.method))
    }

    async fn get_connection_token_for_user(
        &self,
        user_id: Uuid,
        provider: &str,
    ) -> Result<Option<String>> {
        let request = pb::GetConnectionTokenForUserRequest {
            context: None,
            user_id: user_id.to_string(),
            provider: provider.into(),
        };
        let answer = self.call(&GET_CONNECTION_TOKEN_FOR_USER, request).await?;
        Ok(answer.token)
    }

    async fn get_connection_metadata(
        &self,
        session_id: SessionId,
        provider: &str,
    ) -> Result<Option<Value>> {
        let request = pb::GetConnectionMetadataRequest {
            context: None,
            session_id: session_id.to_string(),
            provider: provider.into(),
        };
        let answer = self.call(&GET_CONNECTION_METADATA, request).await?;
        optional_secret_json("metadata_json", answer.metadata_json.as_deref())
            .map_err(malformed(GET_CONNECTION_METADATA.method))
    }
}

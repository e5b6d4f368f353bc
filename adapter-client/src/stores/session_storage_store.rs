//! `SessionStorageStore` over `SessionStorageStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::traits::{KeyInfo, SecretInfo, SessionStorageStore};
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::list;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_SECRET, DELETE_VALUE, GET_SECRET, GET_VALUE, LIST_KEYS, LIST_SECRETS, SET_SECRET,
    SET_VALUE,
};

#[async_trait]
impl SessionStorageStore for Remote {
    async fn set_value(&self, session_id: SessionId, key: &str, value: &str) -> Result<()> {
        let request = pb::SetValueRequest {
            context: None,
            session_id: session_id.to_string(),
            key: key.into(),
            value: value.into(),
        };
        self.call(&SET_VALUE, request).await?;
        Ok(())
    }

    async fn get_value(&self, session_id: SessionId, key: &str) -> Result<Option<String>> {
        let request = pb::GetValueRequest {
            context: None,
            session_id: session_id.to_string(),
            key: key.into(),
        };
        Ok(self.call(&GET_VALUE, request).await?.value)
    }

    async fn delete_value(&self, session_id: SessionId, key: &str) -> Result<bool> {
        let request = pb::DeleteValueRequest {
            context: None,
            session_id: session_id.to_string(),
            key: key.into(),
        };
        Ok(self.call(&DELETE_VALUE, request).await?.deleted)
    }

    async fn list_keys(&self, session_id: SessionId) -> Result<Vec<KeyInfo>> {
        let request = pb::ListKeysRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_KEYS, request).await?;
        list("keys", answer.keys).map_err(malformed(LIST_KEYS.method))
    }

    async fn set_secret(&self, session_id: SessionId, name: &str, value: &str) -> Result<()> {
        let request = pb::SetSecretRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
            value: value.into(),
        };
        self.call(&SET_SECRET, request).await?;
        Ok(())
    }

    async fn get_secret(&self, session_id: SessionId, name: &str) -> Result<Option<String>> {
        let request = pb::GetSecretRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
        };
        Ok(self.call(&GET_SECRET, request).await?.value)
    }

    async fn delete_secret(&self, session_id: SessionId, name: &str) -> Result<bool> {
        let request = pb::DeleteSecretRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
        };
        Ok(self.call(&DELETE_SECRET, request).await?.deleted)
    }

    async fn list_secrets(&self, session_id: SessionId) -> Result<Vec<SecretInfo>> {
        let request = pb::ListSecretsRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_SECRETS, request).await?;
        list("secrets", answer.secrets).map_err(malformed(LIST_SECRETS.method))
    }
}

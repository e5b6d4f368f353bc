//! `SessionStorageStoreService` over `SessionStorageStore`, where the adapter has
//! one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::SessionStorageStore;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::session_storage_store_service_server::SessionStorageStoreService;
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_SECRET, DELETE_VALUE, GET_SECRET, GET_VALUE, LIST_KEYS, LIST_SECRETS, NAME, SET_SECRET,
    SET_VALUE,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionStorageStoreService for Serving<S> {
    async fn set_value(
        &self,
        request: Request<pb::SetValueRequest>,
    ) -> Result<Response<pb::SetValueResponse>, Status> {
        self.unary(&SET_VALUE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            store
                .set_value(session_id, &call.request.key, &call.request.value)
                .await?;
            Ok(pb::SetValueResponse {})
        })
        .await
    }

    async fn get_value(
        &self,
        request: Request<pb::GetValueRequest>,
    ) -> Result<Response<pb::GetValueResponse>, Status> {
        self.unary(&GET_VALUE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let value = store.get_value(session_id, &call.request.key).await?;
            Ok(pb::GetValueResponse { value })
        })
        .await
    }

    async fn delete_value(
        &self,
        request: Request<pb::DeleteValueRequest>,
    ) -> Result<Response<pb::DeleteValueResponse>, Status> {
        self.unary(&DELETE_VALUE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let deleted = store.delete_value(session_id, &call.request.key).await?;
            Ok(pb::DeleteValueResponse { deleted })
        })
        .await
    }

    async fn list_keys(
        &self,
        request: Request<pb::ListKeysRequest>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        self.unary(&LIST_KEYS, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let keys = store.list_keys(session_id).await?;
            Ok(pb::ListKeysResponse {
                keys: keys.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn set_secret(
        &self,
        request: Request<pb::SetSecretRequest>,
    ) -> Result<Response<pb::SetSecretResponse>, Status> {
        self.unary(&SET_SECRET, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            store
                .set_secret(session_id, &call.request.name, &call.request.value)
                .await?;
            Ok(pb::SetSecretResponse {})
        })
        .await
    }

    async fn get_secret(
        &self,
        request: Request<pb::GetSecretRequest>,
    ) -> Result<Response<pb::GetSecretResponse>, Status> {
        self.unary(&GET_SECRET, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let value = store.get_secret(session_id, &call.request.name).await?;
            Ok(pb::GetSecretResponse { value })
        })
        .await
    }

    async fn delete_secret(
        &self,
        request: Request<pb::DeleteSecretRequest>,
    ) -> Result<Response<pb::DeleteSecretResponse>, Status> {
        self.unary(&DELETE_SECRET, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let deleted = store.delete_secret(session_id, &call.request.name).await?;
            Ok(pb::DeleteSecretResponse { deleted })
        })
        .await
    }

    async fn list_secrets(
        &self,
        request: Request<pb::ListSecretsRequest>,
    ) -> Result<Response<pb::ListSecretsResponse>, Status> {
        self.unary(&LIST_SECRETS, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = offered(call.adapter.storage_store())?;
            let secrets = store.list_secrets(session_id).await?;
            Ok(pb::ListSecretsResponse {
                secrets: secrets.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }
}

fn offered(store: Option<Arc<dyn SessionStorageStore>>) -> Outcome<Arc<dyn SessionStorageStore>> {
    store.ok_or_else(|| not_offered(NAME))
}

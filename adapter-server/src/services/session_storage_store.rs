//! `SessionStorageStoreService` over `SessionStorageStore`, where the adapter has
//! one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::SessionStorageStore;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::NAME;
use std::sync::Arc;

pub(super) async fn set_value(
    call: Call<pb::SetValueRequest>,
) -> HandlerResult<pb::SetValueResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    store
        .set_value(session_id, &call.request.key, &call.request.value)
        .await?;
    Ok(pb::SetValueResponse {})
}

pub(super) async fn get_value(
    call: Call<pb::GetValueRequest>,
) -> HandlerResult<pb::GetValueResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let value = store.get_value(session_id, &call.request.key).await?;
    Ok(pb::GetValueResponse { value })
}

pub(super) async fn delete_value(
    call: Call<pb::DeleteValueRequest>,
) -> HandlerResult<pb::DeleteValueResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let deleted = store.delete_value(session_id, &call.request.key).await?;
    Ok(pb::DeleteValueResponse { deleted })
}

pub(super) async fn list_keys(
    call: Call<pb::ListKeysRequest>,
) -> HandlerResult<pb::ListKeysResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let keys = store.list_keys(session_id).await?;
    Ok(pb::ListKeysResponse {
        keys: keys.into_iter().map(Into::into).collect(),
    })
}

pub(super) async fn set_secret(
    call: Call<pb::SetSecretRequest>,
) -> HandlerResult<pb::SetSecretResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    store
        .set_secret(session_id, &call.request.name, &call.request.value)
        .await?;
    Ok(pb::SetSecretResponse {})
}

pub(super) async fn get_secret(
    call: Call<pb::GetSecretRequest>,
) -> HandlerResult<pb::GetSecretResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let value = store.get_secret(session_id, &call.request.name).await?;
    Ok(pb::GetSecretResponse { value })
}

pub(super) async fn delete_secret(
    call: Call<pb::DeleteSecretRequest>,
) -> HandlerResult<pb::DeleteSecretResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let deleted = store.delete_secret(session_id, &call.request.name).await?;
    Ok(pb::DeleteSecretResponse { deleted })
}

pub(super) async fn list_secrets(
    call: Call<pb::ListSecretsRequest>,
) -> HandlerResult<pb::ListSecretsResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = offered(call.adapter.storage_store())?;
    let secrets = store.list_secrets(session_id).await?;
    Ok(pb::ListSecretsResponse {
        secrets: secrets.into_iter().map(Into::into).collect(),
    })
}

fn offered(
    store: Option<Arc<dyn SessionStorageStore>>,
) -> HandlerResult<Arc<dyn SessionStorageStore>> {
    store.ok_or_else(|| not_offered(NAME))
}

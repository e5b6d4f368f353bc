//! Calls of the service, as its rules make them.

use crate::check::{Outcome, skipped};
use crate::context::Cx;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_VALUE, GET_SECRET, GET_VALUE, LIST_KEYS, LIST_SECRETS, SET_SECRET,
};

pub(in crate::rules) fn set(session_id: &str, key: &str, value: &str) -> pb::SetValueRequest {
    pb::SetValueRequest {
        context: None,
        session_id: session_id.into(),
        key: key.into(),
        value: value.into(),
    }
}

pub(in crate::rules) fn set_secret(
    session_id: &str,
    name: &str,
    value: &str,
) -> pb::SetSecretRequest {
    pb::SetSecretRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
        value: value.into(),
    }
}

pub(in crate::rules) fn getting(session_id: &str, key: &str) -> pb::GetValueRequest {
    pb::GetValueRequest {
        context: None,
        session_id: session_id.into(),
        key: key.into(),
    }
}

pub(in crate::rules) fn deleting(session_id: &str, key: &str) -> pb::DeleteValueRequest {
    pb::DeleteValueRequest {
        context: None,
        session_id: session_id.into(),
        key: key.into(),
    }
}

pub(super) fn listing(session_id: &str) -> pb::ListKeysRequest {
    pb::ListKeysRequest {
        context: None,
        session_id: session_id.into(),
    }
}

pub(in crate::rules) fn getting_secret(session_id: &str, name: &str) -> pb::GetSecretRequest {
    pb::GetSecretRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    }
}

pub(super) fn forgetting(session_id: &str, name: &str) -> pb::DeleteSecretRequest {
    pb::DeleteSecretRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    }
}

pub(super) fn listing_secrets(session_id: &str) -> pb::ListSecretsRequest {
    pb::ListSecretsRequest {
        context: None,
        session_id: session_id.into(),
    }
}

pub(in crate::rules) async fn get(cx: &Cx, session_id: &str, key: &str) -> Outcome<Option<String>> {
    Ok(cx.call(&GET_VALUE, getting(session_id, key)).await?.value)
}

pub(super) async fn delete(cx: &Cx, session_id: &str, key: &str) -> Outcome<bool> {
    let answer = cx.call(&DELETE_VALUE, deleting(session_id, key)).await?;
    Ok(answer.deleted)
}

pub(super) async fn keys(cx: &Cx, session_id: &str) -> Outcome<Vec<pb::KeyInfo>> {
    Ok(cx.call(&LIST_KEYS, listing(session_id)).await?.keys)
}

pub(super) fn names(keys: &[pb::KeyInfo]) -> Vec<&str> {
    keys.iter().map(|info| info.key.as_str()).collect()
}

/// A session in which secrets can be kept; without encryption the rule is skipped.
pub(super) async fn session_with_secret(cx: &Cx, name: &str, value: &str) -> Outcome<String> {
    let session = cx.session().await?;
    match takes_secret(cx, &session, name, value).await? {
        true => Ok(session),
        false => skipped("the server has no key to encrypt secrets with"),
    }
}

/// Sets a secret; false where the server has no key to encrypt it with.
pub(super) async fn takes_secret(
    cx: &Cx,
    session_id: &str,
    name: &str,
    value: &str,
) -> Outcome<bool> {
    let request = set_secret(session_id, name, value);
    match cx.attempt(&SET_SECRET, request.clone()).await {
        Ok(_) => Ok(true),
        Err(error) if error.message.contains("Encryption not configured") => Ok(false),
        Err(_) => cx.call(&SET_SECRET, request).await.map(|_| true),
    }
}

pub(super) async fn get_secret(cx: &Cx, session_id: &str, name: &str) -> Outcome<Option<String>> {
    let request = getting_secret(session_id, name);
    Ok(cx.call(&GET_SECRET, request).await?.value)
}

pub(super) async fn secret_names(cx: &Cx, session_id: &str) -> Outcome<Vec<String>> {
    let answer = cx.call(&LIST_SECRETS, listing_secrets(session_id)).await?;
    Ok(answer.secrets.into_iter().map(|info| info.name).collect())
}

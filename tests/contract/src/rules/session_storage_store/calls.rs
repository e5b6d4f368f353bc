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

pub(super) fn set_secret(session_id: &str, name: &str, value: &str) -> pb::SetSecretRequest {
    pb::SetSecretRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
        value: value.into(),
    }
}

pub(in crate::rules) async fn get(cx: &Cx, session_id: &str, key: &str) -> Outcome<Option<String>> {
    let request = pb::GetValueRequest {
        context: None,
        session_id: session_id.into(),
        key: key.into(),
    };
    Ok(cx.call(&GET_VALUE, request).await?.value)
}

pub(super) async fn delete(cx: &Cx, session_id: &str, key: &str) -> Outcome<bool> {
    let request = pb::DeleteValueRequest {
        context: None,
        session_id: session_id.into(),
        key: key.into(),
    };
    Ok(cx.call(&DELETE_VALUE, request).await?.deleted)
}

pub(super) async fn keys(cx: &Cx, session_id: &str) -> Outcome<Vec<pb::KeyInfo>> {
    let request = pb::ListKeysRequest {
        context: None,
        session_id: session_id.into(),
    };
    Ok(cx.call(&LIST_KEYS, request).await?.keys)
}

pub(super) fn names(keys: &[pb::KeyInfo]) -> Vec<&str> {
    keys.iter().map(|info| info.key.as_str()).collect()
}

/// A session in which secrets can be kept; without encryption the rule is skipped.
pub(super) async fn session_with_secret(cx: &Cx, name: &str, value: &str) -> Outcome<String> {
    let session = cx.session().await?;
    match cx
        .attempt(&SET_SECRET, set_secret(&session, name, value))
        .await
    {
        Err(error) if error.message.contains("Encryption not configured") => {
            skipped("the server has no key to encrypt secrets with")
        }
        Ok(_) | Err(_) => {
            cx.call(&SET_SECRET, set_secret(&session, name, value))
                .await?;
            Ok(session)
        }
    }
}

pub(super) async fn get_secret(cx: &Cx, session_id: &str, name: &str) -> Outcome<Option<String>> {
    let request = pb::GetSecretRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    };
    Ok(cx.call(&GET_SECRET, request).await?.value)
}

pub(super) async fn secret_names(cx: &Cx, session_id: &str) -> Outcome<Vec<String>> {
    let request = pb::ListSecretsRequest {
        context: None,
        session_id: session_id.into(),
    };
    let secrets = cx.call(&LIST_SECRETS, request).await?.secrets;
    Ok(secrets.into_iter().map(|info| info.name).collect())
}

//! Whose values and secrets they are: sessions and orgs apart, ids that are none.

use super::calls::{
    delete, deleting, forgetting, get, get_secret, getting, getting_secret, keys, listing,
    listing_secrets, names, secret_names, set, set_secret, takes_secret,
};
use crate::check::{Outcome, absent, same, that};
use crate::context::{Cx, fresh_id};
use crate::rules::common::refused_as_invalid;
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_SECRET, DELETE_VALUE, GET_SECRET, GET_VALUE, LIST_KEYS, LIST_SECRETS, SET_SECRET,
    SET_VALUE,
};

pub(super) async fn kv_11_isolated(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    cx.call(&SET_VALUE, set(&one, "k", "v")).await?;
    absent(
        "GetValue.value in another session",
        get(&cx, &other, "k").await?,
    )?;
    same(
        "ListKeys.keys of another session",
        &names(&keys(&cx, &other).await?),
        &Vec::<&str>::new(),
    )?;
    same(
        "DeleteValue in another session",
        &delete(&cx, &other, "k").await?,
        &false,
    )?;
    same(
        "GetValue.value in its own",
        &get(&cx, &one, "k").await?.as_deref(),
        &Some("v"),
    )?;
    if takes_secret(&cx, &one, "s", "v").await? {
        isolated_secret(&cx, &one, &other).await?;
    }
    Ok(())
}

async fn isolated_secret(cx: &Cx, one: &str, other: &str) -> Outcome {
    absent(
        "GetSecret.value in another session",
        get_secret(cx, other, "s").await?,
    )?;
    same(
        "ListSecrets.secrets of another session",
        &secret_names(cx, other).await?,
        &Vec::<String>::new(),
    )?;
    let answer = cx.call(&DELETE_SECRET, forgetting(other, "s")).await?;
    same("DeleteSecret in another session", &answer.deleted, &false)?;
    same(
        "GetSecret.value in its own",
        &get_secret(cx, one, "s").await?.as_deref(),
        &Some("v"),
    )
}

pub(super) async fn kv_19_malformed_session(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &SET_VALUE, set(id, "k", "v")).await?;
        refused_as_invalid(&cx, &GET_VALUE, getting(id, "k")).await?;
        refused_as_invalid(&cx, &DELETE_VALUE, deleting(id, "k")).await?;
        refused_as_invalid(&cx, &LIST_KEYS, listing(id)).await?;
        refused_as_invalid(&cx, &SET_SECRET, set_secret(id, "s", "v")).await?;
        refused_as_invalid(&cx, &GET_SECRET, getting_secret(id, "s")).await?;
        refused_as_invalid(&cx, &DELETE_SECRET, forgetting(id, "s")).await?;
        refused_as_invalid(&cx, &LIST_SECRETS, listing_secrets(id)).await?;
    }
    // The right form is not refused for its form.
    let error = cx
        .attempt(&SET_VALUE, set(&fresh_id("session"), "k", "v"))
        .await
        .err();
    let invalid = error.is_some_and(|error| error.code == tonic::Code::InvalidArgument);
    that(
        "SetValue in a session that does not exist",
        "success, or an error other than INVALID_ARGUMENT",
        !invalid,
        "INVALID_ARGUMENT",
    )
}

/// What a session has.
#[derive(Debug, PartialEq)]
struct Stored {
    value: Option<String>,
    secret: Option<String>,
    keys: Vec<pb::KeyInfo>,
    secrets: Vec<pb::SecretInfo>,
}

async fn stored(cx: &Cx, session: &str, has_secret: bool) -> Outcome<Stored> {
    let (secret, secrets) = match has_secret {
        true => {
            let listed = cx.call(&LIST_SECRETS, listing_secrets(session)).await?;
            (get_secret(cx, session, "s").await?, listed.secrets)
        }
        // One without a key refuses to list as well.
        false => (None, Vec::new()),
    };
    Ok(Stored {
        value: get(cx, session, "k").await?,
        secret,
        keys: keys(cx, session).await?,
        secrets,
    })
}

pub(super) async fn kv_20_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    let has_secret = takes_secret(&cx, &session, "s", "v").await?;
    // Its own org reads first: a cache whose keys lack the org has it all from then on.
    let before = stored(&cx, &session, has_secret).await?;
    let other = cx.in_other_org()?;
    sees_nothing(&other, &session).await?;
    let changed = set(&session, "k", "overwritten");
    drop(other.attempt(&SET_VALUE, changed).await);
    drop(other.attempt(&DELETE_VALUE, deleting(&session, "k")).await);
    let changed = set_secret(&session, "s", "overwritten");
    drop(other.attempt(&SET_SECRET, changed).await);
    drop(
        other
            .attempt(&DELETE_SECRET, forgetting(&session, "s"))
            .await,
    );
    same(
        "what the session has in its own org",
        &stored(&cx, &session, has_secret).await?,
        &before,
    )
}

/// Refusing and seeing nothing are both right.
async fn sees_nothing(other: &Cx, session: &str) -> Outcome {
    if let Ok(answer) = other.attempt(&GET_VALUE, getting(session, "k")).await {
        absent("GetValue.value in another org", answer.value)?;
    }
    if let Ok(answer) = other.attempt(&LIST_KEYS, listing(session)).await {
        same("ListKeys.keys in another org", &answer.keys, &vec![])?;
    }
    let request = getting_secret(session, "s");
    if let Ok(answer) = other.attempt(&GET_SECRET, request).await {
        absent("GetSecret.value in another org", answer.value)?;
    }
    let request = listing_secrets(session);
    if let Ok(answer) = other.attempt(&LIST_SECRETS, request).await {
        same(
            "ListSecrets.secrets in another org",
            &answer.secrets,
            &vec![],
        )?;
    }
    Ok(())
}

//! Changes that are sent again, and changes whose caller has gone away.

use super::calls::{deleting, forgetting, get, get_secret, set, set_secret, takes_secret};
use crate::check::{Outcome, same};
use crate::context::Cx;
use crate::rules::common::{lost_reply, repeated};
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_SECRET, DELETE_VALUE, SET_SECRET, SET_VALUE,
};

pub(super) async fn kv_15_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &SET_VALUE, set(&session, "k", "1")).await?;
    same(
        "DeleteValue.deleted",
        &repeated(&cx, &DELETE_VALUE, deleting(&session, "k"))
            .await?
            .deleted,
        &true,
    )?;

    // What was set in between stays: a repeated answer changes nothing.
    let first = cx.repeating();
    first.call(&SET_VALUE, set(&session, "k", "old")).await?;
    cx.call(&SET_VALUE, set(&session, "k", "new")).await?;
    first.call(&SET_VALUE, set(&session, "k", "old")).await?;
    same(
        "GetValue.value after an older SetValue was sent again",
        &get(&cx, &session, "k").await?.as_deref(),
        &Some("new"),
    )?;
    if takes_secret(&cx, &session, "s", "1").await? {
        secrets(&cx, &session).await?;
    }
    Ok(())
}

/// The same of secrets.
async fn secrets(cx: &Cx, session: &str) -> Outcome {
    let first = cx.repeating();
    first
        .call(&SET_SECRET, set_secret(session, "s", "old"))
        .await?;
    cx.call(&SET_SECRET, set_secret(session, "s", "new"))
        .await?;
    first
        .call(&SET_SECRET, set_secret(session, "s", "old"))
        .await?;
    same(
        "GetSecret.value after an older SetSecret was sent again",
        &get_secret(cx, session, "s").await?.as_deref(),
        &Some("new"),
    )?;
    same(
        "DeleteSecret.deleted",
        &repeated(cx, &DELETE_SECRET, forgetting(session, "s"))
            .await?
            .deleted,
        &true,
    )
}

pub(super) async fn kv_16_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    let answer = lost_reply(&cx, &DELETE_VALUE, deleting(&session, "k")).await?;
    same(
        "DeleteValue.deleted of the change that was done once",
        &answer.deleted,
        &true,
    )?;
    if takes_secret(&cx, &session, "s", "v").await? {
        let answer = lost_reply(&cx, &DELETE_SECRET, forgetting(&session, "s")).await?;
        same(
            "DeleteSecret.deleted of the change that was done once",
            &answer.deleted,
            &true,
        )?;
    }
    Ok(())
}

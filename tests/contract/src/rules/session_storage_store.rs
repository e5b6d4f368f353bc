//! Values and secrets of a session.

pub(in crate::rules) mod calls;
mod fidelity;

use super::common::{awkward_texts, lost_reply, moved_on, refused_as_invalid, repeated};
use crate::advice::advised;
use crate::check::{Outcome, absent, same, says, skipped, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use calls::{
    delete, get, get_secret, keys, names, secret_names, session_with_secret, set, set_secret,
};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_SECRET, DELETE_VALUE, GET_VALUE, LIST_SECRETS, NAME, SET_SECRET, SET_VALUE,
};

pub(crate) fn rules() -> Vec<Rule> {
    let group = Group::of(NAME)
        .hard("KV-01", "A value that was set is read back.", "IM:438-450", kv_01_set_then_get)
        .hard("KV-02", "A key that does not exist is absent, not an error.", "IM:443", kv_02_missing)
        .hard("KV-03", "Setting again overwrites, keeps created_at and moves updated_at on.", "IM:509-527", kv_03_overwrites)
        .hard("KV-04", "Deleting returns true once, then false.", "IM:452", kv_04_deletes_once)
        .hard("KV-05", "Keys are listed completely and in ascending order, without values.", "IM:529-542", kv_05_lists)
        .hard("KV-06", "A value and a secret of one name are independent.", "IM:413-416", kv_06_apart)
        .hard("KV-07", "Secrets are set, read, overwritten, deleted and listed as values are.", "IM:473-506", kv_07_secrets)
        .hard("KV-08", "No list of secrets holds a secret's value.", "T:653", kv_08_lists_no_secret)
        .hard("KV-09", "Names that begin with `browserless_internal:` are stored and listed.", "KV:17, KV:450", kv_09_reserved_names)
        .hard("KV-10", "A name of 255 bytes and an empty value work.", "KV:169", kv_10_long_name_empty_value)
        .hard("KV-11", "A session does not see another session's values or secrets.", "IM:415", kv_11_isolated)
        .hard("KV-12", "JSON text and unicode come back to the byte.", "KV (value description)", kv_12_verbatim)
        .soft("KV-13", "Without encryption, secrets are refused with a text that contains `Encryption not configured`.", "KV:376, 413, 467", kv_13_without_encryption)
        .soft("KV-14", "Keys are ordered by code point: `B` before `a`.", "IM:540", kv_14_code_point_order)
        .hard("KV-15", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", kv_15_repeats).full()
        .hard("KV-16", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", kv_16_lost_replies).full()
        .hard("KV-17", "32 values set at the same time are all there.", "tool_scheduler.rs:42", kv_17_concurrent).full()
        .hard("KV-18", "Values of 1 MiB and names with NUL, slashes and spaces survive.", "web_fetch.rs:256", kv_18_large_and_awkward).full()
        .hard("KV-19", "A session id that is malformed is refused as INVALID_FIELD.", "ID:85-121", kv_19_malformed_session)
        .hard("KV-20", "Another org sees neither values nor secrets of a session whose id it knows, and cannot change them.", "context.proto", kv_20_other_org).needs(&[Need::OtherOrg])
        .hard("KV-21", "A value that was set over one connection is readable over another at once.", "read your writes", kv_21_second_view).full();
    let group = fidelity::rules(group);
    advised(
        group.list(),
        include_str!("session_storage_store/advice.md"),
    )
}

async fn kv_01_set_then_get(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "color", "green")).await?;
    same(
        "GetValue.value",
        &get(&cx, &session, "color").await?.as_deref(),
        &Some("green"),
    )
}

async fn kv_02_missing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    absent(
        "GetValue.value of a key never set",
        get(&cx, &session, "nothing").await?,
    )
}

async fn kv_03_overwrites(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "n", "1")).await?;
    let before = keys(&cx, &session).await?;
    cx.call(&SET_VALUE, set(&session, "n", "2")).await?;
    let after = keys(&cx, &session).await?;
    same(
        "GetValue.value after the second SetValue",
        &get(&cx, &session, "n").await?.as_deref(),
        &Some("2"),
    )?;
    same(
        "ListKeys.keys after two SetValue of one key",
        &names(&after),
        &vec!["n"],
    )?;
    let (before, after) = (&before[..1], &after[..1]);
    for (before, after) in before.iter().zip(after) {
        same(
            "created_at after the second SetValue",
            &after.created_at,
            &before.created_at,
        )?;
        moved_on(
            "updated_at after the second SetValue",
            after.updated_at.as_ref(),
            before.updated_at.as_ref(),
        )?;
    }
    Ok(())
}

async fn kv_04_deletes_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    same(
        "the first DeleteValue",
        &delete(&cx, &session, "k").await?,
        &true,
    )?;
    absent(
        "GetValue.value after DeleteValue",
        get(&cx, &session, "k").await?,
    )?;
    same(
        "the second DeleteValue",
        &delete(&cx, &session, "k").await?,
        &false,
    )
}

async fn kv_05_lists(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    same(
        "ListKeys.keys of a fresh session",
        &names(&keys(&cx, &session).await?),
        &Vec::<&str>::new(),
    )?;
    for key in ["pear", "apple", "fig", "apple"] {
        cx.call(&SET_VALUE, set(&session, key, "x")).await?;
    }
    same(
        "ListKeys.keys",
        &names(&keys(&cx, &session).await?),
        &vec!["apple", "fig", "pear"],
    )
}

async fn kv_06_apart(cx: Cx) -> Outcome {
    let session = session_with_secret(&cx, "same", "secret").await?;
    cx.call(&SET_VALUE, set(&session, "same", "value")).await?;
    same(
        "GetValue.value",
        &get(&cx, &session, "same").await?.as_deref(),
        &Some("value"),
    )?;
    same(
        "GetSecret.value",
        &get_secret(&cx, &session, "same").await?.as_deref(),
        &Some("secret"),
    )?;
    same("DeleteValue", &delete(&cx, &session, "same").await?, &true)?;
    same(
        "GetSecret.value after DeleteValue",
        &get_secret(&cx, &session, "same").await?.as_deref(),
        &Some("secret"),
    )
}

async fn kv_07_secrets(cx: Cx) -> Outcome {
    let session = session_with_secret(&cx, "b", "1").await?;
    cx.call(&SET_SECRET, set_secret(&session, "b", "2")).await?;
    cx.call(&SET_SECRET, set_secret(&session, "a", "3")).await?;
    same(
        "GetSecret.value",
        &get_secret(&cx, &session, "b").await?.as_deref(),
        &Some("2"),
    )?;
    same(
        "ListSecrets.secrets",
        &secret_names(&cx, &session).await?,
        &vec!["a", "b"],
    )?;
    for expected in [true, false] {
        let request = pb::DeleteSecretRequest {
            context: None,
            session_id: session.clone(),
            name: "b".into(),
        };
        same(
            "DeleteSecret.deleted",
            &cx.call(&DELETE_SECRET, request).await?.deleted,
            &expected,
        )?;
    }
    absent(
        "GetSecret.value after DeleteSecret",
        get_secret(&cx, &session, "b").await?,
    )
}

async fn kv_08_lists_no_secret(cx: Cx) -> Outcome {
    const MARKER: &str = "marker-8f1b5c";
    let session = session_with_secret(&cx, "token", MARKER).await?;
    let request = pb::ListSecretsRequest {
        context: None,
        session_id: session,
    };
    let answer = cx.call(&LIST_SECRETS, request).await?;
    let bytes = prost::Message::encode_to_vec(&answer);
    let holds = bytes
        .windows(MARKER.len())
        .any(|found| found == MARKER.as_bytes());
    that(
        "the bytes of the answer of ListSecrets",
        "without the secret's value",
        !holds,
        "the value is in them",
    )
}

async fn kv_09_reserved_names(cx: Cx) -> Outcome {
    const KEY: &str = "browserless_internal:state";
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, KEY, "x")).await?;
    same(
        "GetValue.value",
        &get(&cx, &session, KEY).await?.as_deref(),
        &Some("x"),
    )?;
    same(
        "ListKeys.keys",
        &names(&keys(&cx, &session).await?),
        &vec![KEY],
    )
}

async fn kv_10_long_name_empty_value(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let key = "k".repeat(255);
    cx.call(&SET_VALUE, set(&session, &key, "")).await?;
    same(
        "GetValue.value of an empty value",
        &get(&cx, &session, &key).await?.as_deref(),
        &Some(""),
    )
}

async fn kv_11_isolated(cx: Cx) -> Outcome {
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
    )
}

async fn kv_12_verbatim(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (index, text) in awkward_texts().iter().enumerate() {
        let key = format!("k{index}");
        cx.call(&SET_VALUE, set(&session, &key, text)).await?;
        same(
            "GetValue.value",
            &get(&cx, &session, &key).await?.as_ref(),
            &Some(text),
        )?;
    }
    Ok(())
}

async fn kv_13_without_encryption(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    match cx
        .attempt(&SET_SECRET, set_secret(&session, "s", "v"))
        .await
    {
        Ok(_) => skipped("the server encrypts secrets"),
        Err(error) => says(
            "the text of SetSecret's error",
            &error.message,
            "Encryption not configured",
        ),
    }
}

async fn kv_14_code_point_order(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for key in ["a", "B", "ä", "_", "1"] {
        cx.call(&SET_VALUE, set(&session, key, "x")).await?;
    }
    same(
        "ListKeys.keys",
        &names(&keys(&cx, &session).await?),
        &vec!["1", "B", "_", "a", "ä"],
    )
}

async fn kv_15_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &SET_VALUE, set(&session, "k", "1")).await?;
    let request = pb::DeleteValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    same(
        "DeleteValue.deleted",
        &repeated(&cx, &DELETE_VALUE, request).await?.deleted,
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
    )
}

async fn kv_16_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    let request = pb::DeleteValueRequest {
        context: None,
        session_id: session,
        key: "k".into(),
    };
    let answer = lost_reply(&cx, &DELETE_VALUE, request).await?;
    same(
        "DeleteValue.deleted of the change that was done once",
        &answer.deleted,
        &true,
    )
}

async fn kv_17_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let all: Vec<String> = (0..32).map(|index| format!("k{index:02}")).collect();
    let sets = all
        .iter()
        .map(|key| cx.call(&SET_VALUE, set(&session, key, key)));
    try_join_all(sets).await?;
    same(
        "ListKeys.keys",
        &names(&keys(&cx, &session).await?),
        &all.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

async fn kv_18_large_and_awkward(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let value = "ü".repeat(512 * 1024);
    for key in ["a/b c", "nul\0inside", "ключ", "%_"] {
        cx.call(&SET_VALUE, set(&session, key, &value)).await?;
        same(
            "GetValue.value of 1 MiB",
            &get(&cx, &session, key).await?.as_ref(),
            &Some(&value),
        )?;
    }
    Ok(())
}

async fn kv_19_malformed_session(cx: Cx) -> Outcome {
    for id in [
        "",
        "session_1",
        "agent_00000000000000000000000000000001",
        "session_0000000000000000000000000000000A",
    ] {
        refused_as_invalid(&cx, &SET_VALUE, set(id, "k", "v")).await?;
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

async fn kv_20_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    let other = cx.in_other_org()?;
    let request = pb::GetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&GET_VALUE, request).await {
        absent("GetValue.value in another org", answer.value)?;
    }
    drop(
        other
            .attempt(&SET_VALUE, set(&session, "k", "overwritten"))
            .await,
    );
    let request = pb::DeleteValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    drop(other.attempt(&DELETE_VALUE, request).await);
    same(
        "GetValue.value in its own org",
        &get(&cx, &session, "k").await?.as_deref(),
        &Some("v"),
    )
}

async fn kv_21_second_view(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for round in 0..20 {
        let value = round.to_string();
        cx.call(&SET_VALUE, set(&session, "k", &value)).await?;
        same(
            "GetValue.value over another connection",
            &get(&other, &session, "k").await?,
            &Some(value),
        )?;
    }
    Ok(())
}

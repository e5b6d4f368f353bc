//! Keys and orgs that careless servers take for one, and answers that they forget.

use super::calls::{get, keys, names, set};
use crate::check::{Outcome, absent, broken, same};
use crate::context::{Cx, described};
use crate::rule::{Group, Need};
use crate::vectors::VECTORS;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::session_storage_store_service::{GET_VALUE, SET_VALUE};
use std::collections::BTreeSet;
use std::time::Duration;

#[rustfmt::skip]
pub(super) fn rules(group: Group) -> Group {
    group
        .hard("KV-22", "Keys that differ by case, a space at the end, normalisation or what follows a NUL are different keys, listed in the order of their bytes.", "tests/contract/vectors.json, distinct", kv_22_distinct)
        .hard("KV-23", "Org ids of 64 bits are accepted, and an org whose id differs in its upper bits alone sees nothing of a session.", "context.proto, org_id", kv_23_wide_org_ids).needs(&[Need::OtherOrg])
        .hard("KV-24", "A request_id that comes again with another session of the org is the same change: it is answered as the first time, and the other session stays as it is.", "context.proto, request_id", kv_24_other_session).full()
        .hard("KV-25", "A change that is sent again after 5 s is answered as the first time, and undoes nothing that came after it.", "context.proto, request_id", kv_25_later).full()
}

/// Longer than a memory lives that is made for a lost answer alone.
const LATER: Duration = Duration::from_secs(5);

async fn kv_22_distinct(cx: Cx) -> Outcome {
    for group in &VECTORS.distinct {
        let session = cx.session().await?;
        for (index, key) in group.texts.iter().enumerate() {
            let value = index.to_string();
            cx.call(&SET_VALUE, set(&session, key, &value)).await?;
        }
        for (index, key) in group.texts.iter().enumerate() {
            same(
                &format!("GetValue.value of {key:?} ({})", group.name),
                &get(&cx, &session, key).await?,
                &Some(index.to_string()),
            )?;
        }
        let mut ordered: Vec<_> = group.texts.iter().map(String::as_str).collect();
        ordered.sort_unstable();
        same(
            &format!("ListKeys.keys ({})", group.name),
            &names(&keys(&cx, &session).await?),
            &ordered,
        )?;
    }
    Ok(())
}

/// The ids of the vectors, and the own one with another upper half.
fn wide_ids(own: i64) -> BTreeSet<i64> {
    let ids = VECTORS.org_ids.iter().filter_map(|id| id.parse().ok());
    let all = ids.chain([own.wrapping_add(1 << 32)]);
    all.filter(|id| *id != own).collect()
}

async fn kv_23_wide_org_ids(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&SET_VALUE, set(&session, "k", "v")).await?;
    for id in wide_ids(cx.org_id()) {
        let wide = cx.in_org(id);
        let request = pb::GetValueRequest {
            context: None,
            session_id: session.clone(),
            key: "k".into(),
        };
        // Refusing the session and seeing nothing are both right.
        match wide.attempt(&GET_VALUE, request).await {
            Ok(answer) => absent(&format!("GetValue.value in org {id}"), answer.value)?,
            Err(error) if error.reason == Some(ErrorReason::InvalidField) => {
                let what = format!("GetValue in org {id}");
                return broken(what, "an answer, or no such session", described(&error));
            }
            Err(_) => {}
        }
        let set_there = wide.attempt(&SET_VALUE, set(&session, "k", "theirs")).await;
        if set_there.is_ok() {
            same(
                &format!("GetValue.value in org {id} after its own SetValue"),
                &get(&wide, &session, "k").await?.as_deref(),
                &Some("theirs"),
            )?;
        }
        same(
            "GetValue.value in its own org",
            &get(&cx, &session, "k").await?.as_deref(),
            &Some("v"),
        )?;
    }
    Ok(())
}

async fn kv_24_other_session(cx: Cx) -> Outcome {
    let (first, other) = (cx.session().await?, cx.session().await?);
    cx.call(&SET_VALUE, set(&other, "k", "kept")).await?;
    let once = cx.repeating();
    once.call(&SET_VALUE, set(&first, "k", "once")).await?;
    once.call(&SET_VALUE, set(&other, "k", "twice")).await?;
    let what = "GetValue.value of another session under the same request_id";
    same(
        what,
        &get(&cx, &other, "k").await?.as_deref(),
        &Some("kept"),
    )
}

async fn kv_25_later(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let once = cx.repeating();
    once.call(&SET_VALUE, set(&session, "k", "first")).await?;
    cx.call(&SET_VALUE, set(&session, "k", "second")).await?;
    tokio::time::sleep(LATER).await;
    once.call(&SET_VALUE, set(&session, "k", "first")).await?;
    let what = format!("GetValue.value after an older change was sent again {LATER:?} later");
    same(
        &what,
        &get(&cx, &session, "k").await?.as_deref(),
        &Some("second"),
    )
}

//! Harnesses and their chains.

use super::common::{not_before, refused_as_invalid};
use super::records::{
    a_harness, capabilities, closed_network, initial_files, malformed_ids, mcp_servers,
    plain_capabilities, put_harness,
};
use crate::check::{Outcome, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb;
use mortise_proto::rpc::table::harness_store_service::{GET_HARNESS_CHAIN, NAME};
use mortise_proto::rpc::table::platform_store_service::{self as platform, UPDATE_HARNESS};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("HAR-01", "A harness that does not exist is an empty chain, not an error.", "T:69", har_01_unknown)
        .hard("HAR-02", "A harness without a parent is one element with its id.", "T:70", har_02_single).needs(&[Need::Harness])
        .hard("HAR-03", "A chain ends with the harness that was asked for.", "T:67, dependency_blocker.rs:55", har_03_leaf_last).needs(&[Need::Seed])
        .hard("HAR-04", "A chain is grandparent, parent, child; or one element that they are folded into.", "T:61-67", har_04_order).needs(&[Need::Seed])
        .hard("HAR-05", "A folded chain is what upstream folds: prompts from the root on, capabilities overridden in place, allowed networks intersected, blocked ones joined.", "T:63, config_layer.rs:65", har_05_folds).needs(&[Need::Seed])
        .hard("HAR-06", "An archived harness is returned with its status, and so is a harness with an archived parent.", "dependency_blocker.rs:58", har_06_archived).needs(&[Need::Seed])
        .hard("HAR-07", "A deleted harness is returned with its status, or as an empty chain.", "dependency_blocker.rs:59-61", har_07_deleted).needs(&[Need::Seed])
        .soft("HAR-08", "A cycle of parents ends.", "harness_store.proto", har_08_cycle).needs(&[Need::Seed])
        .hard("HAR-09", "A change through the platform is in the next chain.", "H:847-941", har_09_updated).with(&[platform::NAME]).needs(&[Need::Harness])
        .hard("HAR-10", "MCP servers, networks, files, capabilities and all other parts of a harness come back.", "harness.rs:60-142", har_10_everything).needs(&[Need::Seed])
        .hard("HAR-11", "Another org's chain of a harness whose id it knows is empty or refused.", "context.proto", har_11_other_org).needs(&[Need::Harness, Need::OtherOrg])
        .hard("HAR-12", "A malformed id is refused as INVALID_FIELD.", "ID:85-121", har_12_malformed)
        .hard("HAR-13", "A harness has times, created_at not after updated_at.", "harness_store.proto", har_13_times).needs(&[Need::Harness])
        .list()
}

fn asking(harness: &str) -> pb::GetHarnessChainRequest {
    pb::GetHarnessChainRequest {
        context: None,
        harness_id: harness.into(),
    }
}

pub(crate) async fn chain(cx: &Cx, harness: &str) -> Outcome<Vec<pb::Harness>> {
    Ok(cx
        .call(&GET_HARNESS_CHAIN, asking(harness))
        .await?
        .harnesses)
}

async fn har_01_unknown(cx: Cx) -> Outcome {
    let chain = chain(&cx, &fresh_id("harness")).await?;
    same("GetHarnessChain of no harness", &chain, &Vec::new())
}

async fn har_02_single(cx: Cx) -> Outcome {
    let id = cx.harness().await?;
    let chain = chain(&cx, &id).await?;
    let last = present("the last of GetHarnessChain", chain.last())?;
    same("the id of the last", &last.id, &id)?;
    match last.parent_harness_id {
        // One that the fixtures name may have a parent.
        Some(_) => Ok(()),
        None => same(
            "how many harnesses a chain without parents has",
            &chain.len(),
            &1,
        ),
    }
}

/// A grandparent, a parent and a child.
async fn family(cx: &Cx) -> Outcome<[pb::Harness; 3]> {
    let capability = |name: &str, config: &str| pb::AgentCapabilityConfig {
        capability_ref: name.into(),
        config_json: config.into(),
    };
    let network = |allowed: &[&str], blocked: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Some(pb::NetworkAccessList {
            allowed: owned(allowed),
            blocked: owned(blocked),
        })
    };
    let first = a_harness(cx, |harness| {
        harness.system_prompt = "PROMPT-ONE".into();
        harness.capabilities = vec![
            capability("a", "{\"from\":1}"),
            capability("b", "{\"from\":1}"),
        ];
        harness.network_access = network(&["a.example.com", "b.example.com"], &["x.example.com"]);
    })
    .await?;
    let second = a_harness(cx, |harness| {
        harness.system_prompt = "PROMPT-TWO".into();
        harness.parent_harness_id = Some(first.id.clone());
        harness.capabilities = vec![
            capability("c", "{\"from\":2}"),
            capability("a", "{\"from\":2}"),
        ];
        harness.network_access = network(&["b.example.com", "c.example.com"], &["y.example.com"]);
    })
    .await?;
    let third = a_harness(cx, |harness| {
        harness.system_prompt = "PROMPT-THREE".into();
        harness.parent_harness_id = Some(second.id.clone());
    })
    .await?;
    Ok([first, second, third])
}

async fn har_03_leaf_last(cx: Cx) -> Outcome {
    for harness in family(&cx).await? {
        let chain = chain(&cx, &harness.id).await?;
        let last = present("the last of GetHarnessChain", chain.last())?;
        same(
            "the id of the last of GetHarnessChain",
            &last.id,
            &harness.id,
        )?;
    }
    Ok(())
}

async fn har_04_order(cx: Cx) -> Outcome {
    let family = family(&cx).await?;
    let expected: Vec<&str> = family.iter().map(|harness| harness.id.as_str()).collect();
    let chain = chain(&cx, expected[2]).await?;
    let ids: Vec<&str> = chain.iter().map(|harness| harness.id.as_str()).collect();
    let holds = ids == expected || ids == expected[2..];
    that(
        "the ids of GetHarnessChain",
        &format!("{expected:?}, or the last alone"),
        holds,
        &ids,
    )
}

async fn har_05_folds(cx: Cx) -> Outcome {
    let family = family(&cx).await?;
    let chain = chain(&cx, &family[2].id).await?;
    if let [folded] = chain.as_slice() {
        let prompt = &folded.system_prompt;
        let places: Vec<Option<usize>> = family
            .iter()
            .map(|harness| prompt.find(&harness.system_prompt))
            .collect();
        that(
            "the folded system_prompt",
            "the three prompts, the root's first",
            places.is_sorted() && places.iter().all(Option::is_some),
            prompt,
        )?;
        let mut found = folded.capabilities.clone();
        plain_capabilities(&mut found);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|found| (found.capability_ref.as_str(), found.config_json.as_str()))
            .collect();
        same(
            "the folded capabilities",
            &found,
            &vec![
                ("a", "{\"from\":2}"),
                ("b", "{\"from\":1}"),
                ("c", "{\"from\":2}"),
            ],
        )?;
        let network = present("the folded network_access", folded.network_access.as_ref())?;
        same(
            "network_access.allowed",
            &network.allowed,
            &vec!["b.example.com"],
        )?;
        let mut blocked: Vec<&str> = network.blocked.iter().map(String::as_str).collect();
        blocked.sort_unstable();
        return same(
            "network_access.blocked",
            &blocked,
            &vec!["x.example.com", "y.example.com"],
        );
    }
    // Unfolded, each element is as it was put.
    for (found, put) in chain.iter().zip(&family) {
        same("system_prompt", &found.system_prompt, &put.system_prompt)?;
        same("network_access", &found.network_access, &put.network_access)?;
        same(
            "parent_harness_id",
            &found.parent_harness_id,
            &put.parent_harness_id,
        )?;
    }
    Ok(())
}

async fn har_06_archived(cx: Cx) -> Outcome {
    let archive = |harness: &mut pb::Harness| {
        harness.status = pb::HarnessStatus::Archived.into();
        harness.archived_at = harness.updated_at;
    };
    let parent = a_harness(&cx, archive).await?;
    let found = chain(&cx, &parent.id).await?;
    let last = present("the last of an archived harness's chain", found.last())?;
    same(
        "its status",
        &last.status,
        &i32::from(pb::HarnessStatus::Archived),
    )?;
    same("its archived_at", &last.archived_at, &parent.archived_at)?;
    let child = a_harness(&cx, |harness| {
        harness.parent_harness_id = Some(parent.id.clone())
    })
    .await?;
    let found = chain(&cx, &child.id).await?;
    let last = present(
        "the last of the chain with an archived parent",
        found.last(),
    )?;
    same(
        "the status of the last",
        &last.status,
        &i32::from(pb::HarnessStatus::Active),
    )
}

async fn har_07_deleted(cx: Cx) -> Outcome {
    let harness = a_harness(&cx, |harness| {
        harness.status = pb::HarnessStatus::Deleted.into();
        harness.deleted_at = harness.updated_at;
    })
    .await?;
    match chain(&cx, &harness.id).await?.last() {
        None => Ok(()),
        Some(last) => same(
            "the status of the last",
            &last.status,
            &i32::from(pb::HarnessStatus::Deleted),
        ),
    }
}

async fn har_08_cycle(cx: Cx) -> Outcome {
    let first = a_harness(&cx, |_| {}).await?;
    let second = a_harness(&cx, |harness| {
        harness.parent_harness_id = Some(first.id.clone())
    })
    .await?;
    let mut turned = first.clone();
    turned.parent_harness_id = Some(second.id.clone());
    put_harness(&cx, &turned).await?;
    let found = chain(&cx, &second.id).await?;
    let ids: Vec<&str> = found.iter().map(|harness| harness.id.as_str()).collect();
    let (first, second) = (first.id.as_str(), second.id.as_str());
    let holds = ids == [first, second] || ids == [second];
    that(
        "the ids of the chain of a cycle",
        &format!("{:?}, or the last alone", [first, second]),
        holds,
        &ids,
    )
}

async fn har_09_updated(cx: Cx) -> Outcome {
    let id = cx.harness().await?;
    let session = cx.session().await?;
    for prompt in ["one", "two", ""] {
        let request = pb::UpdateHarnessRequest {
            harness_id: id.clone(),
            system_prompt: Some(prompt.into()),
            ..Default::default()
        };
        cx.in_session(&session)
            .call(&UPDATE_HARNESS, request)
            .await?;
        let found = chain(&cx, &id).await?;
        let last = present("the last of GetHarnessChain", found.last())?;
        same(
            "system_prompt after UpdateHarness",
            last.system_prompt.as_str(),
            prompt,
        )?;
    }
    Ok(())
}

async fn har_10_everything(cx: Cx) -> Outcome {
    let mut put = a_harness(&cx, |harness| {
        harness.display_name = Some("Ünïcode\n".into());
        harness.description = Some(String::new());
        harness.system_prompt = super::common::awkward_texts().join("|");
        harness.default_model_id = Some(fresh_id("model"));
        harness.tags = vec!["b".into(), "a".into(), "b".into()];
        harness.capabilities = capabilities();
        harness.initial_files = initial_files();
        harness.network_access = Some(closed_network());
        harness.mcp_servers = mcp_servers();
        harness.is_built_in = true;
    })
    .await?;
    let mut found = chain(&cx, &put.id).await?;
    let mut found = present("the last of GetHarnessChain", found.pop())?;
    plain_capabilities(&mut put.capabilities);
    plain_capabilities(&mut found.capabilities);
    same(
        "harness.system_prompt",
        &found.system_prompt,
        &put.system_prompt,
    )?;
    same(
        "harness.capabilities",
        &found.capabilities,
        &put.capabilities,
    )?;
    same(
        "harness.initial_files",
        &found.initial_files,
        &put.initial_files,
    )?;
    same(
        "harness.network_access",
        &found.network_access,
        &put.network_access,
    )?;
    same("harness.mcp_servers", &found.mcp_servers, &put.mcp_servers)?;
    same("the harness", &found, &put)
}

async fn har_11_other_org(cx: Cx) -> Outcome {
    let id = cx.harness().await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    chain(&cx, &id).await?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = cx
        .in_other_org()?
        .attempt(&GET_HARNESS_CHAIN, asking(&id))
        .await
    {
        same(
            "GetHarnessChain in another org",
            &answer.harnesses,
            &Vec::new(),
        )?;
    }
    Ok(())
}

async fn har_12_malformed(cx: Cx) -> Outcome {
    for id in malformed_ids("harness") {
        refused_as_invalid(&cx, &GET_HARNESS_CHAIN, asking(&id)).await?;
    }
    Ok(())
}

async fn har_13_times(cx: Cx) -> Outcome {
    let found = chain(&cx, &cx.harness().await?).await?;
    let last = present("the last of GetHarnessChain", found.last())?;
    present("created_at", last.created_at.as_ref())?;
    not_before(
        "updated_at",
        last.updated_at.as_ref(),
        last.created_at.as_ref(),
    )
}

//! Harnesses.

use super::{create_harness, harness_request, not_found, platform};
use crate::check::{Outcome, different, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::Group;
use crate::rules::common::{awkward_texts, moved_on};
use mortise_proto::pb;
use mortise_proto::pb::update_harness_request::ParentHarness;
use mortise_proto::rpc::table::harness_store_service::{self as chain, GET_HARNESS_CHAIN};
use mortise_proto::rpc::table::platform_store_service::{
    COPY_HARNESS, CREATE_HARNESS, DELETE_HARNESS, GET_HARNESS, LIST_HARNESSES, UPDATE_HARNESS,
};

pub(super) fn rules(group: Group) -> Group {
    let group = super::harness_names::rules(group);
    group
        .hard("PLAT-01", "A harness is made with the name, display name, description, prompt and capability ids it was given, active and not built in.", "PS:45-54", plat_01_creates)
        .hard("PLAT-02", "A harness that does not exist is absent, not an error.", "PS:43", plat_02_missing)
        .hard("PLAT-03", "An update changes the fields that were given and no others, keeps created_at and moves updated_at on.", "PS:56-65", plat_03_updates)
        .hard("PLAT-04", "A parent stays when an update does not name one, goes when it is cleared, and is what was set.", "PS:64, PM:580-600", plat_04_parents)
        .hard("PLAT-05", "Deleting a harness archives it: it is still returned, with that status.", "PS:67", plat_05_archives)
        .hard("PLAT-06", "A copy has an id of its own, the name that was asked for, the same prompt and capabilities, and is not built in.", "PS:70, harness.rs:120", plat_06_copies)
        .hard("PLAT-07", "An update, a deletion or a copy of a harness that is not there is refused with a text that contains `not found`.", "PS:57", plat_07_unknown)
        .soft("PLAT-09", "The list of harnesses holds the active ones, ascending by name, and none that is archived.", "harness.rs:21", plat_09_lists)
        .hard("PLAT-36", "The org's built-in harness `Generic` is listed, and can be neither changed nor deleted.", "PM:1989, platform_store.proto", plat_36_built_in)
        .hard("PLAT-37", "A parent that is archived, unknown, the harness itself or below it is refused.", "platform_store.proto, UpdateHarness", plat_37_bad_parents)
        .hard("PLAT-38", "An archived harness cannot be changed; deleting it again changes nothing, and its name is free.", "platform_store.proto", plat_38_archived_stays)
        .hard("PLAT-41", "Display name, description and prompt come back to the byte, absent and empty apart.", "platform_harness.proto", plat_41_verbatim)
        .hard("PLAT-43", "A change to a harness is seen in its chain at once.", "harness_store.proto", plat_43_seen_in_chain).with(&[chain::NAME])
}

async fn get(cx: &Cx, id: &str) -> Outcome<Option<pb::Harness>> {
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id: id.into(),
    };
    Ok(cx.call(&GET_HARNESS, request).await?.harness)
}

async fn got(cx: &Cx, id: &str) -> Outcome<pb::Harness> {
    present("GetHarness.harness", get(cx, id).await?)
}

pub(super) async fn new(cx: &Cx) -> Outcome<pb::Harness> {
    create_harness(cx, harness_request(cx)).await
}

async fn delete(cx: &Cx, id: &str) -> Outcome {
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: id.into(),
    };
    cx.call(&DELETE_HARNESS, request).await.map(|_| ())
}

pub(super) fn update(id: &str) -> pb::UpdateHarnessRequest {
    pb::UpdateHarnessRequest {
        harness_id: id.into(),
        ..Default::default()
    }
}

fn parent(id: &str, parent: ParentHarness) -> pb::UpdateHarnessRequest {
    pb::UpdateHarnessRequest {
        parent_harness: Some(parent),
        ..update(id)
    }
}

pub(super) fn copy(id: &str, name: Option<String>) -> pb::CopyHarnessRequest {
    pb::CopyHarnessRequest {
        context: None,
        harness_id: id.into(),
        new_name: name,
    }
}

pub(super) async fn listed(cx: &Cx) -> Outcome<Vec<pb::Harness>> {
    let runs = cx
        .collect(&LIST_HARNESSES, pb::ListHarnessesRequest::default())
        .await?;
    Ok(runs.into_iter().flat_map(|run| run.harnesses).collect())
}

fn capability_refs(harness: &pb::Harness) -> Vec<&str> {
    let capabilities = harness.capabilities.iter();
    capabilities
        .map(|config| config.capability_ref.as_str())
        .collect()
}

async fn plat_01_creates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateHarnessRequest {
        display_name: Some("Shown".into()),
        description: Some("What it is for".into()),
        capabilities: vec!["session_file_system".into(), "of_the_host_alone".into()],
        ..harness_request(&cx)
    };
    let made = create_harness(&cx, request.clone()).await?;
    that(
        "harness.id",
        "`harness_` and 32 hex digits",
        is_id(&made.id, "harness"),
        &made.id,
    )?;
    same("harness.name", &made.name, &request.name)?;
    same(
        "harness.display_name",
        &made.display_name,
        &request.display_name,
    )?;
    same(
        "harness.description",
        &made.description,
        &request.description,
    )?;
    same(
        "harness.system_prompt",
        &made.system_prompt,
        &request.system_prompt,
    )?;
    same(
        "the ids of harness.capabilities",
        &capability_refs(&made),
        &request.capabilities,
    )?;
    same("harness.status", &made.status(), &pb::HarnessStatus::Active)?;
    same("harness.is_built_in", &made.is_built_in, &false)?;
    same("GetHarness.harness", &got(&cx, &made.id).await?, &made)
}

async fn plat_02_missing(cx: Cx) -> Outcome {
    crate::check::absent(
        "GetHarness.harness",
        get(&platform(&cx), &fresh_id("harness")).await?,
    )
}

async fn plat_03_updates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateHarnessRequest {
        description: Some("before".into()),
        capabilities: vec!["session_file_system".into()],
        ..harness_request(&cx)
    };
    let before = create_harness(&cx, request).await?;
    let request = pb::UpdateHarnessRequest {
        description: Some("after".into()),
        ..update(&before.id)
    };
    let answer = cx.call(&UPDATE_HARNESS, request).await?;
    let after = present("UpdateHarness.harness", answer.harness)?;
    moved_on(
        "harness.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    let expected = pb::Harness {
        description: Some("after".into()),
        updated_at: after.updated_at,
        ..before
    };
    same("UpdateHarness.harness", &after, &expected)?;
    same("GetHarness.harness", &got(&cx, &after.id).await?, &expected)
}

async fn plat_04_parents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (first, second) = (new(&cx).await?, new(&cx).await?);
    let request = pb::CreateHarnessRequest {
        parent_harness_id: Some(first.id.clone()),
        ..harness_request(&cx)
    };
    let child = create_harness(&cx, request).await?;
    same(
        "parent_harness_id as made",
        &child.parent_harness_id.as_ref(),
        &Some(&first.id),
    )?;
    let leave = pb::UpdateHarnessRequest {
        display_name: Some("Other".into()),
        ..update(&child.id)
    };
    let steps = [
        ("left out", leave, Some(&first.id)),
        (
            "set",
            parent(&child.id, ParentHarness::ParentHarnessId(second.id.clone())),
            Some(&second.id),
        ),
        (
            "cleared",
            parent(&child.id, ParentHarness::ClearParentHarness(())),
            None,
        ),
    ];
    for (how, request, expected) in steps {
        cx.call(&UPDATE_HARNESS, request).await?;
        same(
            &format!("parent_harness_id after an update in which it is {how}"),
            &got(&cx, &child.id).await?.parent_harness_id.as_ref(),
            &expected,
        )?;
    }
    Ok(())
}

async fn plat_05_archives(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    delete(&cx, &made.id).await?;
    let archived = got(&cx, &made.id).await?;
    same(
        "status after DeleteHarness",
        &archived.status(),
        &pb::HarnessStatus::Archived,
    )?;
    same(
        "the prompt after DeleteHarness",
        &archived.system_prompt,
        &made.system_prompt,
    )
}

async fn plat_06_copies(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateHarnessRequest {
        description: Some("To be copied".into()),
        capabilities: vec!["session_file_system".into(), "session_storage".into()],
        ..harness_request(&cx)
    };
    let original = create_harness(&cx, request).await?;
    let name = cx.name("contract-copy");
    let answer = cx
        .call(&COPY_HARNESS, copy(&original.id, Some(name.clone())))
        .await?;
    let made = present("CopyHarness.harness", answer.harness)?;
    different("the id of the copy", &made.id, &original.id)?;
    let expected = pb::Harness {
        id: made.id.clone(),
        name,
        created_at: made.created_at,
        updated_at: made.updated_at,
        ..original
    };
    same("CopyHarness.harness", &made, &expected)?;
    same(
        "GetHarness.harness of the copy",
        &got(&cx, &made.id).await?,
        &made,
    )
}

async fn plat_07_unknown(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = fresh_id("harness");
    let request = pb::UpdateHarnessRequest {
        description: Some("x".into()),
        ..update(&id)
    };
    not_found(&cx, &UPDATE_HARNESS, request).await?;
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: id.clone(),
    };
    not_found(&cx, &DELETE_HARNESS, request).await?;
    not_found(&cx, &COPY_HARNESS, copy(&id, None)).await
}

async fn plat_09_lists(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (kept, gone) = (new(&cx).await?, new(&cx).await?);
    delete(&cx, &gone.id).await?;
    let all = listed(&cx).await?;
    let ids: Vec<_> = all.iter().map(|harness| harness.id.as_str()).collect();
    that(
        "ListHarnesses",
        "to hold the new harness",
        ids.contains(&kept.id.as_str()),
        "without it",
    )?;
    that(
        "ListHarnesses",
        "to leave out the archived harness",
        !ids.contains(&gone.id.as_str()),
        "with it",
    )?;
    let active = all
        .iter()
        .all(|harness| harness.status() == pb::HarnessStatus::Active);
    that(
        "ListHarnesses",
        "active harnesses alone",
        active,
        "others among them",
    )?;
    let names: Vec<_> = all.iter().map(|harness| harness.name.as_str()).collect();
    that(
        "the names of ListHarnesses",
        "ascending",
        names.is_sorted(),
        &names,
    )
}

async fn plat_36_built_in(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let all = listed(&cx).await?;
    let generic = all
        .into_iter()
        .find(|harness| harness.name == "Generic" && harness.is_built_in);
    let generic = present(
        "a harness of ListHarnesses that is built in and named `Generic`",
        generic,
    )?;
    let request = pb::UpdateHarnessRequest {
        description: Some("changed".into()),
        ..update(&generic.id)
    };
    cx.refused(&UPDATE_HARNESS, request).await?;
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: generic.id.clone(),
    };
    cx.refused(&DELETE_HARNESS, request).await?;
    same(
        "GetHarness.harness of the built-in one",
        &got(&cx, &generic.id).await?,
        &generic,
    )
}

async fn plat_37_bad_parents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let root = new(&cx).await?;
    let request = pb::CreateHarnessRequest {
        parent_harness_id: Some(root.id.clone()),
        ..harness_request(&cx)
    };
    let child = create_harness(&cx, request).await?;
    let archived = new(&cx).await?;
    delete(&cx, &archived.id).await?;
    for wrong in [&root.id, &child.id, &archived.id, &fresh_id("harness")] {
        let request = parent(&root.id, ParentHarness::ParentHarnessId(wrong.clone()));
        cx.refused(&UPDATE_HARNESS, request).await?;
    }
    same(
        "GetHarness.harness after refused parents",
        &got(&cx, &root.id).await?,
        &root,
    )?;
    for wrong in [archived.id, fresh_id("harness")] {
        let request = pb::CreateHarnessRequest {
            parent_harness_id: Some(wrong),
            ..harness_request(&cx)
        };
        cx.refused(&CREATE_HARNESS, request).await?;
    }
    Ok(())
}

async fn plat_38_archived_stays(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    delete(&cx, &made.id).await?;
    let archived = got(&cx, &made.id).await?;
    let request = pb::UpdateHarnessRequest {
        description: Some("changed".into()),
        ..update(&made.id)
    };
    cx.refused(&UPDATE_HARNESS, request).await?;
    delete(&cx, &made.id).await?;
    same(
        "GetHarness.harness after another DeleteHarness",
        &got(&cx, &made.id).await?,
        &archived,
    )?;
    let request = pb::CreateHarnessRequest {
        name: made.name,
        ..harness_request(&cx)
    };
    create_harness(&cx, request).await.map(|_| ())
}

async fn plat_41_verbatim(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for text in awkward_texts() {
        let request = pb::CreateHarnessRequest {
            display_name: Some(text.clone()),
            description: Some(text.clone()),
            system_prompt: text.clone(),
            ..harness_request(&cx)
        };
        let made = create_harness(&cx, request).await?;
        let read = got(&cx, &made.id).await?;
        same(
            "GetHarness.harness.system_prompt",
            &read.system_prompt,
            &text,
        )?;
        same(
            "GetHarness.harness.display_name",
            &read.display_name.as_ref(),
            &Some(&text),
        )?;
        same(
            "GetHarness.harness.description",
            &read.description.as_ref(),
            &Some(&text),
        )?;
    }
    let bare = new(&cx).await?;
    let read = got(&cx, &bare.id).await?;
    crate::check::absent(
        "GetHarness.harness.display_name that was not given",
        read.display_name,
    )?;
    crate::check::absent(
        "GetHarness.harness.description that was not given",
        read.description,
    )
}

async fn plat_43_seen_in_chain(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    for round in 0..5 {
        let prompt = format!("prompt {round}");
        let request = pb::UpdateHarnessRequest {
            system_prompt: Some(prompt.clone()),
            ..update(&made.id)
        };
        cx.call(&UPDATE_HARNESS, request).await?;
        let request = pb::GetHarnessChainRequest {
            context: None,
            harness_id: made.id.clone(),
        };
        let chain = cx
            .over_new_connection()
            .call(&GET_HARNESS_CHAIN, request)
            .await?;
        let leaf = present(
            "the last element of GetHarnessChain",
            chain.harnesses.last().cloned(),
        )?;
        same(
            "the prompt in GetHarnessChain after UpdateHarness",
            &leaf.system_prompt,
            &prompt,
        )?;
    }
    Ok(())
}

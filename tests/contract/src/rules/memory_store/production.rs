//! What production asks of memories: repeats, concurrency, size, other orgs.

use super::super::common::{awkward_texts, lost_reply, refused_as_invalid, repeated};
use super::super::refusals::{refused_with, stream_refused_with};
use super::{
    contents, count, default_store_of, forget, forgotten, get_store, made, memory, recalled, store,
    tagged,
};
use crate::check::{Outcome, absent, different, present, same, says};
use crate::context::{Cx, fresh_id};
use futures::future::try_join_all;
use mortise_proto::pb::memory_content_part::Part;
use mortise_proto::pb::{self, ErrorReason, MemoryKind as Kind};
use mortise_proto::rpc::table::memory_store_service::{
    COUNT_ACTIVE, CREATE_MEMORY, FORGET, GET_MEMORY_STORE, GET_OR_CREATE_DEFAULT_STORE, RECALL,
};

fn text(text: &str) -> pb::MemoryContentPart {
    pb::MemoryContentPart {
        part: Some(Part::Text(pb::MemoryTextPart { text: text.into() })),
    }
}

fn image(base64: String) -> pb::MemoryContentPart {
    pb::MemoryContentPart {
        part: Some(Part::Image(pb::MemoryImagePart {
            base64,
            media_type: "image/png".into(),
        })),
    }
}

pub(super) async fn mem_02_one_default(cx: Cx) -> Outcome {
    let stores = try_join_all((0..10).map(|_| store(&cx))).await?;
    for store in &stores {
        same(
            "the default store, asked for ten times at once",
            store,
            &stores[0],
        )?;
    }
    Ok(())
}

pub(super) async fn mem_15_parts(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let request = pb::CreateMemoryRequest {
        content_parts: vec![
            image("iVBO".repeat(256 * 1024)),
            text(""),
            text("between"),
            image("AAAA".into()),
        ],
        ..memory(&store.id, "", &tag)
    };
    made(&cx, request.clone()).await?;
    let (memories, _) = recalled(&cx, tagged(&[&tag])).await?;
    let kept = present("the memory that is recalled", memories.into_iter().next())?;
    same(
        "Memory.content_parts",
        &kept.content_parts,
        &request.content_parts,
    )
}

pub(super) async fn mem_18_repeats(cx: Cx) -> Outcome {
    let request = default_store_of(&cx.org_public_id());
    repeated(&cx, &GET_OR_CREATE_DEFAULT_STORE, request).await?;
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let request = memory(&store.id, "once", &tag);
    let answer = repeated(&cx, &CREATE_MEMORY, request).await?;
    let memory = present("CreateMemory.memory", answer.memory)?;
    same(
        "the memories after one CreateMemory was sent three times",
        &recalled(&cx, tagged(&[&tag])).await?,
        &(vec![memory.clone()], 1),
    )?;
    let answer = repeated(&cx, &FORGET, forget(&store.id, &memory.id)).await?;
    same("Forget.forgotten", &answer.forgotten, &true)
}

pub(super) async fn mem_19_lost_replies(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let answer = lost_reply(&cx, &CREATE_MEMORY, memory(&store.id, "once", &tag)).await?;
    let memory = present("CreateMemory.memory", answer.memory)?;
    same(
        "the memories after a CreateMemory whose answers were lost",
        &recalled(&cx, tagged(&[&tag])).await?,
        &(vec![memory.clone()], 1),
    )?;
    let answer = lost_reply(&cx, &FORGET, forget(&store.id, &memory.id)).await?;
    same(
        "Forget.forgotten of the change that was done once",
        &answer.forgotten,
        &true,
    )
}

pub(super) async fn mem_20_concurrent(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let other = cx.over_new_connection();
    let requests = (0..32).map(|index| {
        let cx = [&cx, &other][index % 2];
        made(cx, memory(&store.id, &format!("{index:02}"), &tag))
    });
    let made = try_join_all(requests).await?;
    let mut found = contents(&cx, tagged(&[&tag])).await?;
    found.sort();
    let all: Vec<_> = (0..32).map(|index| format!("{index:02}")).collect();
    same(
        "the memories of 32 CreateMemory at the same time",
        &found,
        &all,
    )?;
    let forgets = (0..8).map(|_| forgotten(&cx, &store.id, &made[0].id));
    let heard = try_join_all(forgets).await?;
    let times = heard.iter().filter(|forgotten| **forgotten).count();
    same("how many of 8 Forget of one memory said true", &times, &1)
}

pub(super) async fn mem_21_no_store(cx: Cx) -> Outcome {
    let request = memory(&fresh_id("mst"), "x", "tag");
    let error = refused_with(&cx, &CREATE_MEMORY, request, &[ErrorReason::Store]).await?;
    says(
        "the text of CreateMemory's error",
        &error.message,
        "not found",
    )
}

pub(super) async fn mem_22_malformed(cx: Cx) -> Outcome {
    let store = store(&cx).await?;
    let (good, memory_id) = (store.id.as_str(), fresh_id("mem"));
    let upper = good.to_uppercase();
    for id in ["", "mst_1", memory_id.as_str(), &upper, &good[4..]] {
        refused_as_invalid(&cx, &GET_MEMORY_STORE, get_store(id)).await?;
        refused_as_invalid(&cx, &CREATE_MEMORY, memory(id, "x", "tag")).await?;
        refused_as_invalid(&cx, &FORGET, forget(id, &memory_id)).await?;
        refused_as_invalid(&cx, &COUNT_ACTIVE, count(id)).await?;
        let request = pb::RecallRequest {
            store_id: Some(id.into()),
            ..tagged(&["tag"])
        };
        stream_refused_with(&cx, &RECALL, request, &[ErrorReason::InvalidField]).await?;
    }
    for id in ["", "mem_1", good] {
        refused_as_invalid(&cx, &FORGET, forget(good, id)).await?;
    }
    for id in ["", "org_1", "1"] {
        let request = default_store_of(id);
        refused_as_invalid(&cx, &GET_OR_CREATE_DEFAULT_STORE, request).await?;
    }
    let without_kind = pb::CreateMemoryRequest {
        kind: Kind::Unspecified.into(),
        ..memory(good, "x", "tag")
    };
    refused_as_invalid(&cx, &CREATE_MEMORY, without_kind).await?;
    let without_part = pb::CreateMemoryRequest {
        content_parts: vec![pb::MemoryContentPart { part: None }],
        ..memory(good, "x", "tag")
    };
    refused_as_invalid(&cx, &CREATE_MEMORY, without_part).await
}

pub(super) async fn mem_23_other_org(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let mine = made(&cx, memory(&store.id, "ours", &tag)).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&GET_MEMORY_STORE, get_store(&store.id)).await {
        absent("GetMemoryStore.store in another org", answer.store)?;
    }
    if let Ok(answer) = other.attempt(&COUNT_ACTIVE, count(&store.id)).await {
        same("CountActive.count in another org", &answer.count, &0)?;
    }
    let request = default_store_of(&cx.org_public_id());
    if let Ok(answer) = other.attempt(&GET_OR_CREATE_DEFAULT_STORE, request).await {
        let id = answer.store.map(|store| store.id).unwrap_or_default();
        different(
            "the default store of another org's public id",
            &id,
            &store.id,
        )?;
    }
    if let Ok(answer) = other.attempt(&FORGET, forget(&store.id, &mine.id)).await {
        same("Forget.forgotten in another org", &answer.forgotten, &false)?;
    }
    let attack = memory(&store.id, "theirs", &tag);
    other.refused(&CREATE_MEMORY, attack).await?;
    same(
        "the memories in their own org",
        &recalled(&cx, tagged(&[&tag])).await?,
        &(vec![mine], 1),
    )
}

pub(super) async fn mem_24_large_recall(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let base64 = "iVBO".repeat(256 * 1024);
    for index in 0..12 {
        let request = pb::CreateMemoryRequest {
            content_parts: vec![image(base64.clone())],
            ..memory(&store.id, &index.to_string(), &tag)
        };
        made(&cx, request).await?;
    }
    let (memories, total) = recalled(&cx, tagged(&[&tag])).await?;
    same("RecallResponse.total", &total, &12)?;
    same("how many memories are recalled", &memories.len(), &12)?;
    for memory in &memories {
        let parts = memory.content_parts.as_slice();
        same("Memory.content_parts", parts, &[image(base64.clone())])?;
    }
    Ok(())
}

pub(super) async fn mem_25_awkward(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for awkward in awkward_texts() {
        let mut request = memory(&store.id, &awkward, &tag);
        request.tags.push(awkward.clone());
        request.content_parts.push(text(&awkward));
        let made = made(&cx, request).await?;
        same("Memory.content", &made.content, &awkward)?;
        let (memories, _) = recalled(&cx, tagged(&[&tag, &awkward])).await?;
        same(
            "the memory that is recalled by its tag",
            &memories,
            &vec![made],
        )?;
    }
    Ok(())
}

//! What agents remember across sessions. The default store of an org is everybody's: a
//! rule finds its own memories by a tag that no other has.

mod production;
mod recalls;

use crate::check::{Outcome, absent, broken, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::exchange::message;
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::{self, ErrorReason, MemoryKind as Kind};
use mortise_proto::rpc::table::memory_store_service::{
    CREATE_MEMORY, FORGET, GET_MEMORY_STORE, GET_OR_CREATE_DEFAULT_STORE, NAME, RECALL,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("MEM-01", "An org has one default store, of its own, named `default`.", "M:1046-1060", mem_01_default_store)
        .hard("MEM-02", "10 calls for the default store at the same time get the same store.", "M:1046", production::mem_02_one_default).full()
        .hard("MEM-03", "Another org has another default store.", "M:1048", mem_03_two_orgs).needs(&[Need::OtherOrg])
        .hard("MEM-04", "A store that is unknown is absent.", "M:1062", mem_04_unknown_store)
        .hard("MEM-05", "A memory is active and holds what was given, under an id of its own.", "M:1072-1094", mem_05_creates)
        .hard("MEM-06", "Importance is moved into 1 to 10.", "M:1088", mem_06_importance)
        .hard("MEM-07", "Memories are recalled the most important first, of equally important ones the newest.", "M:1136-1140", recalls::mem_07_order)
        .hard("MEM-08", "A query is text within the content or a tag, whatever its case, and none of its characters is special.", "M:1125-1133", recalls::mem_08_text)
        .hard("MEM-09", "Of tags that are asked for a memory has all, exactly.", "MEM schema text", recalls::mem_09_tags)
        .hard("MEM-10", "A kind that is asked for is matched exactly.", "MEM test_recall_by_kind", recalls::mem_10_kind)
        .hard("MEM-11", "The limit is applied last, the total counts before it, and a limit of 0 is 10.", "M:1142-1145", recalls::mem_11_limit)
        .hard("MEM-12", "Forgetting returns true once, then false, and the memory is no longer recalled.", "M:1148-1160", recalls::mem_12_forgets)
        .hard("MEM-13", "Forgetting in another store returns false and keeps the memory.", "MS:258-266", recalls::mem_13_forgets_elsewhere)
        .hard("MEM-14", "CountActive counts what Recall of the store finds without a filter.", "M:1162-1170", recalls::mem_14_counts)
        .hard("MEM-15", "Parts survive in their order, images of 1 MiB among them.", "MS:40-48", production::mem_15_parts).full()
        .hard("MEM-16", "Recall without a store never leaves the org.", "memory_store.proto", recalls::mem_16_within_org).needs(&[Need::OtherOrg])
        .hard("MEM-17", "Recall that finds nothing gives no memory and a total of 0, in one message at least.", "MEM test_recall_empty_store", recalls::mem_17_nothing)
        .hard("MEM-18", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", production::mem_18_repeats).full()
        .hard("MEM-19", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", production::mem_19_lost_replies).full()
        .hard("MEM-20", "32 memories stored at the same time are all there; of 8 calls that forget one exactly one returns true.", "tool_scheduler.rs:42", production::mem_20_concurrent).full()
        .hard("MEM-21", "A memory for a store that is not there is INTERNAL + STORE with `not found`.", "memory_store.proto, CreateMemory", production::mem_21_no_store)
        .hard("MEM-22", "A malformed id, a kind that is left out and a part without content are refused as INVALID_FIELD.", "ID:85-121", production::mem_22_malformed)
        .hard("MEM-23", "Another org sees neither store nor memory whose ids it knows, and cannot change them.", "context.proto", production::mem_23_other_org).needs(&[Need::OtherOrg])
        .hard("MEM-24", "Twelve memories with 1 MiB each are recalled whole, in messages that a client takes.", "MS:40-48", production::mem_24_large_recall).full()
        .hard("MEM-25", "Texts that stores damage survive in content, tags and parts.", "web_fetch.rs:256", production::mem_25_awkward)
        .list()
}

fn default_store_of(org_id: &str) -> pb::GetOrCreateDefaultStoreRequest {
    pb::GetOrCreateDefaultStoreRequest {
        context: None,
        org_id: org_id.into(),
    }
}

fn get_store(store_id: &str) -> pb::GetMemoryStoreRequest {
    pb::GetMemoryStoreRequest {
        context: None,
        store_id: store_id.into(),
    }
}

/// A memory with a tag.
fn memory(store_id: &str, content: &str, tag: &str) -> pb::CreateMemoryRequest {
    pb::CreateMemoryRequest {
        context: None,
        store_id: store_id.into(),
        content: content.into(),
        content_parts: Vec::new(),
        kind: Kind::Fact.into(),
        importance: 5,
        tags: vec![tag.into()],
    }
}

/// What has all of these tags.
fn tagged(tags: &[&str]) -> pb::RecallRequest {
    pb::RecallRequest {
        context: None,
        store_id: None,
        query: None,
        tags: Some(pb::MemoryTags {
            tags: tags.iter().map(|tag| (*tag).into()).collect(),
        }),
        kind: Kind::Unspecified.into(),
        limit: 100,
    }
}

fn forget(store_id: &str, memory_id: &str) -> pb::ForgetRequest {
    pb::ForgetRequest {
        context: None,
        store_id: store_id.into(),
        memory_id: memory_id.into(),
    }
}

fn count(store_id: &str) -> pb::CountActiveRequest {
    pb::CountActiveRequest {
        context: None,
        store_id: store_id.into(),
    }
}

/// The default store of the org.
async fn store(cx: &Cx) -> Outcome<pb::MemoryStore> {
    let request = default_store_of(&cx.org_public_id());
    let answer = cx.call(&GET_OR_CREATE_DEFAULT_STORE, request).await?;
    present("GetOrCreateDefaultStore.store", answer.store)
}

async fn made(cx: &Cx, request: pb::CreateMemoryRequest) -> Outcome<pb::Memory> {
    let answer = cx.call(&CREATE_MEMORY, request).await?;
    present("CreateMemory.memory", answer.memory)
}

async fn forgotten(cx: &Cx, store_id: &str, memory_id: &str) -> Outcome<bool> {
    let answer = cx.call(&FORGET, forget(store_id, memory_id)).await?;
    Ok(answer.forgotten)
}

/// What is recalled, and how many match in all.
async fn recalled(cx: &Cx, request: pb::RecallRequest) -> Outcome<(Vec<pb::Memory>, u64)> {
    let runs = cx.collect(&RECALL, request).await?;
    let Some(total) = runs.first().map(|run| run.total) else {
        return broken("the answer of Recall", "at least one message", "none");
    };
    for run in &runs {
        same("RecallResponse.total of every message", &run.total, &total)?;
    }
    Ok((
        runs.into_iter().flat_map(|run| run.memories).collect(),
        total,
    ))
}

async fn contents(cx: &Cx, request: pb::RecallRequest) -> Outcome<Vec<String>> {
    let (memories, _) = recalled(cx, request).await?;
    Ok(memories.into_iter().map(|memory| memory.content).collect())
}

async fn mem_01_default_store(cx: Cx) -> Outcome {
    let first = store(&cx).await?;
    that(
        "MemoryStore.id",
        "`mst_` and 32 hex digits",
        is_id(&first.id, "mst"),
        &first.id,
    )?;
    same("MemoryStore.org_id", &first.org_id, &cx.org_public_id())?;
    same("MemoryStore.name", &first.name.as_str(), &"default")?;
    same("MemoryStore.is_default", &first.is_default, &true)?;
    same(
        "the default store, asked for again",
        &store(&cx).await?,
        &first,
    )?;
    let answer = cx.call(&GET_MEMORY_STORE, get_store(&first.id)).await?;
    same("GetMemoryStore.store", &answer.store, &Some(first))
}

async fn mem_03_two_orgs(cx: Cx) -> Outcome {
    let (mine, other) = (store(&cx).await?, store(&cx.in_other_org()?).await?);
    let differ = mine.id != other.id;
    that(
        "the default store of another org",
        "another store",
        differ,
        &other,
    )
}

async fn mem_04_unknown_store(cx: Cx) -> Outcome {
    let request = get_store(&fresh_id("mst"));
    absent(
        "GetMemoryStore.store of one that is unknown",
        cx.call(&GET_MEMORY_STORE, request).await?.store,
    )
}

async fn mem_05_creates(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let request = pb::CreateMemoryRequest {
        kind: Kind::Procedure.into(),
        tags: vec![tag.clone(), "b".into(), "a".into()],
        content_parts: vec![pb::MemoryContentPart {
            part: Some(pb::memory_content_part::Part::Text(pb::MemoryTextPart {
                text: "more".into(),
            })),
        }],
        ..memory(&store.id, "Boil the water first", &tag)
    };
    let memory = made(&cx, request.clone()).await?;
    that(
        "Memory.id",
        "`mem_` and 32 hex digits",
        is_id(&memory.id, "mem"),
        &memory.id,
    )?;
    same("Memory.store_id", &memory.store_id, &store.id)?;
    same("Memory.content", &memory.content, &request.content)?;
    same(
        "Memory.content_parts",
        &memory.content_parts,
        &request.content_parts,
    )?;
    same("Memory.kind", &memory.kind(), &Kind::Procedure)?;
    same("Memory.importance", &memory.importance, &5)?;
    same("Memory.tags", &memory.tags, &request.tags)?;
    same("Memory.active", &memory.active, &true)?;
    same(
        "updated_at of a new memory",
        &memory.updated_at,
        &memory.created_at,
    )?;
    let twin = made(&cx, request).await?;
    that(
        "the id of a second memory of the same words",
        "another id",
        twin.id != memory.id,
        &twin.id,
    )?;
    let (memories, total) = recalled(&cx, tagged(&[&tag])).await?;
    same("RecallResponse.total", &total, &2)?;
    that(
        "the memories that are recalled",
        "both, as CreateMemory said them",
        memories.contains(&memory) && memories.contains(&twin),
        &memories,
    )
}

async fn mem_06_importance(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for (given, expected) in [(0, 1), (1, 1), (7, 7), (10, 10), (11, 10), (255, 10)] {
        let request = pb::CreateMemoryRequest {
            importance: given,
            ..memory(&store.id, "x", &tag)
        };
        let memory = made(&cx, request).await?;
        same(
            &format!("Memory.importance of {given}"),
            &memory.importance,
            &expected,
        )?;
    }
    // Beyond 255: refused, or moved as well.
    let request = pb::CreateMemoryRequest {
        importance: 256,
        ..memory(&store.id, "x", &tag)
    };
    match cx.attempt(&CREATE_MEMORY, request).await {
        Ok(answer) => same(
            "Memory.importance of 256",
            &answer.memory.map(|memory| memory.importance),
            &Some(10),
        ),
        Err(error) if error.reason == Some(ErrorReason::InvalidField) => Ok(()),
        Err(error) => broken(
            "CreateMemory with importance 256",
            "10, or INVALID_FIELD",
            message(&error),
        ),
    }
}

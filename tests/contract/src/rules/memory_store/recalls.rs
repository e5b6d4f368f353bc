//! What is recalled, counted and forgotten.

use super::{contents, count, forgotten, made, memory, recalled, store, tagged};
use crate::check::{Outcome, same, skipped};
use crate::context::{Cx, fresh_id};
use mortise_proto::pb::{self, MemoryKind as Kind};
use mortise_proto::rpc::table::memory_store_service::{COUNT_ACTIVE, RECALL};

pub(super) async fn mem_07_order(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for (content, importance) in [("a", 3), ("b", 9), ("c", 3), ("d", 10), ("e", 9), ("f", 3)] {
        let request = pb::CreateMemoryRequest {
            importance,
            ..memory(&store.id, content, &tag)
        };
        made(&cx, request).await?;
    }
    same(
        "the memories that are recalled",
        &contents(&cx, tagged(&[&tag])).await?,
        &vec!["d", "e", "b", "f", "c", "a"],
    )
}

pub(super) async fn mem_08_text(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("Tag"));
    for content in [
        "The KEY is under the mat",
        "100% cotton_wool",
        "Äpfel und Birnen",
    ] {
        made(&cx, memory(&store.id, content, &tag)).await?;
    }
    let tag_in_other_case = tag.to_uppercase();
    let cases = [
        ("key", 1),
        ("kEy IS", 1),
        ("0% c", 1),
        ("cotton_w", 1),
        ("100_", 0),
        ("%", 1),
        ("t*n", 0),
        ("äPFEL", 1),
        ("nothing of it", 0),
        (tag_in_other_case.as_str(), 3),
        (&tag[2..8], 3),
    ];
    for (query, expected) in cases {
        let request = pb::RecallRequest {
            query: Some(query.into()),
            ..tagged(&[&tag])
        };
        let (memories, total) = recalled(&cx, request).await?;
        let found = u64::try_from(memories.len()).unwrap_or(u64::MAX);
        same(
            &format!("the memories with `{query}`"),
            &(found, total),
            &(expected, expected),
        )?;
    }
    Ok(())
}

pub(super) async fn mem_09_tags(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for (content, others) in [
        ("a", vec!["x"]),
        ("b", vec!["x", "y"]),
        ("c", vec!["xy", "X"]),
    ] {
        let mut request = memory(&store.id, content, &tag);
        request.tags.extend(others.into_iter().map(String::from));
        made(&cx, request).await?;
    }
    let cases: [(&[&str], Vec<&str>); 6] = [
        (&[&tag], vec!["c", "b", "a"]),
        (&[&tag, "x"], vec!["b", "a"]),
        (&["y", &tag, "x"], vec!["b"]),
        (&[&tag, "X"], vec!["c"]),
        (&[&tag, "z"], vec![]),
        (&[&tag[..10]], vec![]),
    ];
    for (tags, expected) in cases {
        same(
            &format!("the memories with the tags {tags:?}"),
            &contents(&cx, tagged(tags)).await?,
            &expected,
        )?;
    }
    // A list of no tags asks for none.
    let request = pb::RecallRequest {
        query: Some(tag),
        ..tagged(&[])
    };
    same(
        "the memories with every tag of an empty list",
        &contents(&cx, request).await?.len(),
        &3,
    )
}

pub(super) async fn mem_10_kind(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let kinds = [
        Kind::Fact,
        Kind::Preference,
        Kind::Correction,
        Kind::Procedure,
        Kind::Context,
    ];
    for kind in kinds {
        let request = pb::CreateMemoryRequest {
            kind: kind.into(),
            ..memory(&store.id, kind.as_str_name(), &tag)
        };
        made(&cx, request).await?;
    }
    for kind in kinds {
        let request = pb::RecallRequest {
            kind: kind.into(),
            ..tagged(&[&tag])
        };
        same(
            &format!("the memories of kind {}", kind.as_str_name()),
            &contents(&cx, request).await?,
            &vec![kind.as_str_name()],
        )?;
    }
    let any = contents(&cx, tagged(&[&tag])).await?;
    same("the memories of any kind", &any.len(), &kinds.len())
}

pub(super) async fn mem_11_limit(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for content in "abcdefghijkl".chars() {
        made(&cx, memory(&store.id, &content.to_string(), &tag)).await?;
    }
    let newest_first: Vec<String> = "lkjihgfedcba".chars().map(String::from).collect();
    for (limit, expected) in [(1, 1), (5, 5), (0, 10), (12, 12), (13, 12), (u64::MAX, 12)] {
        let request = pb::RecallRequest {
            limit,
            ..tagged(&[&tag])
        };
        let (memories, total) = recalled(&cx, request).await?;
        let contents: Vec<_> = memories.into_iter().map(|memory| memory.content).collect();
        let what = format!("the memories of Recall with limit {limit}");
        same(&what, contents.as_slice(), &newest_first[..expected])?;
        same(
            &format!("the total of Recall with limit {limit}"),
            &total,
            &12,
        )?;
    }
    Ok(())
}

pub(super) async fn mem_12_forgets(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let one = made(&cx, memory(&store.id, "one", &tag)).await?;
    made(&cx, memory(&store.id, "two", &tag)).await?;
    for expected in [true, false] {
        same(
            "Forget.forgotten",
            &forgotten(&cx, &store.id, &one.id).await?,
            &expected,
        )?;
        let (memories, total) = recalled(&cx, tagged(&[&tag])).await?;
        same("the memories after Forget", &memories.len(), &1)?;
        same("the total after Forget", &total, &1)?;
    }
    same(
        "Forget.forgotten of a memory that is unknown",
        &forgotten(&cx, &store.id, &fresh_id("mem")).await?,
        &false,
    )
}

pub(super) async fn mem_13_forgets_elsewhere(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    let kept = made(&cx, memory(&store.id, "kept", &tag)).await?;
    same(
        "Forget.forgotten in a store that the memory is not in",
        &forgotten(&cx, &fresh_id("mst"), &kept.id).await?,
        &false,
    )?;
    same(
        "the memories after Forget in another store",
        &recalled(&cx, tagged(&[&tag])).await?,
        &(vec![kept], 1),
    )
}

pub(super) async fn mem_14_counts(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    made(&cx, memory(&store.id, "counted", &tag)).await?;
    let gone = made(&cx, memory(&store.id, "not counted", &tag)).await?;
    forgotten(&cx, &store.id, &gone.id).await?;
    let mut seen = Vec::new();
    // Others may store and forget meanwhile: what is compared was the same before and after.
    for _ in 0..50 {
        let before = cx.call(&COUNT_ACTIVE, count(&store.id)).await?.count;
        let request = pb::RecallRequest {
            store_id: Some(store.id.clone()),
            limit: 1,
            tags: None,
            ..tagged(&[])
        };
        let (_, total) = recalled(&cx, request).await?;
        let after = cx.call(&COUNT_ACTIVE, count(&store.id)).await?.count;
        if before == after && before == total {
            break;
        }
        seen.push((before, total, after));
        if seen.len() == 50 && seen.iter().all(|(before, _, after)| before == after) {
            return same("CountActive.count, against Recall's total", &before, &total);
        }
    }
    if seen.len() == 50 {
        return skipped("the store was never quiet enough to count in");
    }
    let unknown = cx.attempt(&COUNT_ACTIVE, count(&fresh_id("mst"))).await;
    let count = unknown.map_or(0, |answer| answer.count);
    same("CountActive.count of a store that is unknown", &count, &0)
}

pub(super) async fn mem_16_within_org(cx: Cx) -> Outcome {
    let (store_id, tag) = (store(&cx).await?.id, cx.name("tag"));
    made(&cx, memory(&store_id, "ours", &tag)).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    recalled(&cx, tagged(&[&tag])).await?;
    let other = cx.in_other_org()?;
    same(
        "the memories of another org, recalled without a store",
        &recalled(&other, tagged(&[&tag])).await?,
        &(Vec::new(), 0),
    )?;
    let request = pb::RecallRequest {
        store_id: Some(store_id),
        ..tagged(&[&tag])
    };
    // Refusing and finding nothing are both right.
    if let Ok(runs) = other.attempt_collect(&RECALL, request).await {
        let found: Vec<_> = runs.into_iter().flat_map(|run| run.memories).collect();
        same("the memories of another org's store", &found, &vec![])?;
    }
    Ok(())
}

pub(super) async fn mem_17_nothing(cx: Cx) -> Outcome {
    let (store, tag) = (store(&cx).await?, cx.name("tag"));
    for store_id in [None, Some(store.id)] {
        let request = pb::RecallRequest {
            store_id,
            ..tagged(&[&tag])
        };
        same(
            "the memories with a tag that none has",
            &recalled(&cx, request).await?,
            &(Vec::new(), 0),
        )?;
    }
    Ok(())
}

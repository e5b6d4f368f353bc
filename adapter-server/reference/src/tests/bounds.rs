//! What one answer may hold.

use super::*;
use everruns_core::memory_store::{
    MemoryContentPart, MemoryImagePart, MemoryKind, MemoryQuery, MemoryStoreBackend,
};
use everruns_core::traits::SessionFileSystem;

const MIB: usize = 1024 * 1024;

/// A search that finds far more than there is, because every line costs its path, is
/// refused; one that finds less goes through the same files, in runs.
#[tokio::test]
async fn a_search_that_finds_too_much() {
    let store = Store::new().await;
    let fs = store.org1();
    let session = new_session(&fs).await;
    let folder = format!("/{}", "d".repeat(200));
    let empty = format!("{}needle\n", "\n".repeat(MIB / 2));
    for name in ["a", "b", "c", "d"] {
        let path = format!("{folder}/{name}");
        fs.files()
            .write_file(session, &path, &empty, "text")
            .await
            .unwrap();
    }
    let error = fs.files().grep_files(session, "^", None).await.unwrap_err();
    assert!(error.to_string().contains("narrow the pattern"), "{error}");
    let found = fs
        .files()
        .grep_files(session, "needle", None)
        .await
        .unwrap();
    let found: Vec<&str> = found.iter().map(|found| &found.path[202..]).collect();
    assert_eq!(found, ["a", "b", "c", "d"]);
    let found = fs
        .files()
        .grep_files(session, "needle", Some("/b"))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line_number, MIB / 2 + 1);
}

/// Large events are read few at a time, the largest alone, and none is left out.
#[tokio::test]
async fn events_are_read_by_bytes() {
    let store = Store::new().await;
    let s = store.org1();
    let session = new_session(&s).await;
    for mib in [0, 0, 3, 3, 5, 0, 0] {
        let data = json!({"text": "x".repeat(mib * MIB)});
        let stored = append(&s, event(session, "turn.started", &data)).await;
        stored.unwrap();
    }
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let events = s.events().read(session, after, 100).await.unwrap();
        let Some(last) = events.last() else {
            break;
        };
        after = last.sequence;
        pages.push(events.iter().map(|it| it.sequence).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![1, 2, 3], vec![4], vec![5], vec![6, 7]]);
    let two = s.events().read(session, 0, 2).await.unwrap();
    assert_eq!(two.len(), 2);
}

/// Memories whose images are more than an answer may hold are refused together, with
/// what to do, and recalled one by one.
#[tokio::test]
async fn memories_with_many_images() {
    let store = Store::new().await;
    let memories = store.org1().memories();
    let org_id = org_public_id_from_internal(1).parse().unwrap();
    let of_org = memories.get_or_create_default_store(org_id).await.unwrap();
    for _ in 0..2 {
        let image = MemoryContentPart::Image(MemoryImagePart {
            base64: "A".repeat(33 * MIB),
            media_type: "image/png".into(),
        });
        let made = memories.create_memory(
            of_org.id,
            "seen".into(),
            vec![image],
            MemoryKind::Fact,
            5,
            Vec::new(),
        );
        made.await.unwrap();
    }
    let recall = |limit| {
        memories.recall(MemoryQuery {
            store_id: Some(of_org.id),
            query: None,
            tags: None,
            kind: None,
            limit,
        })
    };
    let error = recall(0).await.unwrap_err().to_string();
    assert!(error.contains("set a lower limit"), "{error}");
    let (one, total) = recall(1).await.unwrap();
    assert_eq!((one.len(), total), (1, 2));
    assert_eq!(one[0].content_parts.len(), 1);
}

//! Searches of workspaces: what they may cost.

use super::*;
use everruns_core::traits::SessionFileSystem;
use mortise_proto::pb::ErrorReason;
use std::time::{Duration, Instant};

/// However large a pattern is, and however long a line: a search ends with its call, and
/// keeps others from nothing meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_ends_with_its_call() {
    let reference = in_memory().await;
    let plain = adapter(&reference, 1);
    let session = new_session(&plain).await;
    let grep = async |pattern: &str| plain.files().grep_files(session, pattern, None).await;
    for pattern in [
        r"\w".repeat(1_000_000),
        r"\pL".repeat(1365),
        "((x{900}){900}){900}".into(),
    ] {
        let begun = Instant::now();
        let error = grep(&pattern).await.unwrap_err().to_string();
        assert!(error.contains("pattern"), "{error}");
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
    }

    // A line that an expression takes minutes for.
    let line = "a".repeat(8 * 1024 * 1024);
    plain
        .files()
        .write_file(session, "/long", &line, "text")
        .await
        .unwrap();
    let costly = format!("{}b", "(a?){20}".repeat(400));
    let impatient = reference.adapter(&Scope {
        deadline: Some(Instant::now() + Duration::from_secs(2)),
        ..scope(1, GET_SESSION.method, None)
    });
    let begun = Instant::now();
    let error = impatient
        .files()
        .grep_files(session, &costly, None)
        .await
        .unwrap_err();
    assert_eq!(
        StoreError::from(error).reason,
        Some(ErrorReason::DeadlineExceeded)
    );
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    // And what is in a long line is found.
    for (pattern, lines) in [
        ("a{100}$", 1),
        (r"\ba+\b", 1),
        ("ab", 0),
        ("^a", 1),
        ("(?i)A$", 1),
    ] {
        assert_eq!(grep(pattern).await.unwrap().len(), lines, "{pattern}");
    }
    let line = format!("{} ärger {}", "x".repeat(5000), "y".repeat(5000));
    plain
        .files()
        .write_file(session, "/long", &line, "text")
        .await
        .unwrap();
    for (pattern, lines) in [(r"\bärger\b", 1), (r"\brger\b", 0), (r"\w+ger y", 1)] {
        assert_eq!(grep(pattern).await.unwrap().len(), lines, "{pattern}");
    }
}

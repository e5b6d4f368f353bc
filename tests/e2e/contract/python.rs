//! A hand-written server in another language that offers one store.

use super::held;
use crate::interop::{FIRST_ADAPTER, FirstAdapter};
use mortise_contract::{Dial, Report, Tls, Verdict, table};
use std::fs;
use std::path::Path;

async fn report(script: &Path, folder: &Path) -> Report {
    let server = FirstAdapter::start(script, folder).await;
    let dial = Dial::address(&server.endpoint, Tls::default()).unwrap();
    held(&dial, &[]).await
}

/// The README's first adapter keeps every hard rule that applies to it; the others are
/// skipped, each with its reason.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_adapter_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(Path::new(FIRST_ADAPTER), folder.path()).await;
    assert!(report.is_compliant(), "{}", table(&report, false));
    let storage = |rule: &&mortise_contract::RuleReport| {
        rule.service == "SessionStorageStoreService" && rule.verdict == Verdict::Passed
    };
    assert!(report.rules.iter().filter(storage).count() > 15);
    for rule in &report.rules {
        let is_skipped = rule.verdict == Verdict::Skipped;
        assert_eq!(rule.reason.is_some(), is_skipped, "{}", rule.id);
    }
    let files = report.rules.iter().find(|rule| rule.id == "FILE-01");
    assert_eq!(
        files.unwrap().reason.as_deref(),
        Some("the server does not offer SessionFileSystemService")
    );
}

/// Mistakes that a first adapter has are found by the rules that are about them, with
/// what was sent and what came back.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_of_a_first_adapter_are_found() {
    let mistakes = [
        (
            "AND session = ? ORDER BY key",
            "AND session = ? ORDER BY key DESC",
            "KV-05",
        ),
        ("if found is None:", "if True:", "KV-15"),
        (
            "return (request.context.org_id, request.session_id)",
            "return (1, request.session_id)",
            "KV-20",
        ),
        (
            "value=found[0][0] if found else None",
            "value=found[0][0] if found else \"\"",
            "KV-02",
        ),
    ];
    let whole = fs::read_to_string(FIRST_ADAPTER).unwrap();
    for (right, wrong, rule) in mistakes {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("server.py");
        assert!(whole.contains(right), "{right}");
        fs::write(&script, whole.replace(right, wrong)).unwrap();
        let report = report(&script, folder.path()).await;
        let found = report.rules.iter().find(|found| found.id == rule).unwrap();
        assert_eq!(
            found.verdict,
            Verdict::Failed,
            "{rule} does not find `{wrong}`"
        );
        let failure = found.failure.as_ref().unwrap();
        assert!(!failure.exchanges.is_empty(), "{rule} shows no calls");
    }
}

//! Servers that the suite starts itself: killed and started again, stopped at the end, and
//! named with the rule that they hang on.

use crate::interop::FIRST_ADAPTER;
use mortise_contract::{
    Dial, KnownFailures, Options, Report, Restart, Server, ServerError, Skip, Verdict, ndjson_end,
    ndjson_rule, rules, run, table,
};
use mortise_test_support::adapter_process::binary;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const START_WITHIN: Duration = Duration::from_secs(60);

async fn started(command: &[String]) -> (Arc<Server>, Dial) {
    let server = Server::start(command, START_WITHIN).await.unwrap();
    let dial = server.dial().unwrap();
    (Arc::new(server), dial)
}

async fn judged(server: &Arc<Server>, dial: &Dial, only: &[&str], options: Options) -> Report {
    let options = Options {
        only: only.iter().map(ToString::to_string).collect(),
        restart: Some(Restart::Server(server.clone())),
        ..options
    };
    run(dial, &rules(), options, &|_, _, _| {}).await.unwrap()
}

/// The first adapter with mistakes, each in the place of what is right, as a command of the
/// suite's.
fn mistaken(mistakes: &[(&str, &str)], folder: &Path) -> Vec<String> {
    let mut text = fs::read_to_string(FIRST_ADAPTER).unwrap();
    for (right, wrong) in mistakes {
        assert!(text.contains(right), "{right}");
        text = text.replace(right, wrong);
    }
    let in_folder = |name: &str| folder.join(name).display().to_string();
    let script = in_folder("server.py");
    fs::write(&script, text).unwrap();
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/proto");
    let python = std::env::var("MORTISE_PYTHON").unwrap_or_else(|_| "python3".into());
    vec![
        "env".into(),
        format!("MORTISE_PROTO={proto}"),
        python,
        script,
        "{address}".into(),
        in_folder("generated"),
        in_folder("values.db"),
    ]
}

/// The reference server keeps what it has answered when the suite kills it, and has ended
/// when the suite has stopped it.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let program = binary("mortise-adapter").display().to_string();
    let words = [
        "--listen",
        "{address}",
        "--database",
        &database,
        "--test-seed",
    ];
    let mut command = vec![program];
    command.extend(words.map(String::from));
    let (server, dial) = started(&command).await;
    let only = ["KV-01", "CRASH-01", "CRASH-03"];
    let report = judged(&server, &dial, &only, Options::default()).await;
    assert_eq!(report.count(Verdict::Passed), 3, "{}", table(&report, true));
    server.stop().await;
    assert!(server.ended().is_some());
}

/// A server that hangs stops the run with the rule that it hangs on; the rules that were
/// running beside it are judged alone, and the rest is left out.
#[tokio::test(flavor = "multi_thread")]
async fn the_rule_that_a_server_hangs_on_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let right = "found = self.rows(request, context, GET, request.key)";
    let wrong = "time.sleep(3600 * (request.key == \"nothing\"))\n        \
                 found = self.rows(request, context, GET, request.key)";
    let one_at_a_time = ("max_workers=CALLS_AT_ONCE + 8", "max_workers=1");
    let command = mistaken(&[(right, wrong), one_at_a_time], folder.path());
    let (server, dial) = started(&command).await;
    let options = Options {
        timeout: Duration::from_secs(8),
        ..Options::default()
    };
    let report = judged(&server, &dial, &["KV-*"], options).await;
    server.stop().await;
    let stopped = report.stopped.as_ref().expect("the run stops");
    assert_eq!(
        stopped.rule.as_deref(),
        Some("KV-02"),
        "{}",
        table(&report, true)
    );
    let failed = report
        .rules
        .iter()
        .filter(|rule| rule.verdict == Verdict::Failed);
    let failed: Vec<_> = failed.map(|rule| rule.id.as_str()).collect();
    assert_eq!(failed, ["KV-02"], "{}", table(&report, true));
    let left = report
        .rules
        .iter()
        .filter(|rule| rule.skip == Some(Skip::Stopped));
    assert!(left.count() > 0, "{}", table(&report, true));
    assert!(!report.is_compliant());
}

/// A broken rule that is known does not fail a run, one that passes is named, and the JSON
/// lines say both while the suite runs.
#[tokio::test(flavor = "multi_thread")]
async fn known_failures_and_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let command = mistaken(&[("ORDER BY key", "ORDER BY key DESC")], folder.path());
    let known = folder.path().join("known");
    fs::write(&known, "KV-05 # the order of keys\n\nKV-01\n").unwrap();
    let all = rules();
    let options = Options {
        only: vec!["KV-01".into(), "KV-05".into()],
        known_failures: KnownFailures::read(&known, &all).unwrap(),
        ..Options::default()
    };
    let (server, dial) = started(&command).await;
    let lines = Mutex::new(Vec::new());
    let report = run(&dial, &all, options, &|rule, _, _| {
        let line: Value = serde_json::from_str(&ndjson_rule(rule).unwrap()).unwrap();
        lines.lock().unwrap().push(line);
    })
    .await
    .unwrap();
    server.stop().await;
    assert!(report.is_as_known() && !report.is_compliant());
    let lines = lines.into_inner().unwrap();
    let broken = lines.iter().find(|line| line["id"] == "KV-05").unwrap();
    assert_eq!(broken["type"], "rule");
    assert_eq!(broken["known_failure"], true);
    assert!(broken["failure"]["mend"].is_string(), "{broken}");
    let calls = broken["failure"]["exchanges"].as_array().unwrap();
    let grpcurl = calls
        .iter()
        .filter_map(|call| call["grpcurl"].as_str())
        .next_back();
    assert!(grpcurl.unwrap().contains("$ADDRESS"), "{broken}");
    let end: Value = serde_json::from_str(&ndjson_end(&report).unwrap()).unwrap();
    assert_eq!(
        (&end["type"], &end["mended"][0]),
        (&"run".into(), &"KV-01".into())
    );
    fs::write(&known, "KV-05\nKV-0x\n").unwrap();
    let refused = KnownFailures::read(&known, &all).unwrap_err().to_string();
    assert!(refused.contains("line 2: `KV-0x`"), "{refused}");
}

/// A program that ends before it serves is told with the end of its log.
#[tokio::test]
async fn a_server_that_does_not_start_is_told_with_its_log() {
    let command = ["sh", "-c", "echo no database >&2; exit 7"].map(String::from);
    let failed = Server::start(&command, START_WITHIN).await.unwrap_err();
    assert!(matches!(failed, ServerError::Ended { .. }), "{failed}");
    assert!(failed.to_string().contains("no database"), "{failed}");
}

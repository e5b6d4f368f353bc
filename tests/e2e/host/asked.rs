//! `mortise-host turns`, `sessions` and the like, against a running host.

use super::test_host::TestHost;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::{Finished, host};
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;

async fn asked(stage: &TestHost, arguments: &[&str]) -> Finished {
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--host", &stage.host.grpc]);
    host(&all).await
}

fn json(finished: &Finished) -> Vec<Value> {
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let lines = finished.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Turns are listed, shown, followed and cancelled; exit codes say how they ended.
#[tokio::test]
async fn turns_from_the_command_line() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Never."]);
    let answers = vec![Answer::Text(vec!["Forty ", "two."]), held];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::played(&fake, &[]).await;
    let session = stage.session_id.to_string();
    let first = stage.run("one").await;
    let first_id = first.accepted.turn_id.clone();
    first.outcome().await;
    let mut second = stage.run("two").await;
    second.until("output.message.started").await;
    let second_id = second.accepted.turn_id.clone();

    let running = json(&asked(&stage, &["turns", "list", "--json"]).await);
    assert_eq!(running.len(), 1);
    assert_eq!(running[0]["turn_id"], second_id.as_str());
    let all = asked(
        &stage,
        &["turns", "list", "--session", &session, "--limit", "1"],
    )
    .await;
    assert!(all.stdout.contains(&first_id), "{}", all.stdout);
    assert!(!all.stdout.contains(&second_id), "{}", all.stdout);
    let token = all.stderr.trim().rsplit_once(' ').unwrap().1.to_string();
    let rest = [
        "turns",
        "list",
        "--session",
        &session,
        "--json",
        "--page-token",
        &token,
    ];
    let rest = json(&asked(&stage, &rest).await);
    assert_eq!(rest[0]["turn_id"], second_id.as_str());
    let shown = asked(&stage, &["turns", "show", &session, &first_id]).await;
    assert!(
        shown.stdout.contains("status: completed"),
        "{}",
        shown.stdout
    );
    let followed = asked(&stage, &["turns", "follow", &session, &first_id]).await;
    assert_eq!(followed.code, 0, "{}", followed.stderr);
    assert!(
        followed.stdout.contains("Forty two."),
        "{}",
        followed.stdout
    );

    let follow = ["turns", "follow", &session, &second_id, "--json"];
    let follow = asked(&stage, &follow);
    let cancel = ["turns", "cancel", &session, "--reason", "enough"];
    let (followed, cancelled) = tokio::join!(follow, asked(&stage, &cancel));
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);
    assert!(
        cancelled.stdout.contains("outcome: cancelled"),
        "{}",
        cancelled.stdout
    );
    assert_eq!(followed.code, 1, "{}", followed.stderr);
    let last: Value = serde_json::from_str(followed.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "mortise.turn");
    assert_eq!(last["error"], "enough");
    let nothing = asked(&stage, &["turns", "cancel", &session]).await;
    assert_eq!(nothing.code, 1);
    assert!(
        nothing.stderr.contains("NO_TURN: session"),
        "{}",
        nothing.stderr
    );
}

/// Sessions are listed, shown, renamed and deleted, and agents, harnesses and models are
/// found.
#[tokio::test]
async fn sessions_from_the_command_line() {
    let stage = TestHost::set(&[]).await;
    let session = stage.session_id.to_string();
    let renamed = asked(&stage, &["sessions", "rename", &session, "Mine, all mine"]).await;
    assert_eq!(renamed.code, 0, "{}", renamed.stderr);
    let listed = asked(&stage, &["sessions", "list", "--status", "started,idle"]).await;
    let row = listed.stdout.lines().nth(1).unwrap();
    assert!(
        row.starts_with(&session) && row.ends_with("Mine, all mine"),
        "{row}"
    );
    let shown = json(&asked(&stage, &["sessions", "show", &session, "--json"]).await);
    assert_eq!(shown[0]["title"], "Mine, all mine");
    assert_eq!(shown[0]["turn"], Value::Null);
    let agents = json(&asked(&stage, &["agents", "list", "--json"]).await);
    assert_eq!(agents[0]["agent_id"], demo::agent_id().to_string());
    let agent = demo::agent_id().to_string();
    let agent = asked(&stage, &["agents", "show", &agent]).await;
    assert!(
        agent.stdout.contains("display_name: Demo agent"),
        "{}",
        agent.stdout
    );
    let harnesses = asked(&stage, &["harnesses", "list"]).await;
    assert!(
        harnesses.stdout.contains("mortise-demo"),
        "{}",
        harnesses.stdout
    );
    let models = asked(&stage, &["models", "list"]).await;
    assert!(models.stdout.contains("(default)"), "{}", models.stdout);
    let deleted = asked(&stage, &["sessions", "delete", &session]).await;
    assert_eq!(deleted.code, 0, "{}", deleted.stderr);
    let listed = json(&asked(&stage, &["sessions", "list", "--json"]).await);
    assert!(listed.is_empty(), "{listed:?}");
}

/// A host that is away, a wrong address, a file that is not there and a token that is
/// missing are told with their remedy and an exit code of their own.
#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"
        [listen]
        grpc = ["127.0.0.1:0"]
        [access]
        anonymous = false
        [access.tokens.app]
        token_file = "app-token"
    "#;
    let token = folder.path().join("app-token");
    std::fs::write(&token, "a-token-of-some-length\n").unwrap();
    let process = HostProcess::configured(folder.path(), config).await;
    let address = process.grpc.as_str();
    let token = token.to_str().unwrap();
    let missing = folder.path().join("missing");
    let missing = missing.to_str().unwrap();
    for (arguments, code, words) in [
        (
            vec!["--host", address],
            1,
            "UNAUTHENTICATED: the call needs a bearer token",
        ),
        (
            vec!["--host", address, "--token-file", missing],
            2,
            "missing: No such file",
        ),
        (
            vec!["--host", "unix:/nowhere.sock"],
            3,
            "the host at unix:/nowhere.sock cannot be reached",
        ),
        (
            vec![
                "--host",
                "http://storage.example:7450",
                "--token-file",
                token,
            ],
            2,
            "the token would cross a network in clear",
        ),
    ] {
        let mut all = vec!["turns", "list"];
        all.extend(arguments);
        let finished = host(&all).await;
        assert_eq!(finished.code, code, "{all:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    // Its own storage needs a moment.
    let with_token = ["turns", "list", "--host", address, "--token-file", token];
    let mut finished = host(&with_token).await;
    while finished.stderr.contains("ADAPTER_UNAVAILABLE") {
        finished = host(&with_token).await;
    }
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

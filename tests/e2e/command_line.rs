//! The two binaries as a user starts them: what they print and how they exit.

use crate::wire::{description, serve_description};
use everruns_core::typed_id::SessionId;
use mortise_test_support::adapter_process::{
    AdapterProcess, Finished, binary, host, host_with_key,
};
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn lines(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn session_of(finished: &Finished) -> String {
    let id = finished.stdout.lines().next().unwrap().trim().to_string();
    id.parse::<SessionId>().unwrap();
    id
}

/// The first command of the README, and the second with the session it printed.
#[tokio::test]
async fn a_question_without_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let first = host(&["run", "--data", data, "What is 12 times 34?"]).await;
    assert_eq!(first.code, 0, "{}", first.stderr);
    for expected in [
        "built-in simulator",
        "→ write_file",
        "✓ read_file",
        "12 × 34 = 408.",
        "SessionFileSystemService",
        "continue with: mortise-host run --session session_",
    ] {
        assert!(
            first.stdout.contains(expected),
            "{expected}:\n{}",
            first.stdout
        );
    }
    let session = session_of(&first);
    let second = host(&[
        "run",
        "--data",
        data,
        "--session",
        &session,
        "And 5 times 5?",
    ])
    .await;
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(
        second
            .stdout
            .contains("the first was: “What is 12 times 34?”"),
        "{}",
        second.stdout
    );
}

/// With --json every line is an object: the session, each event, the summary.
#[tokio::test]
async fn events_as_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let finished = host(&[
        "run",
        "--json",
        "--data",
        folder.path().to_str().unwrap(),
        "6 times 7?",
    ])
    .await;
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let lines = lines(&finished.stdout);
    let types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(types.first(), Some(&"mortise.session"));
    assert_eq!(types.last(), Some(&"mortise.summary"));
    for expected in [
        "input.message",
        "tool.completed",
        "turn.completed",
        "session.idled",
    ] {
        assert!(types.contains(&expected), "{types:?}");
    }
    assert_eq!(lines.last().unwrap()["ended"], "completed");
}

/// An outside adapter in a process of its own does the same.
#[tokio::test]
async fn an_outside_adapter() {
    let folder = tempfile::tempdir().unwrap();
    for listen in [
        format!("unix:{}", folder.path().join("o.sock").display()),
        "127.0.0.1:0".into(),
    ] {
        let process = AdapterProcess::start_at(folder.path(), &listen).await;
        let endpoint = process.endpoint.to_string();
        let first = host(&["run", "--adapter", &endpoint, "What is 12 times 34?"]).await;
        assert_eq!(first.code, 0, "{}", first.stderr);
        let session = session_of(&first);
        let second = host(&[
            "run",
            "--adapter",
            &endpoint,
            "--session",
            &session,
            "5 times 5?",
        ])
        .await;
        assert!(
            second.stdout.contains("I remember 1 earlier question"),
            "{}",
            second.stdout
        );
        process.kill().await;
    }
}

/// --base-url brings the real OpenAI driver to a compatible server; a refused key is
/// told in words, as an exit code, and without the key.
#[tokio::test]
async fn an_openai_compatible_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Good ", "day."])]).await;
    let run = |url: String| async move {
        host_with_key(
            &["run", "--data", data, "--base-url", &url, "Hello"],
            "sk-marker",
        )
        .await
    };
    let finished = run(fake.base_url.clone()).await;
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(finished.stdout.contains("Good day."), "{}", finished.stdout);
    assert_eq!(fake.requests()[0]["stream"], true);

    let refusing = FakeOpenAi::start(vec![Answer::Error(401, "Incorrect API key provided")]).await;
    let finished = run(refusing.base_url.clone()).await;
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert!(
        finished.stdout.contains("the turn failed: "),
        "{}",
        finished.stdout
    );
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains("sk-marker"), "{text}");
    }
}

/// Each thing that keeps a turn from running is one message and one exit code.
#[tokio::test]
async fn faults_are_one_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let absent = SessionId::new().to_string();
    let cases: &[(&[&str], &str)] = &[
        (
            &["run", "--adapter", "unix:/nowhere.sock", "?"],
            "does not answer",
        ),
        (
            &["run", "--data", data, "--session", &absent, "?"],
            "does not exist in this org",
        ),
        (&["run", "--data", file.to_str().unwrap(), "?"], "--data"),
    ];
    for (arguments, expected) in cases {
        let finished = host(arguments).await;
        assert_eq!(finished.code, 3, "{arguments:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains(expected),
            "{arguments:?}: {}",
            finished.stderr
        );
        assert_eq!(
            finished.stderr.trim().lines().count(),
            1,
            "{}",
            finished.stderr
        );
    }
    let newer = serve_description(description(2, &[]))
        .await
        .endpoint
        .to_string();
    let poor = serve_description(description(1, &["AgentStoreService"]))
        .await
        .endpoint
        .to_string();
    for (endpoint, expected) in [
        (
            newer,
            "speaks protocol version 2, this host (mortise-adapter-client 0.1.0) speaks version 1",
        ),
        (poor, "adapter `default` does not offer HarnessStoreService"),
    ] {
        let finished = host(&["run", "--adapter", &endpoint, "?"]).await;
        assert_eq!(finished.code, 3, "{}", finished.stderr);
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
        assert_eq!(
            finished.stderr.trim().lines().count(),
            1,
            "{}",
            finished.stderr
        );
    }
    let wrong = host(&["run", "--adapter", "ftp://x", "?"]).await;
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("the scheme `ftp` is not supported"),
        "{}",
        wrong.stderr
    );
}

/// The server says what is wrong with its database, its key and its address.
#[test]
fn the_server_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let short_key = folder.path().join("short");
    std::fs::write(&short_key, "x").unwrap();
    let not_a_database = folder.path().join("text");
    std::fs::write(&not_a_database, "hello ".repeat(1000)).unwrap();
    let at = |path: &Path| path.to_str().unwrap().to_string();
    let cases: &[(&[String], &str)] = &[
        (
            &["--database".into(), "sqlite:/dev/null/x.db".into()],
            "/dev/null/x.db",
        ),
        (
            &[
                "--database".into(),
                format!("sqlite:{}", at(&not_a_database)),
            ],
            "is not an SQLite database",
        ),
        (&["--database".into(), "mysql://x".into()], "mysql"),
        (
            &[
                "--database".into(),
                "sqlite::memory:".into(),
                "--key-file".into(),
                at(&short_key),
            ],
            "holds 1 bytes, a key has 32",
        ),
        (
            &[
                "--database".into(),
                "sqlite::memory:".into(),
                "--listen".into(),
                "unix:/nowhere/x.sock".into(),
            ],
            "--listen unix:/nowhere/x.sock",
        ),
    ];
    for (arguments, expected) in cases {
        let output = Command::new(binary("mortise-adapter"))
            .args(*arguments)
            .env("MORTISE_LOG", "error")
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    }
}

/// What cannot be printed is said and is no success, in each program: with standard output
/// closed, and with a full disk.
#[test]
fn output_that_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = folder.path().join("host.toml");
    std::fs::write(&config, "[turns]\nmax_running = 8\n").unwrap();
    let platform = folder.path().join("platform.yaml");
    std::fs::write(&platform, "models: []\n").unwrap();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let (data, config) = (data.to_str().unwrap(), config.to_str().unwrap());
    let platform = platform.to_str().unwrap();
    let cases: &[(&str, &[&str], i32)] = &[
        ("mortise-host", &["--help"], 4),
        ("mortise-host", &["--version"], 4),
        ("mortise-host", &["run", "--data", data, "6 times 7?"], 4),
        ("mortise-host", &["openapi"], 4),
        ("mortise-host", &["config", "show", config], 4),
        ("mortise-host", &["config", "check", config], 4),
        ("mortise-host", &["mesh", "export", "--format", "envoy"], 4),
        ("mortise-adapter", &["--help"], 3),
        (
            "mortise-adapter",
            &["import", platform, "--database", &database],
            3,
        ),
        ("mortise-adapter", &["export", "--database", &database], 3),
        ("mortise-contract", &["--version"], 3),
        ("mortise-contract", &["list"], 3),
    ];
    for (program, arguments, code) in cases {
        for output in [">&-", ">/dev/full"] {
            let finished = Command::new("sh")
                .args(["-c", &format!("exec \"$@\" {output}"), "sh"])
                .arg(binary(program))
                .args(*arguments)
                .env("MORTISE_LOG", "error")
                .output()
                .unwrap();
            let stderr = String::from_utf8(finished.stderr).unwrap();
            let what = format!("{program} {arguments:?} {output}: {stderr}");
            assert_eq!(finished.status.code(), Some(*code), "{what}");
            assert!(stderr.contains("standard output"), "{what}");
        }
    }
}

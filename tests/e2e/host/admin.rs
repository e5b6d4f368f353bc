//! What operators look at, beside the HTTP API: JSON, and the page as a browser shows it.

use super::configured::curl;
use super::test_host::TestHost;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

async fn chromium(profile: &Path, arguments: &[&str]) -> String {
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--disable-extensions",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .output()
        .await
        .expect("chromium is missing; run the tests with tests/run, which installs it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The page shows adapters and turns, with nothing from elsewhere; a turn's timeline has
/// its phases, tools and calls.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_turns() {
    let stage = TestHost::set(&[]).await;
    let turn = stage.run("What is 12 times 34?").await;
    let turn_id = turn.accepted.turn_id.clone();
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let at = |path: &str| format!("{}{path}", stage.host.http);

    let answer = reqwest::get(at("/admin/overview")).await.unwrap();
    let view: Value = answer.json().await.unwrap();
    assert_eq!(view["host"]["ready"], true, "{view}");
    let adapter = &view["adapters"][0];
    assert_eq!(
        (&adapter["name"], &adapter["state"]),
        (&json!("default"), &json!("ready"))
    );
    assert!(adapter["calls"].as_u64().unwrap() > 10, "{adapter}");
    assert_eq!(view["recent"][0]["turn_id"], turn_id.as_str(), "{view}");
    let answer = reqwest::get(at(&format!("/admin/turns/{turn_id}"))).await;
    let shown: Value = answer.unwrap().json().await.unwrap();
    let spans = shown["spans"].as_array().unwrap();
    for (kind, name) in [
        ("phase", "input"),
        ("phase", "reason"),
        ("phase", "act"),
        ("tool", "write_file"),
        ("rpc", "EventEmitterService/EmitStream"),
    ] {
        let is_it = |span: &&Value| span["kind"] == kind && span["name"] == name;
        assert!(
            spans.iter().any(|span| is_it(&span)),
            "{kind} {name}: {shown}"
        );
    }
    let whole = 1000.0 * shown["ms"].as_f64().unwrap();
    let within = |span: &Value| span["at_us"].as_f64().unwrap() <= whole;
    assert!(spans.iter().all(within), "{shown}");

    let page = reqwest::get(at("/ui")).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let folder = tempfile::tempdir().unwrap();
    let url = at(&format!("/ui?turn={turn_id}"));
    let profile = folder.path().join("profile");
    let dom = chromium(
        &profile,
        &["--virtual-time-budget=5000", "--dump-dom", &url],
    )
    .await;
    let body = dom.split("<script>").next().unwrap();
    for shown in [
        "<strong>default</strong>",
        turn_id.as_str(),
        "write_file",
        "bar phase",
    ] {
        assert!(body.contains(shown), "{shown}: {dom}");
    }
    let pictures = std::env::var_os("MORTISE_SCREENSHOTS");
    let pictures = pictures.map_or_else(|| folder.path().to_path_buf(), Into::into);
    for size in ["1200,900", "400,800"] {
        let file = pictures.join(format!("ui-{size}.png"));
        let arguments = [
            format!("--window-size={size}"),
            format!("--screenshot={}", file.display()),
            "--virtual-time-budget=5000".into(),
            url.clone(),
        ];
        chromium(&profile, &arguments.each_ref().map(String::as_str)).await;
        assert!(std::fs::metadata(file).unwrap().len() > 10_000, "{size}");
    }
}

/// Of a turn that failed it says why: who refused it, and with what.
#[tokio::test]
async fn a_failed_turn_says_why() {
    let fake = FakeOpenAi::start(vec![Answer::Error(401, "Incorrect API key provided")]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let turn = stage.run("Hello").await;
    let turn_id = turn.accepted.turn_id.clone();
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Failed);
    for (path, pointer) in [
        ("/admin/overview".to_string(), "/recent/0/problem"),
        (format!("/admin/turns/{turn_id}"), "/problem"),
    ] {
        let answer = reqwest::get(format!("{}{path}", stage.host.http)).await;
        let shown: Value = answer.unwrap().json().await.unwrap();
        let problem = shown.pointer(pointer).and_then(Value::as_str);
        assert!(
            problem.is_some_and(|problem| problem.contains("OpenAI API error (401)")),
            "{shown}"
        );
    }
}

/// Beside the API it shows what is of all orgs to those alone that may act for all.
#[tokio::test]
async fn beside_the_api_it_is_guarded() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "one").unwrap();
    let config = r#"
        [listen]
        grpc = ["unix:host.sock"]
        http = "127.0.0.1:0"
        [orgs]
        serve = [1, 2]
        [access.tokens.one]
        token_file = "token"
        orgs = [1]
        [telemetry]
        log_level = "warn"
    "#;
    let host = HostProcess::configured(folder.path(), config).await;
    let token = ["-H", "authorization: Bearer one"];
    let page = ["-H", "origin: https://evil.example.com"];
    for (path, arguments, status) in [
        ("/admin/overview", &[][..], 200),
        ("/metrics", &[], 200),
        ("/metrics", &token, 403),
        ("/admin/config", &token, 403),
        ("/ui", &token, 403),
        ("/admin/overview", &page, 403),
        ("/v1/turns", &token, 200),
        ("/admin/turns/turn_1", &[], 400),
    ] {
        let url = format!("{}{path}", host.http);
        let (found, body) = curl(&[&[url.as_str()], arguments].concat()).await;
        assert_eq!(found, status, "{path} {arguments:?}: {body}");
    }
}

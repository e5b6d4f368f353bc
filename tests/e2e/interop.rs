//! Peers of other projects: grpcurl, which finds its way by reflection, and
//! Python's gRPC.

use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::host;
use mortise_test_support::in_process::{mesh, reference, serve_tcp};
use mortise_test_support::scenario::{ask, host_adapter, seed};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Where the test command has installed it.
pub fn grpcurl() -> PathBuf {
    let path =
        std::env::var_os("MORTISE_GRPCURL").map_or_else(|| PathBuf::from("grpcurl"), PathBuf::from);
    let version = std::process::Command::new(&path).arg("-version").output();
    assert!(
        version.is_ok(),
        "grpcurl is missing; run the tests with tests/run, which installs it"
    );
    path
}

async fn run(arguments: &[&str]) -> String {
    let output = Command::new(grpcurl())
        .arg("-plaintext")
        .args(arguments)
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Where the README's first adapter is.
pub(crate) const FIRST_ADAPTER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/first-adapter/server.py"
);

/// A running adapter in Python. It is killed when it is dropped.
pub(crate) struct FirstAdapter {
    /// Where it listens.
    pub(crate) endpoint: String,
    printed: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl FirstAdapter {
    /// Starts a script on a free port; the stubs it makes go into the folder.
    pub(crate) async fn start(script: &Path, folder: &Path) -> Self {
        let python = std::env::var_os("MORTISE_PYTHON").unwrap_or_else(|| "python3".into());
        let mut child = Command::new(python)
            .arg(script)
            .arg("127.0.0.1:0")
            .arg(folder.join("generated"))
            .arg(folder.join("values.db"))
            .env(
                "MORTISE_PROTO",
                concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/proto"),
            )
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = printed.next_line().await.unwrap().unwrap_or_default();
        let endpoint = first
            .strip_prefix("listening at ")
            .expect("the README's packages are installed by tests/run");
        Self {
            endpoint: endpoint.into(),
            printed,
            _child: child,
        }
    }
}

/// It lists the services, and reads an agent, a session and its messages.
#[tokio::test(flavor = "multi_thread")]
async fn grpcurl_reads_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_tcp(reference(folder.path()).await).await;
    let address = server.endpoint.to_string().replace("http://", "");
    let (adapter, _seen) = host_adapter(&mesh(&server.endpoint)).await;
    let session_id = seed(&adapter).await;
    ask(&adapter, session_id, "What is 12 times 34?").await;

    let services = run(&[&address, "list"]).await;
    for service in [
        "AdapterService",
        "AgentStoreService",
        "EventLogService",
        "SessionStorageStoreService",
    ] {
        assert!(
            services.contains(&format!("mortise.adapter.v1.{service}")),
            "{services}"
        );
    }
    assert!(services.contains("grpc.health.v1.Health"), "{services}");

    let context = json!({ "org_id": 1 });
    let call = async |method: &str, mut request: Value| -> String {
        request["context"] = context.clone();
        let method = format!("mortise.adapter.v1.{method}");
        run(&["-d", &request.to_string(), &address, &method]).await
    };
    let agent = call(
        "AgentStoreService/GetAgent",
        json!({ "agent_id": demo::agent_id() }),
    )
    .await;
    let agent: Value = serde_json::from_str(&agent).unwrap();
    assert_eq!(agent["agent"]["displayName"], "Demo agent");
    let session = call(
        "SessionStoreService/GetSession",
        json!({ "session_id": session_id }),
    )
    .await;
    let session: Value = serde_json::from_str(&session).unwrap();
    assert_eq!(session["session"]["status"], "SESSION_STATUS_IDLE");
    let messages = call(
        "MessageRetrieverService/LoadMessages",
        json!({ "session_id": session_id }),
    )
    .await;
    assert!(messages.contains("12 × 34 = 408."), "{messages}");
    let described = call("AdapterService/Describe", json!({})).await;
    assert!(described.contains("FEATURE_EMIT_STREAM"), "{described}");
    assert_eq!(adapter.message_store().count(session_id).await.unwrap(), 10);
}

/// The README's first adapter, a Python program without a kit that knows one store: a turn
/// keeps its values there and everything else in the reference server.
#[tokio::test]
async fn a_first_adapter_in_python() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = FirstAdapter::start(Path::new(FIRST_ADAPTER), folder.path()).await;
    let data = folder.path().join("data");
    let route = format!("session_storage_store={}", first.endpoint);
    let finished = host(&[
        "run",
        "--data",
        data.to_str().unwrap(),
        "--route",
        &route,
        "12 times 34?",
    ])
    .await;
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(
        finished.stdout.contains("✓ kv_store"),
        "{}",
        finished.stdout
    );
    assert_eq!(
        first.printed.next_line().await.unwrap().as_deref(),
        Some("set last_product")
    );
}

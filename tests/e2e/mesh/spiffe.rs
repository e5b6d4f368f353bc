//! Identities from the SPIFFE Workload API: a host, an adapter and this test are known by the
//! paths of their programs.

mod agent;

use self::agent::Agent;
use crate::host::load::{Api, Load};
use mortise_adapter_client::{AdapterConfig, ClientTls, Endpoint, Mesh, MeshConfig};
use mortise_test_support::adapter_process::{AdapterProcess, binary};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::platform::PlatformFile;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;

const HOST: &str = "spiffe://example.org/host";
const ADAPTER: &str = "spiffe://example.org/adapter";
const TEST: &str = "spiffe://example.org/test";

/// How long an SVID lives, in seconds. It is renewed after half of that.
const LIFE: u64 = 12;

/// An agent that knows the three. It is not started yet.
fn registered(folder: &Path) -> Agent {
    let agent = Agent::new(folder);
    let test = std::env::current_exe().unwrap();
    for (id, program) in [
        (HOST, binary("mortise-host")),
        (ADAPTER, binary("mortise-adapter")),
        (TEST, test),
    ] {
        agent.register(id, &program, LIFE);
    }
    agent
}

/// What an adapter is started with.
fn arguments(socket: &str) -> [String; 7] {
    let client = |id: &str| format!("{id}=1");
    [
        "--tls-spiffe".into(),
        "--spiffe-socket".into(),
        socket.into(),
        "--client".into(),
        client(HOST),
        "--client".into(),
        client(TEST),
    ]
}

async fn adapter(program: &Path, folder: &Path, socket: &str) -> AdapterProcess {
    let arguments = arguments(socket);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    AdapterProcess::start_program(program, folder, "127.0.0.1:0", &arguments).await
}

/// A mesh of this process.
fn mesh(endpoint: &Endpoint, socket: &str) -> Mesh {
    let mut config = MeshConfig::single(endpoint.clone());
    let adapter = AdapterConfig {
        tls: ClientTls {
            spiffe: Some(socket.parse().unwrap()),
            server_uri: Some(ADAPTER.into()),
            ..ClientTls::default()
        },
        ..AdapterConfig::new(endpoint.clone())
    };
    config.adapters.insert("default".into(), adapter);
    Mesh::new(config).unwrap()
}

/// Brings the demo's platform into the storage of [`adapter`].
async fn import(folder: &Path) {
    let database = Database::Sqlite.at(&folder.join("p.db")).await;
    let platform = PlatformFile::with(&simulator());
    platform.import(&database, folder).await;
}

async fn host(endpoint: &Endpoint, socket: &str, folder: &Path) -> (HostProcess, PathBuf) {
    let config = format!(
        r#"
        [listen]
        grpc = ["127.0.0.1:0"]
        http = "127.0.0.1:0"
        [data]
        dir = "{data}"
        [drivers]
        enabled = ["simulator"]
        [capabilities]
        enabled = ["session_file_system", "session_storage", "test_math"]
        [adapters.main]
        endpoint = "{endpoint}"
        [adapters.main.tls]
        spiffe = "{socket}"
        server_uri = "{ADAPTER}"
        [adapters.main.transport]
        # Each second has its own handshakes.
        connection_age_max = "1s"
        "#,
        data = folder.join("data").display()
    );
    let log = folder.join("host.log");
    let host = HostProcess::configured_logged(folder, &config, &log).await;
    (host, log)
}

/// A host and an adapter prove who they are with SVIDs that live for seconds. These are
/// renewed under turns, on both sides and several times, and not one turn fails; nor when the
/// agent is killed and comes back in the meantime.
#[tokio::test]
async fn identities_rotate_under_turns() {
    let folder = tempfile::tempdir().unwrap();
    let mut agent = registered(folder.path());
    agent.start();
    let socket = agent.socket();
    let program = binary("mortise-adapter");
    let server = adapter(&program, folder.path(), &socket).await;
    import(folder.path()).await;
    let (host, log) = host(&server.endpoint, &socket, folder.path()).await;
    let api = Api::at(&host.http);
    api.ready().await;
    let received = || {
        let log = fs::read_to_string(&log).unwrap();
        log.matches("SPIFFE identity received").count()
    };
    let load = Load::start(&api, 4).await;
    // Longer than any SVID of the beginning lives.
    let until = Instant::now() + Duration::from_secs(2 * LIFE);
    while Instant::now() < until {
        load.more(1).await;
    }
    assert!(received() >= 3, "{} identities", received());
    let before = received();
    agent.kill();
    load.more(8).await;
    agent.start();
    while received() == before {
        load.more(1).await;
    }
    load.more(8).await;
    assert!(load.end().await > 20);
}

/// An adapter that the agent knows as another is refused, with a text that names both.
#[tokio::test]
async fn an_adapter_with_another_id_is_refused() {
    const OTHER: &str = "spiffe://example.org/other";
    let folder = tempfile::tempdir().unwrap();
    let mut agent = registered(folder.path());
    let program = folder.path().join("other-adapter");
    // The same program under another path.
    let linked = fs::hard_link(binary("mortise-adapter"), &program);
    linked
        .or_else(|_| fs::copy(binary("mortise-adapter"), &program).map(drop))
        .unwrap();
    agent.register(OTHER, &program, 600);
    agent.start();
    let socket = agent.socket();
    let server = adapter(&program, folder.path(), &socket).await;
    let (host, _) = host(&server.endpoint, &socket, folder.path()).await;
    let api = Api::at(&host.http);
    let names_both = |text: &str| text.contains(OTHER) && text.contains(ADAPTER);
    api.until("/ready", |status, text| status == 503 && names_both(text))
        .await;
    let refused = mesh(&server.endpoint, &socket).adapter(1).build().await;
    let text = refused.unwrap_err().to_string();
    assert!(names_both(&text), "{text}");
}

/// What a host answers to a caller with these arguments of curl, or `000` where it does not
/// let the caller in.
async fn status(http: &str, arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--insecure", "--output", "/dev/null"]);
    curl.args(["--write-out", "%{http_code}"]).args(arguments);
    let output = curl.arg(format!("{http}/v1/sessions")).output().await;
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// A host proves itself to its callers with its SVID, and knows them by theirs: one with the
/// right ID is let in, one with another ID or from another trust domain is not. A caller
/// without a certificate needs a token.
#[tokio::test]
async fn callers_of_a_host_are_known_by_their_ids() {
    const APP: &str = "spiffe://example.org/app";
    let folder = tempfile::tempdir().unwrap();
    let mut agent = registered(folder.path());
    agent.start();
    fs::write(folder.path().join("token"), "open-sesame\n").unwrap();
    let config = format!(
        r#"
        [listen]
        grpc = ["127.0.0.1:0"]
        http = "127.0.0.1:0"
        [listen.tls]
        spiffe = "{socket}"
        [drivers]
        enabled = ["simulator"]
        [access]
        anonymous = false
        [access.tokens.script]
        token_file = "token"
        [access.certificates.app]
        subject = "{APP}"
        "#,
        socket = agent.socket()
    );
    let host = HostProcess::configured(folder.path(), &config).await;
    let with = async |agent: &Agent, id: &str| {
        let (cert, key) = agent.svid_files(id, folder.path());
        let [cert, key] = [cert, key].map(|path| path.display().to_string());
        status(&host.http, &["--cert", &cert, "--key", &key]).await
    };
    while with(&agent, APP).await != "200" {
        tokio::task::yield_now().await;
    }
    assert_eq!(with(&agent, "spiffe://example.org/other").await, "401");
    let stranger = Agent::new(folder.path());
    assert_eq!(
        with(&stranger, APP).await,
        "000",
        "its authority is unknown"
    );
    let token = ["--header", "authorization: Bearer open-sesame"];
    assert_eq!(status(&host.http, &token).await, "200");
    assert_eq!(status(&host.http, &[]).await, "401");
    let endpoint = host.grpc.parse().unwrap();
    let taken_for = mesh(&endpoint, &agent.socket()).adapter(1).build().await;
    let text = taken_for.unwrap_err().to_string();
    assert!(text.contains(HOST) && text.contains(ADAPTER), "{text}");
}

/// A host and an adapter start while there is no agent: the host says which socket is meant
/// and what to do. Both are there once the agent is.
#[tokio::test]
async fn an_agent_that_comes_late_is_named_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut agent = registered(folder.path());
    let socket = agent.socket();
    let program = binary("mortise-adapter");
    let server = adapter(&program, folder.path(), &socket).await;
    let (host, _) = host(&server.endpoint, &socket, folder.path()).await;
    let api = Api::at(&host.http);
    let told = |status: u16, text: &str| status == 503 && text.contains(&socket);
    let text = api.until("/ready", told).await;
    assert!(text.contains("start the SPIFFE agent"), "{text}");
    agent.start();
    api.ready().await;
    import(folder.path()).await;
    let load = Load::start(&api, 1).await;
    load.more(1).await;
    load.end().await;
}

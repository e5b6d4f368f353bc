//! The example configuration, with what it names made real: TLS on both sides, tokens,
//! certificates, two adapters, a collector.

use crate::interop::grpcurl;
use crate::security::{Authority, path};
use crate::traces::Collector;
use mortise_adapter_client::{Endpoint, TlsIdentity};
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::{AdapterProcess, binary};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::platform::PlatformFile;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio::process::Command;

const EXAMPLE: &str = include_str!("../../../docs/host.example.toml");
const DIGEST: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// The token of the caller `web`, which may act for org 1.
const WEB: &str = "authorization: Bearer web-token";

/// The span that a caller of the host is in.
const CALLERS_SPAN: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// That of `batch`, which may act for both.
const BATCH: &str = "authorization: Bearer hello";

/// Everything that the example names.
struct Example {
    folder: tempfile::TempDir,
    host: HostProcess,
    adapters: [AdapterProcess; 2],
    collector: Collector,
    billing: TlsIdentity,
    ca: String,
}

/// Sends a request with curl, and gives back status and body. No answer is status 0.
pub async fn curl(arguments: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["-s", "-w", "\n%{http_code}"])
        .args(arguments)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.into())
}

/// The group that a folder's files get: one that this process may give.
fn own_group(folder: &tempfile::TempDir) -> String {
    fs::metadata(folder.path()).unwrap().gid().to_string()
}

impl Example {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let storage = Authority::new(folder.path(), "storage-ca");
        let public = Authority::new(folder.path(), "public-ca");
        let clients = Authority::new(folder.path(), "clients");
        let uri = "spiffe://example.com/storage";
        storage.issue_to_both(folder.path(), "storage", "storage.internal", uri);
        storage.issue(folder.path(), "host-client", "host.internal");
        public.issue(folder.path(), "host", "127.0.0.1");
        let subject = "spiffe://example.com/billing";
        let billing = clients.issue_to_uri(folder.path(), "billing", subject);
        fs::write(at("storage-token"), "storage-secret").unwrap();
        fs::write(at("web-token"), "web-token\n").unwrap();
        let collector = Collector::default();
        let otlp = collector.start().await;
        let (cert, key) = (at("storage.pem"), at("storage.key"));
        let (known, token) = (at("storage-ca.pem"), at("storage-token"));
        let sealing = at("key");
        let database = Database::Sqlite.at(&folder.path().join("p.db")).await;
        let platform = PlatformFile::with(&simulator());
        platform.import(&database, folder.path()).await;
        let arguments = [
            ["--key-file", &sealing],
            ["--tls-cert", &cert],
            ["--tls-key", &key],
            ["--tls-client-ca", &known],
            ["--token-file", &token],
            ["--otlp", &otlp],
        ];
        let arguments = arguments.as_flattened();
        let main = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", arguments).await;
        // Over the same database: files are kept with their sessions.
        let files = format!("unix:{}", at("files.sock"));
        let files =
            AdapterProcess::start_as(folder.path(), &files, &["--key-file", &sealing]).await;

        let Endpoint::Https(uri) = &main.endpoint else {
            panic!("{}", main.endpoint);
        };
        let main_at = format!("https://{}", uri.authority().unwrap());
        let database = format!("sqlite:{}", at("limits.db"));
        let program = binary("mortise-adapter");
        let limits = format!("\"{}\", \"--database\", \"{database}\"", program.display());
        let mut config = EXAMPLE.to_string();
        for (example, real) in [
            ("/run/mortise/host.sock", at("host.sock")),
            ("0.0.0.0:7450", "127.0.0.1:0".into()),
            ("0.0.0.0:7451", "127.0.0.1:0".into()),
            ("127.0.0.1:7452", "127.0.0.1:0".into()),
            ("0.0.0.0:7453", "127.0.0.1:0".into()),
            ("mortise-apps", own_group(&folder)),
            ("https://storage.example.com:7443", main_at),
            // Of the two endpoints one is away.
            ("/run/acme/files-1.sock", at("files.sock")),
            ("/run/acme/files-2.sock", at("files-2.sock")),
            ("\"/usr/lib/acme/limits\"", limits),
            // No store is routed to this one, and no agent gives it identities.
            (
                "https://payments.acme.svc:7443",
                "https://127.0.0.1:1".into(),
            ),
            ("/run/spire/agent.sock", at("agent.sock")),
            ("/var/lib/mortise", at("data")),
            ("/run/secrets", at("")),
            ("/etc/mortise", at("")),
            ("http://127.0.0.1:4317", otlp),
            ("otlp_sample_ratio = 0.1", "otlp_sample_ratio = 1.0".into()),
            ("anonymous = true", "anonymous = false".into()),
            // There is no Restate server, and turns are kept in files without one.
            ("engine = \"restate\"", "engine = \"local\"".into()),
            ("journal = \"adapter\"", "journal = \"files\"".into()),
            ("\"anthropic\"]", "\"anthropic\", \"simulator\"]".into()),
            (
                "\"session_storage\"]",
                "\"session_storage\", \"test_math\"]".into(),
            ),
        ] {
            assert!(config.contains(example), "{example}");
            config = config.replace(example, &real);
        }
        let host = HostProcess::configured(folder.path(), &config).await;
        Self {
            ca: at("public-ca.pem"),
            folder,
            host,
            adapters: [main, files],
            collector,
            billing,
        }
    }

    /// A request of the HTTP API.
    async fn ask(&self, path: &str, arguments: &[&str]) -> (u16, String) {
        let url = format!("{}{path}", self.host.http);
        curl(&[&["--cacert", &self.ca, &url], arguments].concat()).await
    }

    /// The same with what must come of it: a status, and a word of the text.
    async fn must(&self, path: &str, arguments: &[&str], status: u16, word: &str) {
        let (found, body) = self.ask(path, arguments).await;
        assert_eq!(found, status, "{path} {arguments:?}: {body}");
        assert!(body.contains(word), "{path} {arguments:?}: {body}");
    }

    /// A request of the admin listener.
    async fn admin(&self, path: &str, arguments: &[&str]) -> (u16, String) {
        let url = format!("{}{path}", self.host.address("admin"));
        curl(&[&[url.as_str()], arguments].concat()).await
    }

    /// Lists turns over gRPC, and gives back what was said.
    async fn list_turns(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(grpcurl());
        let method = "mortise.host.v1.HostService/ListTurns";
        command.args(arguments).arg(method);
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Runs a turn, and gives its id back.
    async fn turn(&self) -> String {
        let made = json!({ "harness_id": demo::harness_id(), "agent_id": demo::agent_id() });
        let made = ["-H", WEB, "-d", &made.to_string()];
        let (status, session) = self.ask("/v1/sessions", &made).await;
        assert_eq!(status, 201, "{session}");
        let session: Value = serde_json::from_str(&session).unwrap();
        let id = session["id"].as_str().unwrap();
        let path = format!("/v1/sessions/{id}/turns");
        let text = r#"{"text": "What is 12 times 34?"}"#;
        let text = ["-H", WEB, "-H", CALLERS_SPAN, "-d", text];
        let (status, turn) = self.ask(&path, &text).await;
        let turn: Value = serde_json::from_str(&turn).unwrap();
        assert_eq!(
            (status, &turn["outcome"]),
            (200, &json!("completed")),
            "{turn}"
        );
        // In another's org it does not exist, nor does the org tell.
        let other = format!("/v1/sessions/{id}?org=2");
        self.must(&other, &["-H", WEB], 403, "may not act for org 2")
            .await;
        self.must(&other, &["-H", BATCH], 404, "does not exist in this org")
            .await;
        turn["turn_id"].as_str().unwrap().into()
    }

    async fn http_is_guarded(&self) {
        let wrong = ["-H", "authorization: Bearer wrong"];
        self.must("/live", &[], 200, "true").await;
        self.must("/openapi.json", &[], 200, "3.1.0").await;
        self.must("/v1/turns", &[], 401, "UNAUTHENTICATED").await;
        self.must("/v1/turns", &wrong, 401, "the bearer token is unknown")
            .await;
        self.must("/no/path", &wrong, 401, "the bearer token is unknown")
            .await;
        self.must("/v1/turns", &["-H", WEB], 200, "\"turns_max\":64")
            .await;
        self.must(
            "/v1/turns?org=7",
            &["-H", WEB],
            403,
            "may not act for org 7",
        )
        .await;
        self.must("/v1/turns", &["-H", BATCH], 400, "act for 2 orgs; name one")
            .await;
        self.must("/v1/turns?org=2", &["-H", BATCH], 200, "turns")
            .await;
        let (cert, key) = (path(&self.billing.cert), path(&self.billing.key));
        let billing = ["--cert", cert, "--key", key];
        self.must("/v1/turns", &billing, 200, "turns").await;
        self.must("/v1/turns?org=1", &billing, 403, "may not act for org 1")
            .await;
        for version in ["--http1.1", "--http2"] {
            self.must("/v1/turns", &[version, "-H", WEB], 200, "turns")
                .await;
        }
        let clear = self.host.http.replace("https://", "http://");
        assert_eq!(
            curl(&[&format!("{clear}/live")]).await.0,
            0,
            "only TLS is spoken"
        );
        let (status, _) = curl(&[&format!("{}/live", self.host.http)]).await;
        assert_eq!(status, 0, "no authority vouches for it");
    }

    async fn grpc_is_guarded(&self) {
        let address = self.host.address("grpc").replace("https://", "");
        let socket = self.host.grpc.replace("unix:", "unix://");
        let tls = ["-cacert", &self.ca];
        let over_tls = |token: &'static str, org: &'static str| {
            [&tls[..], &["-H", token, "-d", org, &address]].concat()
        };
        for (arguments, fine, word) in [
            (over_tls("a: b", "{}"), false, "bearer token"),
            (over_tls(WEB, "{}"), true, "turnsMax"),
            (
                over_tls(WEB, r#"{"org_id": 2}"#),
                false,
                "may not act for org 2",
            ),
            (over_tls(BATCH, "{}"), false, "act for 2 orgs; name one"),
            (over_tls(BATCH, r#"{"org_id": 2}"#), true, "turnsMax"),
            (vec!["-plaintext", &address], false, ""),
            (vec!["-plaintext", "-H", WEB, &socket], true, "turnsMax"),
            (vec!["-plaintext", &socket], false, "bearer token"),
        ] {
            let (found, said) = self.list_turns(&arguments).await;
            assert_eq!(found, fine, "{arguments:?}: {said}");
            assert!(said.contains(word), "{arguments:?}: {said}");
        }
        let mut health = Command::new(grpcurl());
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("health.proto");
        health
            .args(tls)
            .arg("-import-path")
            .arg(proto.parent().unwrap());
        health.args([
            "-proto",
            "health.proto",
            &address,
            "grpc.health.v1.Health/Check",
        ]);
        let answer = health.output().await.unwrap();
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(said.contains("SERVING"), "{said} {answer:?}");
    }

    /// Probes and scrapers of other machines see health and metrics, and nothing else.
    async fn probes_see_no_more(&self) {
        let probes = self.host.address("probes");
        for (path, word) in [
            ("/live", "true"),
            ("/ready", "\"ready\":true"),
            ("/metrics", "mortise_turns_started_total 1"),
        ] {
            let (status, body) = curl(&[&format!("{probes}{path}")]).await;
            assert_eq!(status, 200, "{path}: {body}");
            assert!(body.contains(word), "{path}: {body}");
        }
        for path in ["/admin/config", "/admin/overview", "/ui", "/v1/turns"] {
            let (status, body) = curl(&[&format!("{probes}{path}")]).await;
            assert_eq!(status, 404, "{path}: {body}");
        }
        let level = ["-X", "PUT", "-d", "trace"];
        let url = format!("{probes}/admin/log-level");
        let (status, body) = curl(&[&level[..], &[&url]].concat()).await;
        assert_eq!(status, 404, "{body}");
    }

    /// The socket of the API has the mode and the group of the configuration.
    fn the_socket_is_guarded(&self) {
        let socket = self.host.grpc.trim_start_matches("unix:");
        let found = fs::metadata(socket).unwrap();
        assert_eq!(found.mode() & 0o777, 0o660);
        assert_eq!(found.gid().to_string(), own_group(&self.folder));
    }

    async fn operators_see_it(&self, turn_id: &str) {
        let (_, metrics) = self.admin("/metrics", &[]).await;
        for line in [
            "mortise_turns_started_total 1",
            "mortise_turns_ended_total{outcome=\"completed\"} 1",
            "mortise_turns_running 0",
            "mortise_phase_duration_seconds_count{phase=\"input\"} 1",
        ] {
            assert!(
                metrics.lines().any(|found| found == line),
                "{line}\n{metrics}"
            );
        }
        for series in [
            "mortise_phase_duration_seconds_count{phase=\"act\"}",
            "mortise_rpcs_total{adapter=\"files\",store=\"SessionFileSystem\"",
            "mortise_tokens_total{model=\"llmsim-model\",direction=\"output\"}",
        ] {
            assert!(metrics.contains(series), "{series}\n{metrics}");
        }
        let (status, turn) = self.admin(&format!("/admin/turns/{turn_id}"), &[]).await;
        let turn: Value = serde_json::from_str(&turn).unwrap();
        assert_eq!((status, &turn["state"]), (200, &json!("completed")));
        let (_, config) = self.admin("/admin/config", &[]).await;
        assert!(config.contains("sha256 = \"***\""), "{config}");
        assert!(!config.contains(DIGEST), "{config}");
        let level = ["-X", "PUT", "-d", "debug"];
        let set = self.admin("/admin/log-level", &level).await;
        assert_eq!(set, (200, "debug\n".into()));
        let level = ["-X", "PUT", "-d", "loud=very=much"];
        let (status, said) = self.admin("/admin/log-level", &level).await;
        assert_eq!(status, 400, "{said}");
        assert!(said.contains("write a level (error, warn"), "{said}");
    }
}

/// Everything that the example says has its effect.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_has_its_effect() {
    let example = Example::start().await;
    while example.ask("/ready", &[]).await.0 != 200 {
        tokio::task::yield_now().await;
    }
    example.http_is_guarded().await;
    example.grpc_is_guarded().await;
    let turn_id = example.turn().await;
    example.operators_see_it(&turn_id).await;
    example.probes_see_no_more().await;
    example.the_socket_is_guarded();
    let Example {
        folder,
        mut host,
        adapters: [main, _files],
        collector,
        ..
    } = example;
    assert!(folder.path().join("data/turns").exists());
    host.terminate().await;
    assert_eq!(host.stopped().await, Some(0));
    main.stop().await;

    let spans = collector.spans();
    let turns: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.name == "turn")
        .collect();
    assert_eq!(turns.len(), 1, "{spans:#?}");
    let (process, turn) = turns[0];
    assert_eq!(process, "mortise-host");
    let trace_id: String = turn.trace_id.iter().map(|b| format!("{b:02x}")).collect();
    assert!(CALLERS_SPAN.contains(&trace_id), "the caller's trace");
    let of_trace = |process: &str, name: &str| {
        let own = spans.iter().filter(|(from, span)| {
            from == process && span.trace_id == turn.trace_id && span.name.contains(name)
        });
        own.count()
    };
    assert_eq!(of_trace("mortise-host", "input"), 1);
    for (process, name) in [
        ("mortise-host", "reason"),
        ("mortise-host", "act"),
        ("mortise-host", "POST /v1/sessions/{session_id}/turns"),
        ("mortise-host", "SessionFileSystemService/"),
        ("mortise-adapter", "RuntimeHostService/"),
    ] {
        assert!(of_trace(process, name) > 0, "{process} {name}: {spans:#?}");
    }
}

//! Secrets as seen from outside: not in logs, not in
//! errors; and their keys, as an operator replaces them.

use crate::wire::Raw;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::payment::{MachinePaymentRequest, PaymentMethod};
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::{ModelId, SessionId};
use everruns_core::{AgentCapabilityConfig, AgentLoopError, ChannelType};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_storage_store_service::SET_SECRET;
use mortise_proto::rpc::table::test_seed_service::{PUT_AGENT, PUT_CONNECTION};
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::{AdapterProcess, adapter, host_logged};
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::mesh;
use serde_json::json;
use std::fs;
use std::path::Path;
use uuid::Uuid;

/// Stands wherever a secret can be.
pub const MARKER: &str = "MARKER-5e0b77f1";

/// A key that would be seen in a log.
pub const KEY: &[u8; 32] = b"MARKER-5e0b77f1-is-in-this-key--";

/// Writes a key file into a folder and gives back its path.
pub fn key_file(folder: &Path, name: &str, key: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, key).unwrap();
    path.display().to_string()
}

async fn over(process: &AdapterProcess) -> GrpcHostAdapter {
    mesh(&process.endpoint).adapter(1).build().await.unwrap()
}

/// Puts secrets in by every way there is, and gives back a session that has some. What
/// stores them seals them.
pub async fn put_secrets(adapter: &GrpcHostAdapter) -> SessionId {
    let seed = adapter.test_seed().unwrap();
    let config = json!({"token": MARKER});
    let capabilities = vec![AgentCapabilityConfig::with_config("acme", config)];
    let servers: everruns_core::ScopedMcpServers = serde_json::from_value(json!({
        "far": {"type": "http", "url": "https://mcp.test", "headers": {"authorization": MARKER}},
        "near": {"type": "stdio", "command": "mcp", "env": {"TOKEN": MARKER}},
    }))
    .unwrap();
    let mut harness = HarnessBuilder::new("h", "p").build();
    harness.capabilities = capabilities.clone();
    harness.mcp_servers = servers.clone();
    let mut agent = AgentBuilder::new("a", "p").build();
    agent.capabilities = capabilities.clone();
    agent.mcp_servers = servers.clone();
    let mut session = demo::session(1, moment());
    (session.harness_id, session.agent_id) = (harness.id, Some(agent.public_id));
    (session.capabilities, session.mcp_servers) = (capabilities, servers);
    let (id, harness_id) = (session.id, harness.id);
    seed.put_harness(harness).await.unwrap();
    seed.put_agent(agent).await.unwrap();
    seed.put_session(session).await.unwrap();
    let model = ModelWithProvider {
        model: "m".into(),
        provider_type: LlmProviderType::Openai,
        api_key: Some(MARKER.into()),
        base_url: None,
    };
    seed.put_model(ModelId::new(), model, true).await.unwrap();
    let credentials = ProviderCredentials {
        api_key: MARKER.into(),
        base_url: None,
    };
    seed.put_provider_credential("openai", credentials)
        .await
        .unwrap();
    let connection = Connection {
        user_id: Uuid::new_v4(),
        provider: "github".into(),
        token: MARKER.into(),
        metadata: Some(json!({ "refresh": MARKER })),
    };
    seed.put_connection(connection).await.unwrap();
    let store = adapter.storage_store().unwrap();
    store.set_secret(id, "name", MARKER).await.unwrap();
    let config = json!({"bot_token": MARKER, "channel_id": "C1"});
    let platform = adapter.platform_store(1, id).unwrap();
    platform
        .create_app(
            "app",
            None,
            harness_id,
            None,
            None,
            Some(ChannelType::Slack),
            Some(&config),
        )
        .await
        .unwrap();
    id
}

/// Calls that fail with a secret in their hands; what is said of each.
async fn provoke(adapter: &GrpcHostAdapter, raw: &Raw, id: SessionId) -> Vec<String> {
    let mut said = Vec::new();
    let mut note = |error: AgentLoopError| {
        said.push(format!("{error} {error:?} {}", error.user_facing_message()));
    };
    let store = adapter.storage_store().unwrap();
    let absent = SessionId::new();
    note(store.set_secret(absent, "n", MARKER).await.unwrap_err());
    note(store.set_value(absent, "n", MARKER).await.unwrap_err());
    let large = MARKER.repeat(4 * 1024 * 1024);
    note(store.set_secret(id, "n", &large).await.unwrap_err());
    let payment = MachinePaymentRequest {
        capability: "c".into(),
        operation: "o".into(),
        method: PaymentMethod::Get,
        url: format!("https://shop.test/?key={MARKER}"),
        body: Some(json!(MARKER)),
        max_amount_usd: 1.0,
        rail_preference: Vec::new(),
        metadata: json!(MARKER),
    };
    let authority = adapter.payment_authority(1, None).unwrap();
    let paid = authority.execute_machine_payment(id, payment).await;
    note(paid.unwrap_err());

    let context = |request_id: &str| {
        Some(pb::CallContext {
            org_id: 1,
            request_id: request_id.into(),
            ..Default::default()
        })
    };
    let broken = format!("{{\"{MARKER}\": ");
    let mut agent = pb::Agent::from(AgentBuilder::new("b", "p").build());
    agent.capabilities = vec![pb::AgentCapabilityConfig {
        capability_ref: "c".into(),
        config_json: broken.clone(),
    }];
    let request = pb::PutAgentRequest {
        context: context(""),
        agent: Some(agent),
    };
    let refused = raw.call(PUT_AGENT.method.path, &request).await;
    said.push(format!("{:?}", refused.unwrap_err()));
    let request = pb::PutConnectionRequest {
        context: context(""),
        connection: Some(pb::Connection {
            user_id: Uuid::new_v4().to_string(),
            provider: "p".into(),
            token: MARKER.into(),
            metadata_json: Some(broken),
        }),
    };
    let refused = raw.call(PUT_CONNECTION.method.path, &request).await;
    said.push(format!("{:?}", refused.unwrap_err()));
    for session_id in ["nonsense", &id.to_string()] {
        let request = pb::SetSecretRequest {
            context: context(&"r".repeat(99)),
            session_id: session_id.into(),
            name: "n".into(),
            value: MARKER.into(),
        };
        let refused = raw.call(SET_SECRET.method.path, &request).await;
        said.push(format!("{:?}", refused.unwrap_err()));
    }
    said
}

/// Whatever a server and a host log when they log everything, and whatever they answer
/// when something is wrong with a call that carries a secret: the secret is not in it,
/// nor is the key.
#[tokio::test]
async fn no_secret_in_logs_and_errors() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let key = key_file(folder.path(), "key", KEY);
        let arguments = ["--key-file", key.as_str()];
        let process = AdapterProcess::start_logged(database, folder.path(), &arguments, &log).await;
        let adapter = over(&process).await;
        let id = put_secrets(&adapter).await;
        // It is stored in clear, and logged no more than the others.
        let store = adapter.storage_store().unwrap();
        store.set_value(id, "name", MARKER).await.unwrap();
        let raw = Raw::connect(&process.endpoint).await;
        for said in provoke(&adapter, &raw, id).await {
            assert!(!said.contains(MARKER), "{said}");
        }
        let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Good day."])]).await;
        let endpoint = process.endpoint.to_string();
        let turn = ["run", "--adapter", &endpoint, "--base-url", &fake.base_url];
        let host = host_logged(&[&turn[..], &["Hello"]].concat(), MARKER).await;
        assert_eq!(host.code, 0, "{}", host.stderr);
        assert!(host.stdout.contains("Good day."));
        process.kill().await;
        let logged = fs::read_to_string(&log).unwrap();
        assert!(logged.contains("serving"), "the log is the log");
        assert!(logged.contains("DEBUG"), "all of its own is logged");
        for text in [&logged, &host.stdout, &host.stderr] {
            if let Some(line) = text.lines().find(|line| line.contains(MARKER)) {
                panic!("{line}");
            }
        }
    }
}

/// A key is replaced while a server with both runs: `rotate-keys` says what it did,
/// finds nothing to do when it is run again, and the new key is enough from then on.
#[tokio::test]
async fn a_key_is_replaced_while_a_server_runs() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let (old, new) = (
            key_file(folder.path(), "old", KEY),
            key_file(folder.path(), "new", &[8; 32]),
        );
        let url = database.at(&folder.path().join("p.db")).await;
        let started = async |arguments: &[&str]| {
            AdapterProcess::start_logged(database, folder.path(), arguments, &log).await
        };
        let process = started(&["--key-file", &old]).await;
        let id = put_secrets(&over(&process).await).await;
        process.kill().await;

        let both = ["--key-file", &new, "--old-key-file", &old];
        let process = started(&both).await;
        let storage = ["rotate-keys", "--database", &url];
        let rotated = adapter(&[&storage[..], &both].concat()).await;
        assert_eq!(rotated.code, 0, "{}", rotated.stderr);
        let line = "session_secrets: 1 sealed again, 0 were current";
        assert!(rotated.stdout.contains(line), "{}", rotated.stdout);
        let again = adapter(&[&storage[..], &both].concat()).await;
        let line = "session_secrets: 0 sealed again, 1 were current";
        assert!(again.stdout.contains(line), "{}", again.stdout);
        let store = over(&process).await.storage_store().unwrap();
        let found = store.get_secret(id, "name").await.unwrap();
        assert_eq!(found.as_deref(), Some(MARKER));
        process.kill().await;

        let process = started(&["--key-file", &new]).await;
        let after = over(&process).await;
        let found = after.storage_store().unwrap().get_secret(id, "name").await;
        assert_eq!(found.unwrap().as_deref(), Some(MARKER));
        let session = after.session_store(1).get_session(id).await.unwrap();
        assert_eq!(session.unwrap().mcp_servers["near"].env["TOKEN"], MARKER);
        process.kill().await;

        for (arguments, expected) in [
            (&["--key-file", &old][..], "--old-key-file"),
            (&[], "no key was given"),
        ] {
            let start = ["serve", "--listen", "127.0.0.1:0", "--database", &url];
            let refused = adapter(&[&start[..], arguments].concat()).await;
            assert_eq!(refused.code, 3);
            assert!(refused.stderr.contains(expected), "{}", refused.stderr);
            assert!(!refused.stderr.contains(MARKER));
        }
        let keyless = adapter(&storage).await;
        assert_eq!(keyless.code, 3);
        assert!(keyless.stderr.contains("--key-file is missing"));
    }
}

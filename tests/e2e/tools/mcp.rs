//! Turns of the upstream runtime whose model calls tools of MCP servers: upstream's own
//! MCP client runs in the host, and everything it needs comes over the wire.

use crate::wire::{description, serve_description};
use everruns_core::capabilities::TestMathCapability;
use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_core::tool_types::{ToolCall, ToolDefinition};
use everruns_core::{CapabilityRegistry, DriverRegistry, PlatformDefinition, ScopedMcpServers};
use everruns_runtime::{InProcessRuntimeBuilder, RuntimeHostAdapter};
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_proto::rpc::{short_service_name, table};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fake_mcp::{DOWN, FakeMcp, ODD, SEARCH, SILENT};
use mortise_test_support::fixtures;
use mortise_test_support::in_process::{adapter, impatient_mesh, reference, serve};
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, Casting, call};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOOL: &str = "mcp_my_docs__search";

fn scoped(servers: Value) -> ScopedMcpServers {
    serde_json::from_value(servers).unwrap()
}

/// An actor whose session has these servers.
async fn actor(stage: &TestHost, servers: Value) -> Actor {
    Casting::on(stage)
        .with(|_, session| session.mcp_servers = scoped(servers))
        .set()
        .await
}

/// The names of the MCP tools that the model is told of.
async fn names(adapter: &GrpcHostAdapter, actor: &Actor) -> Vec<String> {
    let context = adapter.load_turn_context(1, actor.session_id);
    let definitions = context.await.unwrap().mcp_tool_definitions;
    let name = |definition: ToolDefinition| match definition {
        ToolDefinition::Builtin(tool) => tool.name,
        ToolDefinition::ClientSide(tool) => panic!("{} is not the host's", tool.name),
    };
    definitions.into_iter().map(name).collect()
}

/// The model calls the tool of a server that it was told of, with the session's key and
/// the configured headers; servers that are down, silent about their tools or processes
/// are left out. A turn asks each server for its tools once.
#[tokio::test]
async fn a_tool_of_a_server_is_called() {
    for database in Database::ALL {
        let fake = Arc::new(FakeMcp::default());
        let stage = TestHost::set_with(database, |config| {
            config.egress_service = Some(fake.clone())
        })
        .await;
        let quiet = format!("{SEARCH}/quiet");
        let servers = json!({
            "My Docs": {"url": SEARCH, "headers": {"X-Team": "t1"}, "auth_mode": "api_key"},
            "broken": {"url": DOWN},
            "inside": {"url": "http://10.0.0.1/mcp"},
            "process": {"type": "stdio", "command": "true"},
            "quiet": {"url": quiet, "tool_discovery": false},
            "un--callable": {"url": SEARCH},
        });
        let actor = actor(&stage, servers).await;
        let secrets = stage.adapter.storage_store().unwrap();
        let stored = secrets.set_secret(actor.session_id, "mcp_api_key:My Docs", "k");
        stored.await.unwrap();

        let outcomes = actor
            .turn(vec![
                vec![call(TOOL, json!({ "q": "first" }))],
                vec![call(TOOL, json!({ "q": "second" }))],
            ])
            .await;
        let results: Vec<_> = outcomes.iter().map(|outcome| outcome.ok()).collect();
        assert_eq!(
            results,
            [
                &json!({ "result": "found \"first\"" }),
                &json!({ "result": "found \"second\"" })
            ]
        );
        let calls = fake.asked(SEARCH, "tools/call");
        assert_eq!(calls.len(), 2);
        assert_eq!(
            calls[0].params,
            json!({ "name": "search", "arguments": {"q": "first"} })
        );
        let lists = fake.asked(SEARCH, "tools/list");
        assert_eq!(lists.len(), 1, "a list is kept");
        for asked in calls.iter().chain(&lists) {
            assert_eq!(asked.headers["Authorization"], "Bearer k");
            assert_eq!(asked.headers["X-Team"], "t1");
        }
        assert_eq!(fake.asked(DOWN, "tools/list").len(), 1, "so is a failure");
        assert_eq!(fake.asked(&quiet, "tools/list").len(), 0);

        assert_eq!(names(&actor.adapter, &actor).await, [TOOL]);
        let phase = actor.adapter.phase(actor.session_id, PhaseKind::Reason);
        assert_eq!(names(&phase, &actor).await, [TOOL]);
    }
}

/// Lists are kept apart by credentials, and by connections: what one session's key shows
/// is not shown to another.
#[tokio::test]
async fn lists_are_kept_apart() {
    let fake = Arc::new(FakeMcp::default());
    let stage = TestHost::set_with(Database::Sqlite, |config| {
        config.egress_service = Some(fake.clone())
    })
    .await;
    let open = json!({ "docs": {"url": SEARCH} });
    let other = json!({ "docs": {"url": SEARCH, "headers": {"X-Team": "t2"}} });
    let keyed = json!({ "docs": {"url": SEARCH, "auth_mode": "api_key"} });
    for (servers, asked) in [
        (&open, 1),
        (&open, 1),
        (&other, 2),
        (&keyed, 3),
        (&keyed, 4),
    ] {
        let actor = actor(&stage, servers.clone()).await;
        // One adapter for all of them, as a host has it.
        assert_eq!(names(&stage.adapter, &actor).await, ["mcp_docs__search"]);
        assert_eq!(fake.asked(SEARCH, "tools/list").len(), asked, "{servers}");
    }
}

/// A tool whose name no model's provider takes is left out, and so is the second of a
/// name: the model is told of the others.
#[tokio::test]
async fn odd_names_are_left_out() {
    let fake = Arc::new(FakeMcp::default());
    let stage = TestHost::set_with(Database::Sqlite, |config| {
        config.egress_service = Some(fake.clone())
    })
    .await;
    let actor = actor(
        &stage,
        json!({ "odd": {"url": ODD}, "größe": {"url": SEARCH} }),
    )
    .await;
    assert_eq!(names(&stage.adapter, &actor).await, ["mcp_odd__search"]);
}

/// Servers that never answer cost a turn the wait once, however many there are; the
/// others' tools are there.
#[tokio::test]
async fn silent_servers_cost_the_wait() {
    let fake = Arc::new(FakeMcp::default());
    let stage = TestHost::set_with(Database::Sqlite, |config| {
        config.egress_service = Some(fake.clone())
    })
    .await;
    let silent = |number: usize| (format!("silent {number}"), json!({ "url": SILENT }));
    let mut servers: serde_json::Map<String, Value> = (0..20).map(silent).collect();
    servers.insert("My Docs".into(), json!({ "url": SEARCH }));
    let actor = actor(&stage, servers.into()).await;
    let wait = Duration::from_secs(1);
    let adapter = stage.mesh.adapter(1).mcp_discovery_wait(wait);
    let adapter = adapter.build().await.unwrap();
    let began = Instant::now();
    assert_eq!(names(&adapter, &actor).await, [TOOL]);
    assert!(began.elapsed() >= wait);
    assert!(began.elapsed() < 10 * wait, "{:?}", began.elapsed());
    let asked = fake.asked(SILENT, "tools/list").len();
    assert_eq!(asked, 20);
    assert_eq!(names(&adapter, &actor).await, [TOOL]);
    assert_eq!(fake.asked(SILENT, "tools/list").len(), asked);
}

/// What an adapter has discovered by itself is kept, and its servers are not asked
/// again.
#[tokio::test]
async fn an_adapters_own_definitions_are_kept() {
    let fake = Arc::new(FakeMcp::default());
    let mut capabilities = CapabilityRegistry::new();
    capabilities.register(TestMathCapability);
    let platform = PlatformDefinition::builder()
        .capability_registry(capabilities)
        .driver_registry(DriverRegistry::new())
        .egress_service(fake.clone())
        .build();
    let servers = scoped(json!({ "My Docs": {"url": SEARCH} }));
    let local = InProcessRuntimeBuilder::new()
        .platform_definition(platform)
        .single_session(|session| {
            session
                .harness("base", "p")
                .agent("agent", "p")
                .session_mcp_servers(servers)
        })
        .llm_sim(LlmSimConfig::fixed("4"))
        .default_model(fixtures::simulator())
        .build()
        .await
        .unwrap();
    let session_id = local.default_session_id().unwrap();
    let server = serve(local.clone()).await;
    let remote = adapter(&server.endpoint).await;
    let before = local.load_turn_context(1, session_id).await.unwrap();
    let after = remote.load_turn_context(1, session_id).await.unwrap();
    assert_eq!(before.mcp_tool_definitions.len(), 1);
    assert_eq!(
        format!("{:?}", after.mcp_tool_definitions),
        format!("{:?}", before.mcp_tool_definitions)
    );
    assert_eq!(fake.asked(SEARCH, "tools/list").len(), 2);

    let executor = remote.mcp_executor(1, session_id).await.unwrap();
    let called = ToolCall {
        id: "c".into(),
        name: TOOL.into(),
        arguments: json!({ "q": 7 }),
    };
    let result = executor.execute_mcp_tool(&called).await.unwrap();
    assert_eq!(result.result, Some(json!({ "result": "found 7" })));
}

/// Without an egress, or without servers to ask for, there is no executor; an adapter
/// that is gone is an error of the tool, not a missing executor.
#[tokio::test]
async fn an_executor_needs_both_services() {
    for missing in [table::mcp_service::NAME, table::egress_service::NAME] {
        let offered: Vec<_> = table::SERVICES
            .iter()
            .filter(|service| **service != missing)
            .map(|service| short_service_name(service))
            .collect();
        let server = serve_description(description(1, &offered)).await;
        let adapter = adapter(&server.endpoint).await;
        let session_id = demo::session(1, fixtures::moment()).id;
        assert!(adapter.mcp_executor(1, session_id).await.is_none());
    }

    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let mesh = impatient_mesh(&server.endpoint);
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = demo::session(1, fixtures::moment()).id;
    let executor = adapter.mcp_executor(1, session_id).await.unwrap();
    let called = ToolCall {
        id: "c".into(),
        name: TOOL.into(),
        arguments: json!({}),
    };
    let absent = executor.execute_mcp_tool(&called).await.unwrap_err();
    assert!(
        absent.to_string().contains("not found for prefix: my_docs"),
        "{absent}"
    );
    drop(server);
    let gone = loop {
        let error = executor.execute_mcp_tool(&called).await.unwrap_err();
        if !error.to_string().contains("not found for prefix") {
            break error;
        }
    };
    assert!(gone.to_string().contains("adapter `default`"), "{gone}");
    assert!(adapter.mcp_executor(1, session_id).await.is_some());
    let foreign = adapter.mcp_executor(2, session_id).await.unwrap();
    let refused = foreign.execute_mcp_tool(&called).await.unwrap_err();
    assert!(refused.to_string().contains("serves org 1"), "{refused}");
}

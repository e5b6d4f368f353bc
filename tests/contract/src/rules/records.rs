//! Records that are put in whole, and how they are compared.

use crate::check::Outcome;
use crate::context::{Cx, fresh_id};
use crate::seed::{new_agent, new_harness, new_session};
use mortise_proto::pb;
use mortise_proto::rpc::table::test_seed_service::{PUT_AGENT, PUT_HARNESS, PUT_SESSION};
use std::collections::BTreeMap;

pub(crate) async fn put_harness(cx: &Cx, harness: &pb::Harness) -> Outcome {
    let request = pb::PutHarnessRequest {
        context: None,
        harness: Some(harness.clone()),
    };
    cx.call(&PUT_HARNESS, request).await.map(drop)
}

pub(crate) async fn put_agent(cx: &Cx, agent: &pb::Agent) -> Outcome {
    let request = pb::PutAgentRequest {
        context: None,
        agent: Some(agent.clone()),
    };
    cx.call(&PUT_AGENT, request).await.map(drop)
}

pub(crate) async fn put_session(cx: &Cx, session: &pb::Session) -> Outcome {
    let request = pb::PutSessionRequest {
        context: None,
        session: Some(session.clone()),
    };
    cx.call(&PUT_SESSION, request).await.map(drop)
}

/// A harness that is put, with these changes.
pub(crate) async fn a_harness(
    cx: &Cx,
    change: impl FnOnce(&mut pb::Harness),
) -> Outcome<pb::Harness> {
    let mut harness = new_harness(cx);
    change(&mut harness);
    put_harness(cx, &harness).await?;
    Ok(harness)
}

pub(crate) async fn an_agent(cx: &Cx, change: impl FnOnce(&mut pb::Agent)) -> Outcome<pb::Agent> {
    let mut agent = new_agent(cx);
    change(&mut agent);
    put_agent(cx, &agent).await?;
    Ok(agent)
}

/// A session that is put, on a harness that exists, with these changes.
pub(crate) async fn a_session(
    cx: &Cx,
    change: impl FnOnce(&mut pb::Session),
) -> Outcome<pb::Session> {
    let mut session = new_session(cx, &cx.harness().await?, None);
    change(&mut session);
    put_session(cx, &session).await?;
    Ok(session)
}

/// Capabilities whose configurations careless stores change.
pub(crate) fn capabilities() -> Vec<pb::AgentCapabilityConfig> {
    [
        ("session_file_system", "null"),
        ("acme:unknown", "{}"),
        ("b", super::common::AWKWARD_JSON),
        ("a", "[]"),
    ]
    .map(|(capability, config)| pb::AgentCapabilityConfig {
        capability_ref: capability.into(),
        config_json: config.into(),
    })
    .to_vec()
}

pub(crate) fn initial_files() -> Vec<pb::InitialFile> {
    [
        ("/workspace/b.txt", "one\r\n", "text", true),
        ("a.bin", "aGk=", "base64", false),
    ]
    .map(|(path, content, encoding, is_readonly)| pb::InitialFile {
        path: path.into(),
        content: content.into(),
        encoding: encoding.into(),
        is_readonly,
    })
    .to_vec()
}

/// Allows nothing; the pattern has to survive as it is.
pub(crate) fn closed_network() -> pb::NetworkAccessList {
    pb::NetworkAccessList {
        allowed: vec!["<none>".into()],
        blocked: vec!["*.example.com".into()],
    }
}

pub(crate) fn mcp_servers() -> BTreeMap<String, pb::ScopedMcpServer> {
    let http = pb::ScopedMcpServer {
        transport_type: pb::McpTransportType::Http.into(),
        url: "https://mcp.example.com/mcp".into(),
        headers: BTreeMap::from([("x-key".into(), "v".into())]),
        auth_mode: pb::McpAuthMode::Oauth.into(),
        oauth_provider_id: Some("github".into()),
        tool_discovery: false,
        ..Default::default()
    };
    let stdio = pb::ScopedMcpServer {
        transport_type: pb::McpTransportType::Stdio.into(),
        command: Some("mcp".into()),
        args: vec!["--b".into(), "a".into()],
        env: BTreeMap::from([("KEY".into(), "v".into())]),
        auth_mode: pb::McpAuthMode::None.into(),
        tool_discovery: false,
        ..Default::default()
    };
    BTreeMap::from([("remote".into(), http), ("local".into(), stdio)])
}

/// A tool that the client of the session runs.
pub(crate) fn client_side_tool() -> pb::ToolDefinition {
    let tool = pb::ClientSideTool {
        name: "pick_file".into(),
        display_name: Some("Pick a file".into()),
        description: "Asks the user for a file.".into(),
        parameters_json: "{\"properties\":{\"n\":{\"maximum\":9007199254740993,\"type\":\"integer\"}},\"type\":\"object\"}".into(),
        category: None,
        deferrable: pb::DeferrablePolicy::Never.into(),
        hints: Some(pb::ToolHints {
            readonly: Some(false),
            destructive: Some(true),
            ..Default::default()
        }),
        full_parameters_json: None,
    };
    pb::ToolDefinition {
        kind: Some(pb::tool_definition::Kind::ClientSide(tool)),
    }
}

/// Ids of a type that are none.
pub(crate) fn malformed_ids(prefix: &str) -> Vec<String> {
    vec![
        String::new(),
        format!("{prefix}_1"),
        format!("{prefix}_0000000000000000000000000000000A"),
        format!("{prefix}_00000000000000000000000000000000ff"),
        fresh_id("other"),
    ]
}

/// JSON text in one form, so that two that say the same are equal.
pub(crate) fn plain(json: &mut String) {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(json) {
        *json = value.to_string();
    }
}

pub(crate) fn plain_tools(tools: &mut [pb::ToolDefinition]) {
    use pb::tool_definition::Kind;
    for tool in tools {
        match &mut tool.kind {
            Some(Kind::Builtin(tool)) => plain(&mut tool.parameters_json),
            Some(Kind::ClientSide(tool)) => plain(&mut tool.parameters_json),
            None => {}
        }
    }
}

pub(crate) fn plain_capabilities(capabilities: &mut [pb::AgentCapabilityConfig]) {
    for capability in capabilities {
        plain(&mut capability.config_json);
    }
}

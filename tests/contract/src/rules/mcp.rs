//! MCP servers of sessions: which there are, how they are reached, and with what.

use super::common::refused_as_invalid;
use super::records::{a_harness, a_session, an_agent};
use super::refusals::NO_SESSION_IDS;
use super::session_storage_store::calls::set_secret;
use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::{self, mcp_connection::Endpoint};
use mortise_proto::rpc::table::mcp_service::{
    AUTHORIZE_MCP_SERVER, LIST_MCP_SERVERS, NAME, RESOLVE_MCP_CONNECTION,
};
use mortise_proto::rpc::table::session_storage_store_service::{self as storage, SET_SECRET};
use mortise_proto::rpc::table::test_seed_service::PUT_CONNECTION;
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) fn rules() -> Vec<Rule> {
    const SEED: &[Need] = &[Need::Seed];
    Group::of(NAME)
        .hard("MCP-01", "A prefix that no server has resolves to nothing, not to an error.", "MX:84-88", mcp_01_unknown_prefix).needs(SEED)
        .hard("MCP-02", "A server named `My Docs` is found by its prefix `my_docs`.", "mcp_server.rs:461", mcp_02_by_prefix).needs(SEED)
        .hard("MCP-03", "Of servers with one name the session's goes before the agent's, and that before the harness's.", "RM:21-34", mcp_03_last_wins).needs(SEED)
        .hard("MCP-04", "A server without authorization has no credential.", "mcp.proto, AuthorizeMcpServer", mcp_04_no_credential).needs(SEED)
        .hard("MCP-05", "Servers that are started as processes are listed as such, with their arguments and environment.", "RM:88-96", mcp_05_stdio).needs(SEED)
        .hard("MCP-06", "A session that does not exist has no servers and no credentials.", "mcp.proto", mcp_06_unknown_session)
        .hard("MCP-07", "Addresses, headers and whether tools are discovered come back as they were put.", "RM:64-80", mcp_07_verbatim).needs(SEED)
        .hard("MCP-08", "With OAuth the credential is the connection's token as a bearer.", "mcp.proto, AuthorizeMcpServer", mcp_08_oauth).needs(SEED)
        .soft("MCP-09", "With an API key the credential is the session's secret of the server as a bearer.", "mcp.proto, AuthorizeMcpServer", mcp_09_api_key).needs(SEED).with(&[storage::NAME])
        .hard("MCP-10", "Another org sees neither servers nor credentials of a session whose id it knows.", "context.proto", mcp_10_other_org).needs(&[Need::Seed, Need::OtherOrg])
        .hard("MCP-11", "A session id that is malformed is refused as INVALID_FIELD by every method.", "ID:85-121", mcp_11_malformed)
        .list()
}

fn http(url: &str) -> pb::ScopedMcpServer {
    pb::ScopedMcpServer {
        transport_type: pb::McpTransportType::Http.into(),
        url: url.into(),
        auth_mode: pb::McpAuthMode::None.into(),
        tool_discovery: true,
        ..Default::default()
    }
}

/// A session with one server.
async fn session_with(cx: &Cx, name: &str, server: pb::ScopedMcpServer) -> Outcome<String> {
    let servers = BTreeMap::from([(name.to_string(), server)]);
    Ok(a_session(cx, |session| session.mcp_servers = servers)
        .await?
        .id)
}

fn listing(session_id: &str) -> pb::ListMcpServersRequest {
    pb::ListMcpServersRequest {
        context: None,
        session_id: session_id.into(),
    }
}

fn resolving(session_id: &str, prefix: &str) -> pb::ResolveMcpConnectionRequest {
    pb::ResolveMcpConnectionRequest {
        context: None,
        session_id: session_id.into(),
        server_prefix: prefix.into(),
    }
}

fn authorizing(
    session_id: &str,
    name: &str,
    mode: pb::McpAuthMode,
    provider: Option<&str>,
) -> pb::AuthorizeMcpServerRequest {
    pb::AuthorizeMcpServerRequest {
        context: None,
        session_id: session_id.into(),
        server_name: name.into(),
        auth_mode: mode.into(),
        oauth_provider_id: provider.map(Into::into),
    }
}

async fn resolve(cx: &Cx, session_id: &str, prefix: &str) -> Outcome<Option<pb::McpConnection>> {
    let request = resolving(session_id, prefix);
    Ok(cx.call(&RESOLVE_MCP_CONNECTION, request).await?.connection)
}

async fn mcp_01_unknown_prefix(cx: Cx) -> Outcome {
    let session = session_with(&cx, "docs", http("https://mcp.example.com/mcp")).await?;
    absent(
        "ResolveMcpConnection of another prefix",
        resolve(&cx, &session, "dogs").await?,
    )
}

async fn mcp_02_by_prefix(cx: Cx) -> Outcome {
    let session = session_with(&cx, "My Docs", http("https://mcp.example.com/mcp")).await?;
    let found = resolve(&cx, &session, "my_docs").await?;
    let found = present("ResolveMcpConnection of `my_docs`", found)?;
    same("the connection's name", found.name.as_str(), "My Docs")
}

async fn mcp_03_last_wins(cx: Cx) -> Outcome {
    let on = |place: &str| http(&format!("https://{place}.example.com/mcp"));
    let of = |place: &str, names: &[&str]| -> BTreeMap<String, pb::ScopedMcpServer> {
        names
            .iter()
            .map(|name| ((*name).to_string(), on(place)))
            .collect()
    };
    let harness = a_harness(&cx, |harness| {
        harness.mcp_servers = of("harness", &["a", "b", "c"])
    })
    .await?;
    let agent = an_agent(&cx, |agent| agent.mcp_servers = of("agent", &["b", "c"])).await?;
    let session = a_session(&cx, |session| {
        session.harness_id = harness.id;
        session.agent_id = Some(agent.id);
        session.mcp_servers = of("session", &["c"]);
    })
    .await?;
    let servers = cx
        .call(&LIST_MCP_SERVERS, listing(&session.id))
        .await?
        .servers;
    let connections = servers
        .iter()
        .filter_map(|server| server.connection.as_ref());
    let found: Vec<_> = connections
        .map(|found| (found.name.as_str(), url_of(found)))
        .collect();
    let expected = [("a", "harness"), ("b", "agent"), ("c", "session")];
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, place)| (*name, Some(format!("https://{place}.example.com/mcp"))))
        .collect();
    same("the servers of ListMcpServers", &found, &expected)
}

fn url_of(connection: &pb::McpConnection) -> Option<String> {
    match &connection.endpoint {
        Some(Endpoint::Http(http)) => Some(http.url.clone()),
        Some(Endpoint::Stdio(_)) | None => None,
    }
}

async fn mcp_04_no_credential(cx: Cx) -> Outcome {
    let session = session_with(&cx, "docs", http("https://mcp.example.com/mcp")).await?;
    let request = authorizing(&session, "docs", pb::McpAuthMode::None, None);
    let answer = cx.call(&AUTHORIZE_MCP_SERVER, request).await?;
    absent("AuthorizeMcpServer.credential", answer.credential)
}

async fn mcp_05_stdio(cx: Cx) -> Outcome {
    let server = pb::ScopedMcpServer {
        transport_type: pb::McpTransportType::Stdio.into(),
        command: Some("mcp".into()),
        args: vec!["--b".into(), "a".into()],
        env: BTreeMap::from([("KEY".into(), "v".into())]),
        auth_mode: pb::McpAuthMode::None.into(),
        ..Default::default()
    };
    let session = session_with(&cx, "local", server).await?;
    let servers = cx.call(&LIST_MCP_SERVERS, listing(&session)).await?.servers;
    let endpoints: Vec<_> = servers
        .into_iter()
        .filter_map(|server| server.connection?.endpoint)
        .collect();
    let expected = Endpoint::Stdio(pb::McpStdioEndpoint {
        command: "mcp".into(),
        args: vec!["--b".into(), "a".into()],
        env: BTreeMap::from([("KEY".into(), "v".into())]),
    });
    same(
        "the endpoints of ListMcpServers",
        &endpoints,
        &vec![expected],
    )
}

async fn mcp_06_unknown_session(cx: Cx) -> Outcome {
    let session = fresh_id("session");
    let servers = cx.call(&LIST_MCP_SERVERS, listing(&session)).await?.servers;
    same("ListMcpServers.servers", &servers.len(), &0)?;
    absent(
        "ResolveMcpConnection.connection",
        resolve(&cx, &session, "docs").await?,
    )?;
    let request = authorizing(&session, "docs", pb::McpAuthMode::Oauth, Some("github"));
    let answer = cx.call(&AUTHORIZE_MCP_SERVER, request).await?;
    absent("AuthorizeMcpServer.credential", answer.credential)
}

async fn mcp_07_verbatim(cx: Cx) -> Outcome {
    let server = pb::ScopedMcpServer {
        headers: BTreeMap::from([("x-key".into(), "v".into())]),
        tool_discovery: false,
        ..http("https://mcp.example.com/mcp?a=%20b")
    };
    let session = session_with(&cx, "docs", server).await?;
    let servers = cx.call(&LIST_MCP_SERVERS, listing(&session)).await?.servers;
    let expected = pb::McpServer {
        connection: Some(pb::McpConnection {
            name: "docs".into(),
            endpoint: Some(Endpoint::Http(pb::McpHttpEndpoint {
                url: "https://mcp.example.com/mcp?a=%20b".into(),
                headers: BTreeMap::from([("x-key".into(), "v".into())]),
            })),
            auth_mode: pb::McpAuthMode::None.into(),
            oauth_provider_id: None,
        }),
        tool_discovery: false,
    };
    same("ListMcpServers.servers", &servers, &vec![expected])
}

async fn mcp_08_oauth(cx: Cx) -> Outcome {
    let user_id = Uuid::new_v4().to_string();
    let provider = cx.name("provider");
    let connection = pb::Connection {
        user_id: user_id.clone(),
        provider: provider.clone(),
        token: "marker-token".into(),
        metadata_json: None,
    };
    let put = pb::PutConnectionRequest {
        context: None,
        connection: Some(connection),
    };
    cx.call(&PUT_CONNECTION, put).await?;
    let server = pb::ScopedMcpServer {
        auth_mode: pb::McpAuthMode::Oauth.into(),
        oauth_provider_id: Some(provider.clone()),
        ..http("https://mcp.example.com/mcp")
    };
    let session = a_session(&cx, |session| {
        session.resolved_owner_user_id = Some(user_id);
        session.mcp_servers = BTreeMap::from([("docs".to_string(), server)]);
    })
    .await?;
    let request = authorizing(&session.id, "docs", pb::McpAuthMode::Oauth, Some(&provider));
    bearer(&cx, request, "Bearer marker-token").await
}

async fn mcp_09_api_key(cx: Cx) -> Outcome {
    let session = session_with(&cx, "docs", http("https://mcp.example.com/mcp")).await?;
    let key = set_secret(&session, "mcp_api_key:docs", "marker-key");
    cx.call(&SET_SECRET, key).await?;
    let request = authorizing(&session, "docs", pb::McpAuthMode::ApiKey, None);
    bearer(&cx, request, "Bearer marker-key").await
}

async fn bearer(cx: &Cx, request: pb::AuthorizeMcpServerRequest, expected: &str) -> Outcome {
    let answer = cx.call(&AUTHORIZE_MCP_SERVER, request).await?;
    let credential = present("AuthorizeMcpServer.credential", answer.credential)?;
    same(
        "the credential's authorization",
        &credential.authorization.as_deref(),
        &Some(expected),
    )
}

async fn mcp_10_other_org(cx: Cx) -> Outcome {
    let session = session_with(&cx, "docs", http("https://mcp.example.com/mcp")).await?;
    let authorization = authorizing(&session, "docs", pb::McpAuthMode::ApiKey, None);
    if cx.offers(storage::NAME) {
        // Where the server takes its API keys from secrets, there is one to be seen.
        let key = set_secret(&session, "mcp_api_key:docs", "marker-key");
        drop(cx.attempt(&SET_SECRET, key).await);
    }
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    cx.call(&LIST_MCP_SERVERS, listing(&session)).await?;
    resolve(&cx, &session, "docs").await?;
    drop(
        cx.attempt(&AUTHORIZE_MCP_SERVER, authorization.clone())
            .await,
    );
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&LIST_MCP_SERVERS, listing(&session)).await {
        same(
            "ListMcpServers.servers in another org",
            &answer.servers.len(),
            &0,
        )?;
    }
    if let Ok(answer) = other
        .attempt(&RESOLVE_MCP_CONNECTION, resolving(&session, "docs"))
        .await
    {
        absent(
            "ResolveMcpConnection.connection in another org",
            answer.connection,
        )?;
    }
    if let Ok(answer) = other.attempt(&AUTHORIZE_MCP_SERVER, authorization).await {
        absent(
            "AuthorizeMcpServer.credential in another org",
            answer.credential.map(|_| "a credential"),
        )?;
    }
    Ok(())
}

async fn mcp_11_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &LIST_MCP_SERVERS, listing(id)).await?;
        refused_as_invalid(&cx, &RESOLVE_MCP_CONNECTION, resolving(id, "docs")).await?;
        let request = authorizing(id, "docs", pb::McpAuthMode::None, None);
        refused_as_invalid(&cx, &AUTHORIZE_MCP_SERVER, request).await?;
    }
    Ok(())
}

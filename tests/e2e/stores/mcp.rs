//! MCP servers and the credentials for them, over a socket.

use crate::wire::Raw;
use everruns_core::typed_id::SessionId;
use everruns_core::{ScopedMcpServers, Session};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::list;
use mortise_proto::convert::mcp::{McpConnection, McpEndpoint, McpServer};
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Scoped;
use mortise_proto::rpc::table::mcp_service::{
    AUTHORIZE_MCP_SERVER, LIST_MCP_SERVERS, RESOLVE_MCP_CONNECTION,
};
use mortise_proto::{Rpc, StoreError, pb};
use mortise_reference::{Reference, ReferenceConfig};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::serve;
use mortise_test_support::scenario::TestHost;
use prost::Message;
use serde_json::{Value, json};
use std::fmt::Display;
use uuid::Uuid;

/// The service, asked on behalf of an org.
struct Mcp {
    raw: Raw,
    org_id: i64,
}

impl Mcp {
    async fn of(stage: &TestHost, org_id: i64) -> Self {
        let raw = Raw::connect(&stage.endpoint).await;
        Self { raw, org_id }
    }

    async fn call<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, mut request: Req) -> Result<Rsp, StoreError>
    where
        Req: Scoped + Message,
        Rsp: Message + Default,
    {
        request.set_context(pb::CallContext {
            org_id: self.org_id,
            ..Default::default()
        });
        let answer = self.raw.call(rpc.method.path, &request).await?;
        Ok(Rsp::decode(answer.as_slice()).unwrap())
    }

    async fn list(&self, session_id: impl Display) -> Result<Vec<McpServer>, StoreError> {
        let request = pb::ListMcpServersRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_MCP_SERVERS, request).await?;
        Ok(list("servers", answer.servers).unwrap())
    }

    async fn resolve(&self, session_id: impl Display, prefix: &str) -> Option<McpConnection> {
        let request = pb::ResolveMcpConnectionRequest {
            context: None,
            session_id: session_id.to_string(),
            server_prefix: prefix.into(),
        };
        let answer = self.call(&RESOLVE_MCP_CONNECTION, request).await.unwrap();
        answer.connection.map(|found| found.try_into().unwrap())
    }

    async fn authorize(
        &self,
        session_id: impl Display,
        server_name: &str,
        mode: pb::McpAuthMode,
        provider: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let request = pb::AuthorizeMcpServerRequest {
            context: None,
            session_id: session_id.to_string(),
            server_name: server_name.into(),
            auth_mode: mode.into(),
            oauth_provider_id: provider.map(Into::into),
        };
        let answer = self.call(&AUTHORIZE_MCP_SERVER, request).await?;
        let Some(credential) = answer.credential else {
            return Ok(None);
        };
        assert!(credential.headers.is_empty());
        Ok(Some(credential.authorization.unwrap()))
    }
}

fn scoped(servers: Value) -> ScopedMcpServers {
    serde_json::from_value(servers).unwrap()
}

/// A session whose harness chain, agent and self each have these servers.
async fn session_with(adapter: &GrpcHostAdapter, layers: [Value; 4]) -> SessionId {
    let [root_servers, leaf_servers, agent_servers, own_servers] = layers;
    let mut root = HarnessBuilder::new("root", "p").build();
    root.mcp_servers = scoped(root_servers);
    let mut leaf = HarnessBuilder::new("leaf", "p").build();
    leaf.parent_harness_id = Some(root.id);
    leaf.mcp_servers = scoped(leaf_servers);
    let mut agent = AgentBuilder::new("agent", "p").build();
    agent.mcp_servers = scoped(agent_servers);
    let session = Session {
        harness_id: leaf.id,
        agent_id: Some(agent.public_id),
        mcp_servers: scoped(own_servers),
        ..demo::session(adapter.org_id(), moment())
    };
    let session_id = session.id;
    let seed = adapter.test_seed().unwrap();
    seed.put_harness(root).await.unwrap();
    seed.put_harness(leaf).await.unwrap();
    seed.put_agent(agent).await.unwrap();
    seed.put_session(session).await.unwrap();
    session_id
}

fn at(url: &str) -> Value {
    json!({ "url": url })
}

fn url(server: &McpServer) -> &str {
    match &server.connection.endpoint {
        McpEndpoint::Http { url, .. } => url,
        McpEndpoint::Stdio { command, .. } => command,
    }
}

/// Of several servers with one name the last layer's counts, whole; the others stay, in
/// order, and processes are among them.
#[tokio::test]
async fn later_layers_win() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let rich = json!({
            "url": "http://root", "headers": {"X-Root": "1"}, "auth_mode": "o_auth",
            "oauth_provider_id": "github", "tool_discovery": false,
        });
        let layers = [
            json!({ "a": rich, "b": at("http://root"), "c": at("http://root"), "d": rich }),
            json!({ "b": at("http://leaf"), "c": at("http://leaf"), "d": at("http://leaf") }),
            json!({ "c": at("http://agent"), "d": at("http://agent") }),
            json!({
                "d": at("http://session"),
                "My Docs": {"type": "stdio", "command": "docs", "args": ["-v"], "env": {"K": "v"}},
            }),
        ];
        let session_id = session_with(&stage.adapter, layers).await;
        let mcp = Mcp::of(&stage, 1).await;
        let servers = mcp.list(session_id).await.unwrap();
        let found: Vec<_> = servers
            .iter()
            .map(|server| (server.connection.name.as_str(), url(server)))
            .collect();
        assert_eq!(
            found,
            [
                ("My Docs", "docs"),
                ("a", "http://root"),
                ("b", "http://leaf"),
                ("c", "http://agent"),
                ("d", "http://session"),
            ]
        );
        let configured = |value: Value, name: &str| {
            McpServer::configured(name.into(), serde_json::from_value(value).unwrap())
        };
        assert_eq!(servers[1], configured(rich, "a"));
        assert_eq!(servers[4], configured(at("http://session"), "d"));
        assert!(matches!(
            &servers[0].connection.endpoint,
            McpEndpoint::Stdio { args, env, .. } if args == &["-v"] && env["K"] == "v"
        ));
    }
}

/// A server is found by the prefix of its tools; an unknown one is absent. Of two names
/// with one prefix the last counts.
#[tokio::test]
async fn prefixes() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let own = json!({
            "My Docs": at("http://docs"), "a b": at("http://first"), "a_b": at("http://last"),
        });
        let none = || json!({});
        let layers = [none(), none(), none(), own];
        let session_id = session_with(&stage.adapter, layers).await;
        let mcp = Mcp::of(&stage, 1).await;
        let found = mcp.resolve(session_id, "my_docs").await.unwrap();
        assert_eq!(found.name, "My Docs");
        assert_eq!(mcp.resolve(session_id, "a_b").await.unwrap().name, "a_b");
        for unknown in ["My Docs", "my", "", "other"] {
            assert_eq!(mcp.resolve(session_id, unknown).await, None, "{unknown}");
        }
    }
}

/// A session of another org, and one that is not there, has no servers and no
/// credentials.
#[tokio::test]
async fn other_orgs_see_nothing() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let layers = [at_docs(), json!({}), json!({}), at_docs()];
        let session_id = session_with(&stage.adapter, layers).await;
        let secrets = stage.adapter.storage_store().unwrap();
        let stored = secrets.set_secret(session_id, "mcp_api_key:docs", "k");
        stored.await.unwrap();
        let (one, two) = (Mcp::of(&stage, 1).await, Mcp::of(&stage, 2).await);
        let key = pb::McpAuthMode::ApiKey;
        assert_eq!(one.list(session_id).await.unwrap().len(), 1);
        let own = one.authorize(session_id, "docs", key, None).await.unwrap();
        assert_eq!(own.as_deref(), Some("Bearer k"));
        for (mcp, session_id) in [(&two, session_id), (&one, SessionId::new())] {
            assert_eq!(mcp.list(session_id).await.unwrap(), []);
            assert_eq!(mcp.resolve(session_id, "docs").await, None);
            let none = mcp.authorize(session_id, "docs", key, None).await;
            assert_eq!(none.unwrap(), None);
        }
    }
}

fn at_docs() -> Value {
    json!({ "docs": at("http://docs") })
}

/// A credential is a user's token, a session's secret or nothing, by the mode alone.
#[tokio::test]
async fn credentials_by_mode() {
    use pb::McpAuthMode::{ApiKey, None as Nothing, Oauth};
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let user_id = Uuid::new_v4();
        let session = Session {
            resolved_owner_user_id: Some(user_id),
            ..demo::session(1, moment())
        };
        let session_id = session.id;
        let seed = stage.adapter.test_seed().unwrap();
        seed.put_session(session).await.unwrap();
        let connection = Connection {
            user_id,
            provider: "github".into(),
            token: "gho".into(),
            metadata: None,
        };
        seed.put_connection(connection).await.unwrap();
        let secrets = stage.adapter.storage_store().unwrap();
        let stored = secrets.set_secret(session_id, "mcp_api_key:My Docs", "key");
        stored.await.unwrap();
        let mcp = Mcp::of(&stage, 1).await;
        for (name, mode, provider, expected) in [
            ("My Docs", Oauth, Some("github"), Some("Bearer gho")),
            ("other", Oauth, Some("github"), Some("Bearer gho")),
            ("My Docs", Oauth, Some("slack"), None),
            ("My Docs", Oauth, None, None),
            ("My Docs", ApiKey, Some("github"), Some("Bearer key")),
            ("my_docs", ApiKey, None, None),
            ("My Docs", Nothing, Some("github"), None),
        ] {
            let found = mcp.authorize(session_id, name, mode, provider).await;
            assert_eq!(found.unwrap().as_deref(), expected, "{name} {mode:?}");
        }
    }
}

/// What breaks the contract is refused by its field.
#[tokio::test]
async fn refusals() {
    let stage = TestHost::set().await;
    let mcp = Mcp::of(&stage, 1).await;
    let session_id = stage.session_id;
    let unspecified = pb::McpAuthMode::Unspecified;
    for (error, field) in [
        (mcp.list("nonsense").await.unwrap_err(), "session_id"),
        (
            mcp.authorize(session_id, "docs", unspecified, None)
                .await
                .unwrap_err(),
            "auth_mode",
        ),
    ] {
        assert_eq!(error.reason, Some(ErrorReason::InvalidField), "{error}");
        assert!(error.to_string().contains(field), "{error}");
    }
}

/// A server without a key has none of the sessions' secrets, and says so.
#[tokio::test]
async fn without_a_key() {
    let config = ReferenceConfig::new("sqlite::memory:");
    let server = serve(Reference::open(config).await.unwrap()).await;
    let raw = Raw::connect(&server.endpoint).await;
    let mcp = Mcp { raw, org_id: 1 };
    for (mode, provider) in [
        (pb::McpAuthMode::ApiKey, None),
        (pb::McpAuthMode::Oauth, Some("github")),
    ] {
        let error = mcp
            .authorize(SessionId::new(), "docs", mode, provider)
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("Encryption not configured"), "{text}");
    }
}

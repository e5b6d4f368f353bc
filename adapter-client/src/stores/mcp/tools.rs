//! The tools of a session's MCP servers, as the model is told of them.
//!
//! Upstream reads them with the context of a turn, before each question to the model.
//! MCP servers are slow, and may be down:
//!
//! - They are asked together, and all of them within a limit; one that does not answer is
//!   left out with a warning.
//! - A list is kept for a minute, and that there is none for a quarter of it, so that a
//!   turn asks once. Lists are kept apart by everything that the server could tell
//!   callers from each other by: its connection and, where it wants a credential, the
//!   session. They take so many bytes at most.

use super::{SessionServers, client, reachable};
use crate::stores::Remote;
use everruns_core::ToolDefinition;
use everruns_core::capabilities::{Capability, McpCapability};
use everruns_core::mcp_server::{
    McpServerAuthMode, McpToolDefinition, mcp_tool_name, parse_mcp_tool_name,
    sanitize_mcp_server_name,
};
use everruns_core::typed_id::SessionId;
use futures::{StreamExt, stream};
use moka::Expiry;
use moka::future::Cache;
use mortise_proto::convert::mcp::{McpConnection, McpServer};
use mortise_proto::{KnownSecrets, pb};
use prost::Message;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// How long a list is kept.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// How long a server that did not answer is not asked again.
const MISSED_FOR: Duration = Duration::from_secs(15);

/// How many bytes all lists take, as JSON.
const KEPT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How many servers are asked at once.
const ASKED_MAX: usize = 64;

/// The longest name of a tool that providers take, in letters.
const NAME_LETTERS_MAX: usize = 64;

/// How much of an MCP server's own words is logged.
const LOGGED_CHARS: usize = 200;

/// The lists of one adapter, and so of one org.
#[derive(Clone)]
pub(crate) struct McpTools {
    lists: Cache<Key, Answer>,
    wait: Duration,
}

/// Whom a list was given to. The connection may hold credentials: it is not shown.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The connection as it is on the wire: equal connections are equal bytes.
    connection: Vec<u8>,
    session_id: Option<SessionId>,
}

/// What a server said.
#[derive(Clone)]
struct Answer {
    /// `None` if it said nothing.
    tools: Option<Arc<Vec<McpToolDefinition>>>,
    bytes: u32,
}

/// Keeps a list longer than the lack of one.
struct Kept;

// === impl McpTools ===

impl McpTools {
    /// The lists of a turn are waited for as long as `wait`.
    pub(crate) fn new(wait: Duration) -> Self {
        let lists = Cache::builder()
            .max_capacity(KEPT_BYTES_MAX)
            .weigher(|key: &Key, answer: &Answer| {
                let key_bytes = u32::try_from(key.connection.len()).unwrap_or(u32::MAX);
                answer.bytes.saturating_add(key_bytes)
            })
            .expire_after(Kept)
            .build();
        Self { lists, wait }
    }

    /// Adds the tools of the session's servers to those that are defined already. A
    /// server that has some there is not asked: the adapter did.
    pub(crate) async fn add(
        &self,
        remote: &Remote,
        session_id: SessionId,
        listed: Vec<McpServer>,
        definitions: &mut Vec<ToolDefinition>,
    ) {
        let servers = SessionServers {
            remote: remote.clone(),
            session_id,
        };
        let mut asked = by_prefix(listed);
        asked.retain(|prefix, server| {
            server.tool_discovery && is_callable(prefix, server) && !defines(definitions, prefix)
        });
        let until = Instant::now() + self.wait;
        let answers = asked.into_values().map(|server| {
            let servers = &servers;
            async move {
                let name = server.connection.name.clone();
                (name, self.list(servers, server.connection, until).await)
            }
        });
        let answers: Vec<_> = stream::iter(answers).buffered(ASKED_MAX).collect().await;
        for (name, tools) in answers {
            // As upstream names the capability that a session's server stands for.
            let id = Uuid::new_v5(&session_id.uuid(), name.as_bytes());
            let capability = McpCapability::new(id, name, None, tools.unwrap_or_default());
            definitions.extend(capability.tool_definitions());
        }
    }

    /// The tools of a server; those that come together ask once.
    async fn list(
        &self,
        servers: &SessionServers,
        connection: McpConnection,
        until: Instant,
    ) -> Option<Vec<McpToolDefinition>> {
        let own = connection.auth_mode != McpServerAuthMode::None;
        let key = Key {
            connection: pb::McpConnection::from(connection.clone()).encode_to_vec(),
            session_id: own.then_some(servers.session_id),
        };
        let connection = reachable(connection)?;
        let asked = self
            .lists
            .get_with(key, discover(servers, &connection, until));
        let answer = asked.await;
        answer.tools.map(|tools| Vec::clone(&tools))
    }
}

impl fmt::Debug for McpTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpTools")
            .field("lists", &self.lists.entry_count())
            .field("wait", &self.wait)
            .finish()
    }
}

impl Answer {
    fn kept_for(&self) -> Duration {
        match &self.tools {
            Some(_) => KEPT_FOR,
            None => MISSED_FOR,
        }
    }
}

type Time = std::time::Instant;

impl Expiry<Key, Answer> for Kept {
    fn expire_after_create(&self, _: &Key, answer: &Answer, _: Time) -> Option<Duration> {
        Some(answer.kept_for())
    }

    fn expire_after_update(
        &self,
        _: &Key,
        answer: &Answer,
        _: Time,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(answer.kept_for())
    }
}

/// Asks a server for its tools.
async fn discover(
    servers: &SessionServers,
    connection: &everruns_mcp::McpConnection,
    until: Instant,
) -> Answer {
    let client = client(servers);
    let problem = match timeout_at(until, client.discover(connection)).await {
        Ok(Ok(tools)) => {
            let tools = with_valid_names(&connection.name, tools);
            let bytes = serde_json::to_vec(&tools).map_or(usize::MAX, |json| json.len());
            return Answer {
                tools: Some(Arc::new(tools)),
                bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            };
        }
        Ok(Err(error)) => secrets_of(connection).blank(&error.to_string(), LOGGED_CHARS),
        Err(_) => "it did not answer in time".to_string(),
    };
    tracing::warn!(
        server = %connection.name,
        %problem,
        "listing an MCP server's tools failed; turns continue without them"
    );
    Answer {
        tools: None,
        bytes: 0,
    }
}

/// The tools whose names a model's provider takes: it would refuse the others, and with
/// them everything else that the agent can do. Calls find a tool by its name, so none is
/// renamed.
fn with_valid_names(server: &str, tools: Vec<McpToolDefinition>) -> Vec<McpToolDefinition> {
    let mut names = HashSet::new();
    let mut kept = Vec::with_capacity(tools.len());
    let mut left_out = 0_usize;
    for tool in tools {
        let name = mcp_tool_name(server, &tool.name);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let is_valid = name.len() <= NAME_LETTERS_MAX && name.bytes().all(is_allowed);
        if is_valid && !tool.name.is_empty() && names.insert(name) {
            kept.push(tool);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        tracing::warn!(
            %server,
            left_out,
            "tools of an MCP server are left out: with the prefix their names are over 64 letters, hold others than letters, digits, _ and -, or are there twice"
        );
    }
    kept
}

/// What an error about a server may quote: its address and what it is sent.
fn secrets_of(connection: &everruns_mcp::McpConnection) -> KnownSecrets {
    match &connection.endpoint {
        everruns_mcp::McpEndpoint::Http { url, headers } => {
            let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let path = path.find(['/', '?']).and_then(|at| path.get(at..));
            let given = headers.values().cloned();
            let given = given.chain(path.map(str::to_string));
            KnownSecrets::new(given).and_of_url(url)
        }
        #[cfg(feature = "mcp-stdio")]
        everruns_mcp::McpEndpoint::Stdio { args, env, .. } => {
            let given = env.iter().map(|(_, value)| value.clone());
            KnownSecrets::new(given.chain(args.iter().cloned()))
        }
    }
}

/// Servers by the prefix of their tools; of several the last by name, which is the one
/// that calls reach.
fn by_prefix(servers: Vec<McpServer>) -> BTreeMap<String, McpServer> {
    let prefixed = |server: McpServer| (sanitize_mcp_server_name(&server.connection.name), server);
    servers.into_iter().map(prefixed).collect()
}

/// Whether a call of the server's tools finds its way back to it.
fn is_callable(prefix: &str, server: &McpServer) -> bool {
    let (name, tool) = (&server.connection.name, "t");
    let found = parse_mcp_tool_name(&mcp_tool_name(name, tool));
    let is_callable = found == Some((prefix.to_string(), tool.to_string()));
    if !is_callable {
        tracing::warn!(
            server = %name,
            %prefix,
            "MCP server left out: its tool prefix contains `__` or ends with `_`; rename it"
        );
    }
    is_callable
}

fn defines(definitions: &[ToolDefinition], prefix: &str) -> bool {
    let of_server = |definition: &ToolDefinition| {
        parse_mcp_tool_name(definition.name()).is_some_and(|(found, _)| found == prefix)
    };
    definitions.iter().any(of_server)
}

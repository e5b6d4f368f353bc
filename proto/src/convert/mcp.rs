//! MCP servers of a session and the credentials for them. Upstream's own types for
//! these depend on how its MCP crate is built, and show secrets in `Debug`.

use std::collections::BTreeMap;
use std::fmt;

use everruns_core::mcp_server::{McpServerAuthMode, McpServerTransportType, ScopedMcpServer};

use super::{ConvertError, Result, enumeration, nested, required};
use crate::pb;
use crate::pb::mcp_connection::Endpoint;
use crate::redact::Redacted;

/// One MCP server of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// How it is reached.
    pub connection: McpConnection,
    /// Whether its tools are listed and offered to the model.
    pub tool_discovery: bool,
}

/// How an MCP server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpConnection {
    /// Its name, as it was configured.
    pub name: String,
    /// Where it is.
    pub endpoint: McpEndpoint,
    /// How requests are authorised.
    pub auth_mode: McpServerAuthMode,
    /// The provider whose token is used, where the mode is OAuth.
    pub oauth_provider_id: Option<String>,
}

/// Where an MCP server is.
#[derive(Clone, PartialEq, Eq)]
pub enum McpEndpoint {
    /// At a URL.
    Http {
        /// The URL.
        url: String,
        /// HTTP headers sent with every request; they may hold credentials.
        headers: BTreeMap<String, String>,
    },
    /// In a process that the host starts.
    Stdio {
        /// The program; empty where the configuration names none.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment; it may hold credentials.
        env: BTreeMap<String, String>,
    },
}

/// What a request to an MCP server carries beside the headers of its connection.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct McpCredential {
    /// The whole value of the header `Authorization`.
    pub authorization: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
}

// === impl McpServer ===

impl McpServer {
    /// The server that a harness, an agent or a session has under this name.
    #[must_use]
    pub fn configured(name: String, server: ScopedMcpServer) -> Self {
        let ScopedMcpServer {
            transport_type,
            url,
            headers,
            command,
            args,
            env,
            auth_mode,
            oauth_provider_id,
            tool_discovery,
        } = server;
        let endpoint = match transport_type {
            McpServerTransportType::Http => McpEndpoint::Http {
                url,
                headers: headers.into_iter().collect(),
            },
            McpServerTransportType::Stdio => McpEndpoint::Stdio {
                command: command.unwrap_or_default(),
                args,
                env: env.into_iter().collect(),
            },
        };
        Self {
            connection: McpConnection {
                name,
                endpoint,
                auth_mode,
                oauth_provider_id,
            },
            tool_discovery,
        }
    }
}

impl From<McpServer> for pb::McpServer {
    fn from(server: McpServer) -> Self {
        let McpServer {
            connection,
            tool_discovery,
        } = server;
        Self {
            connection: Some(connection.into()),
            tool_discovery,
        }
    }
}

impl TryFrom<pb::McpServer> for McpServer {
    type Error = ConvertError;

    fn try_from(wire: pb::McpServer) -> Result<Self> {
        Ok(Self {
            connection: nested("connection", wire.connection)?,
            tool_discovery: wire.tool_discovery,
        })
    }
}

// === impl McpConnection ===

impl From<McpConnection> for pb::McpConnection {
    fn from(connection: McpConnection) -> Self {
        let McpConnection {
            name,
            endpoint,
            auth_mode,
            oauth_provider_id,
        } = connection;
        Self {
            name,
            endpoint: Some(endpoint.into()),
            auth_mode: pb::McpAuthMode::from(auth_mode).into(),
            oauth_provider_id,
        }
    }
}

impl TryFrom<pb::McpConnection> for McpConnection {
    type Error = ConvertError;

    fn try_from(wire: pb::McpConnection) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            endpoint: required("endpoint", wire.endpoint)?.into(),
            auth_mode: enumeration::<pb::McpAuthMode, _>("auth_mode", wire.auth_mode)?,
            oauth_provider_id: wire.oauth_provider_id,
        })
    }
}

// === impl McpEndpoint ===

impl fmt::Debug for McpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, headers } => f
                .debug_struct("Http")
                .field("url", url)
                .field("headers", &Redacted::of(headers))
                .finish(),
            Self::Stdio { command, args, env } => f
                .debug_struct("Stdio")
                .field("command", command)
                .field("args", args)
                .field("env", &Redacted::of(env))
                .finish(),
        }
    }
}

impl From<McpEndpoint> for Endpoint {
    fn from(endpoint: McpEndpoint) -> Self {
        match endpoint {
            McpEndpoint::Http { url, headers } => Self::Http(pb::McpHttpEndpoint { url, headers }),
            McpEndpoint::Stdio { command, args, env } => {
                Self::Stdio(pb::McpStdioEndpoint { command, args, env })
            }
        }
    }
}

impl From<Endpoint> for McpEndpoint {
    fn from(wire: Endpoint) -> Self {
        match wire {
            Endpoint::Http(pb::McpHttpEndpoint { url, headers }) => Self::Http { url, headers },
            Endpoint::Stdio(pb::McpStdioEndpoint { command, args, env }) => {
                Self::Stdio { command, args, env }
            }
        }
    }
}

// === impl McpCredential ===

impl McpCredential {
    /// A token as RFC 6750 has it.
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self {
            authorization: Some(format!("Bearer {token}")),
            headers: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for McpCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpCredential")
            .field("authorization", &Redacted::of(&self.authorization))
            .field("headers", &Redacted::of(&self.headers))
            .finish()
    }
}

impl From<McpCredential> for pb::McpCredential {
    fn from(credential: McpCredential) -> Self {
        let McpCredential {
            authorization,
            headers,
        } = credential;
        Self {
            authorization,
            headers,
        }
    }
}

impl TryFrom<pb::McpCredential> for McpCredential {
    type Error = ConvertError;

    fn try_from(wire: pb::McpCredential) -> Result<Self> {
        Ok(Self {
            authorization: wire.authorization,
            headers: wire.headers,
        })
    }
}

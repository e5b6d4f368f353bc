//! MCP servers and the credentials for them.

use everruns_core::mcp_server::{McpServerTransportType, ScopedMcpServer};
use mortise_proto::convert::mcp::{McpConnection, McpCredential, McpEndpoint, McpServer};
use mortise_proto::pb;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::properties::{crosses, debug_form};
use crate::secrets::MARKER;
use crate::tape::{Arb, Tape, arb_struct, tape};
use crate::walk::refuses;

arb_struct! {
    McpServer { connection, tool_discovery }
    McpConnection { name, endpoint, auth_mode, oauth_provider_id }
    McpCredential { authorization, headers }
}

impl Arb for McpEndpoint {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(2) {
            0 => Self::Http {
                url: tape.make(),
                headers: tape.make(),
            },
            _ => Self::Stdio {
                command: tape.make(),
                args: tape.make(),
                env: tape.make(),
            },
        }
    }
}

/// `Debug` hides what matters.
fn endpoint_form(endpoint: &McpEndpoint) -> Value {
    match endpoint {
        McpEndpoint::Http { url, headers } => json!(["http", url, headers]),
        McpEndpoint::Stdio { command, args, env } => json!(["stdio", command, args, env]),
    }
}

fn connection_form(connection: &McpConnection) -> Value {
    let McpConnection {
        name,
        endpoint,
        auth_mode,
        oauth_provider_id,
    } = connection;
    json!([
        name,
        endpoint_form(endpoint),
        auth_mode,
        debug_form(oauth_provider_id)
    ])
}

fn server_form(server: &McpServer) -> Value {
    json!([connection_form(&server.connection), server.tool_discovery])
}

fn credential_form(credential: &McpCredential) -> Value {
    json!([debug_form(&credential.authorization), credential.headers])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Servers, connections and credentials keep every field; a credential without
    /// `Authorization` is not one with an empty value.
    #[test]
    fn servers(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<McpServer, pb::McpServer>(tape.make(), server_form);
        crosses::<McpConnection, pb::McpConnection>(tape.make(), connection_form);
        crosses::<McpCredential, pb::McpCredential>(tape.make(), credential_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_servers(words in tape()) {
        let server: McpServer = Tape::full(&words).make();
        refuses("McpServer", &pb::McpServer::from(server), McpServer::try_from);
    }

    /// A configured server keeps everything that its transport knows of.
    #[test]
    fn configured_servers(words in tape()) {
        let scoped: ScopedMcpServer = Tape::new(&words).make();
        let server = McpServer::configured("My Docs".into(), scoped.clone());
        let endpoint = match scoped.transport_type {
            McpServerTransportType::Http => json!(["http", scoped.url, scoped.headers]),
            McpServerTransportType::Stdio => {
                json!(["stdio", scoped.command.unwrap_or_default(), scoped.args, scoped.env])
            }
        };
        let provider = debug_form(&scoped.oauth_provider_id);
        let connection = json!(["My Docs", endpoint, scoped.auth_mode, provider]);
        assert_eq!(server_form(&server), json!([connection, scoped.tool_discovery]));
    }
}

/// Headers, environments and credentials stay out of dumps.
#[test]
fn secrets_stay_hidden() {
    let secret = || [(MARKER.to_string(), MARKER.to_string())].into();
    let endpoints = [
        McpEndpoint::Http {
            url: "https://docs.example.com/mcp".into(),
            headers: secret(),
        },
        McpEndpoint::Stdio {
            command: "docs".into(),
            args: Vec::new(),
            env: secret(),
        },
    ];
    for endpoint in endpoints {
        let dump = format!("{endpoint:?}");
        assert!(!dump.contains(MARKER), "{dump}");
        assert!(dump.contains("docs"), "{dump}");
    }
    let credential = McpCredential {
        headers: secret(),
        ..McpCredential::bearer(MARKER)
    };
    let dump = format!("{credential:?}");
    assert!(!dump.contains(MARKER), "{dump}");
}

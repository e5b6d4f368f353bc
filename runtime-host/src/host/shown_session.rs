//! A session as callers see it. What it was created with may hold secrets, and a caller
//! who may read sessions need not have written them: they are left out of every answer.

use everruns_core::Session;
use serde_json::json;
use std::collections::HashMap;
use url::Url;

/// What stands in the place of a value that may be a secret.
const MASK: &str = "***";

/// The session without what may be a secret: headers, arguments and environment of MCP
/// servers, all of their addresses but the origin, and configurations of capabilities.
pub(super) fn shown(mut session: Session) -> Session {
    for server in session.mcp_servers.values_mut() {
        server.url = origin(&server.url);
        mask(&mut server.headers);
        mask(&mut server.env);
        server.args = server.args.iter().map(|_| MASK.to_string()).collect();
    }
    for capability in &mut session.capabilities {
        capability.config = json!({});
    }
    session
}

fn mask(values: &mut HashMap<String, String>) {
    for value in values.values_mut() {
        *value = MASK.into();
    }
}

/// Scheme, host and port of an address; a path may be a secret as well.
fn origin(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) if address.is_empty() => String::new(),
        Err(_) => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everruns_core::capability_types::AgentCapabilityConfig;

    /// No secret is in an answer, and what is there is still named.
    #[test]
    fn no_secret_is_shown() -> Result<(), serde_json::Error> {
        let mut session = crate::local::demo::session(1, chrono::Utc::now());
        session.mcp_servers = serde_json::from_value(json!({
            "far": {
                "type": "http",
                "url": "https://user:SECRET@far.example:8443/SECRET?token=SECRET",
                "headers": { "authorization": "SECRET" },
            },
            "near": { "type": "stdio", "args": ["--token", "SECRET"], "env": { "KEY": "SECRET" } },
        }))?;
        session.capabilities = vec![AgentCapabilityConfig {
            config: json!({ "token": "SECRET" }),
            ..AgentCapabilityConfig::new("acme")
        }];
        let shown = serde_json::to_value(shown(session))?;
        let text = shown.to_string();
        assert!(!text.contains("SECRET"), "{text}");
        let far = &shown["mcpServers"]["far"];
        assert_eq!(far["url"], "https://far.example:8443");
        assert_eq!(far["headers"], json!({ "authorization": "***" }));
        assert_eq!(shown["mcpServers"]["near"]["env"], json!({ "KEY": "***" }));
        assert_eq!(shown["capabilities"][0]["ref"], "acme");
        Ok(())
    }
}

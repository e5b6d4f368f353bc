//! What harnesses and agents are both made of.

use crate::platform_file::diagnostics::{OfValue, instead, join};
use crate::platform_file::entries::Reading;
use crate::platform_file::schema;
use crate::platform_file::secrets::Writer;
use crate::stores::platform_store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everruns_core::capability_types::{AgentCapabilityConfig, CapabilityId};
use everruns_core::mcp_server::{ScopedMcpServer, ScopedMcpServers};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::session_file::InitialFile;
use mortise_adapter_server::{Diagnostic, nearest};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

const ENCODINGS: [&str; 2] = ["text", "base64"];

// === capabilities ===

pub(super) fn capabilities(
    reading: &mut Reading<'_>,
    path: &str,
    written: &[schema::Capability],
) -> Vec<AgentCapabilityConfig> {
    let path = join(path, "capabilities");
    let written = written.iter().enumerate();
    let read = written.map(|(n, schema::Capability { id, config })| {
        let path = format!("{path}[{n}]");
        if id.is_empty() {
            reading.missing(&path, "write the id of a capability");
        } else {
            warn_of_unknown(reading, &path, id);
        }
        let none = Value::Object(Map::new());
        let config = config.as_ref().unwrap_or(&none);
        let at = join(&path, "config");
        let config = reading.secrets.config(config, &at, &mut reading.faults);
        AgentCapabilityConfig::with_config(CapabilityId::new(id), config)
    });
    read.collect()
}

/// Hosts may have capabilities of their own, and ignore those that they do not know.
fn warn_of_unknown(reading: &mut Reading<'_>, path: &str, id: &str) {
    // With a colon the rest of the id is a name: of an MCP server, of a skill.
    if id.contains(':') || platform_store::is_built_in(id) {
        return;
    }
    let reason = "is not a built-in capability; hosts that lack it ignore it";
    let remedy = match nearest(id, platform_store::built_in()) {
        Some(known) => format!("did you mean {known:?}?"),
        None => "check that your host has it".to_string(),
    };
    reading
        .warnings
        .add(Diagnostic::new(path, reason, remedy).of(id));
}

pub(super) fn write_capabilities(
    writer: &mut Writer,
    words: &[&str],
    capabilities: Vec<AgentCapabilityConfig>,
) -> Vec<schema::Capability> {
    let written = capabilities.into_iter().map(|capability| {
        let AgentCapabilityConfig {
            capability_ref,
            config,
        } = capability;
        let id = capability_ref.to_string();
        let is_empty = matches!(&config, Value::Object(fields) if fields.is_empty());
        let words = [words, &[id.as_str()]].concat();
        let config = (!is_empty).then(|| writer.config(&words, &config));
        schema::Capability { id, config }
    });
    written.collect()
}

// === initial files ===

pub(super) fn initial_files(
    reading: &mut Reading<'_>,
    path: &str,
    written: Vec<schema::InitialFile>,
) -> Vec<InitialFile> {
    let path = join(path, "initial_files");
    let written = written.into_iter().enumerate();
    let read = written.map(|(n, file)| {
        let schema::InitialFile {
            path: file_path,
            encoding,
            readonly,
            content,
        } = file;
        let path = format!("{path}[{n}]");
        reading.required(&path, "path", &file_path);
        if !ENCODINGS.contains(&encoding.as_str()) {
            let remedy = instead(&encoding, ENCODINGS, "write text or base64");
            let fault = Diagnostic::new(join(&path, "encoding"), "is not an encoding", remedy);
            reading.faults.add(fault.of(&encoding));
        } else if encoding == "base64" && STANDARD.decode(&content).is_err() {
            let at = join(&path, "content");
            reading
                .faults
                .add(Diagnostic::new(at, "is not base64", "encode it again"));
        }
        InitialFile {
            path: file_path,
            content,
            encoding,
            is_readonly: readonly,
        }
    });
    read.collect()
}

pub(super) fn write_initial_files(files: Vec<InitialFile>) -> Vec<schema::InitialFile> {
    let written = files.into_iter().map(|file| {
        let InitialFile {
            path,
            content,
            encoding,
            is_readonly,
        } = file;
        schema::InitialFile {
            path,
            encoding,
            readonly: is_readonly,
            content,
        }
    });
    written.collect()
}

// === network access ===

pub(super) fn network_access(written: schema::NetworkAccess) -> NetworkAccessList {
    let schema::NetworkAccess { allowed, blocked } = written;
    NetworkAccessList { allowed, blocked }
}

pub(super) fn write_network_access(access: NetworkAccessList) -> schema::NetworkAccess {
    let NetworkAccessList { allowed, blocked } = access;
    schema::NetworkAccess { allowed, blocked }
}

// === MCP servers ===

pub(super) fn mcp_servers(
    reading: &mut Reading<'_>,
    path: &str,
    written: BTreeMap<String, schema::McpServer>,
) -> ScopedMcpServers {
    let path = join(path, "mcp_servers");
    let read = written.into_iter().map(|(name, server)| {
        let schema::McpServer {
            transport,
            url,
            command,
            args,
            auth_mode,
            oauth_provider_id,
            tool_discovery,
            headers,
            env,
        } = server;
        let path = join(&path, &name);
        if transport.is_local() {
            let command = command.as_deref().unwrap_or_default();
            reading.required(&path, "command", command);
        } else {
            reading.required(&path, "url", &url);
        }
        let server = ScopedMcpServer {
            transport_type: transport,
            url,
            headers: secrets(reading, &join(&path, "headers"), &headers),
            command,
            args,
            env: secrets(reading, &join(&path, "env"), &env),
            auth_mode,
            oauth_provider_id,
            tool_discovery,
        };
        (name, server)
    });
    read.collect()
}

fn secrets(
    reading: &mut Reading<'_>,
    path: &str,
    written: &BTreeMap<String, schema::Secret>,
) -> HashMap<String, String> {
    let read = written.iter().filter_map(|(name, secret)| {
        let at = join(path, name);
        let found = reading.secrets.sealed(secret, &at, &mut reading.faults);
        Some((name.clone(), found?))
    });
    read.collect()
}

pub(super) fn write_mcp_servers(
    writer: &mut Writer,
    words: &[&str],
    servers: ScopedMcpServers,
) -> BTreeMap<String, schema::McpServer> {
    let written = servers.into_iter().map(|(name, server)| {
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
        let words = [words, &[name.as_str()]].concat();
        let mut all = |secrets: HashMap<String, String>| {
            // In a fixed order: names of variables are numbered.
            let secrets: BTreeMap<String, String> = secrets.into_iter().collect();
            let written = secrets.into_iter().map(|(key, text)| {
                let secret = writer.secret(&[&words[..], &[key.as_str()]].concat(), &text);
                (key, secret)
            });
            written.collect()
        };
        let server = schema::McpServer {
            transport: transport_type,
            url,
            command,
            args,
            auth_mode,
            oauth_provider_id,
            tool_discovery,
            headers: all(headers),
            env: all(env),
        };
        (name, server)
    });
    written.collect()
}

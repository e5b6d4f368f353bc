//! The sections of the file, one function each: what keys there are, what they are
//! without being given, and what must fit together.

mod access;
mod adapters;
mod leases;
mod turns;

use super::diagnostics::Bad;
use super::reader::Section;
use super::values::{
    checked, choice, duration, flag, list, listen, orgs, path, ratio, socket_group, socket_mode,
    text, workload_socket,
};
use super::{DriverName, HostConfig, Listen, ListenTls, TelemetryConfig};
use crate::registry;
use mortise_adapter_server::telemetry::{LogFormat, Otlp, level};
use mortise_adapter_server::{ListenAddress, ServerTls, SocketAccess};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration. What cannot be read is noted as a fault; the result is then
/// of no use.
pub(super) fn host(mut root: Section<'_>) -> Option<HostConfig> {
    let mut warnings = Vec::new();
    let listen = listening(root.section("listen"), &mut warnings);
    let data = data(root.section("data"));
    let adapters = adapters::adapters(root.section("adapters"), &mut warnings);
    let routes_section = root.section("routes");
    let calls = adapters::calls(root.section("calls"));
    let orgs = served(root.section("orgs"));
    let routes = adapters::routes(routes_section, &adapters, &orgs);
    let capabilities = capabilities(root.section("capabilities"));
    let (drivers, silence_max) = drivers(root.section("drivers"));
    let turns = turns::turns(root.section("turns"));
    let leases = leases::leases(root.section("leases"));
    let access = access::access(root.section("access"), &listen, &orgs);
    let telemetry = telemetry(root.section("telemetry"));
    root.finish();
    Some(HostConfig {
        listen,
        data,
        adapters: adapters
            .into_iter()
            .filter_map(|(name, found)| Some((name, found?)))
            .collect(),
        routes: routes?,
        calls,
        orgs,
        capabilities,
        drivers,
        silence_max,
        turns,
        leases,
        access,
        telemetry,
        warnings,
    })
}

fn listening(mut section: Section<'_>, warnings: &mut Vec<String>) -> Listen {
    let default = vec![ListenAddress::Unix("mortise-host.sock".into())];
    let grpc = section.read("grpc", list(listen)).unwrap_or(default);
    if grpc.is_empty() && section.has("grpc") {
        let bad = Bad::new("there is no address in it", "name one or leave it out");
        section.fault("grpc", bad);
    }
    let http = section.read("http", listen);
    let admin = section.read("admin", listen);
    let probes = section.read("probes", listen);
    let socket = SocketAccess {
        mode: section.read("socket_mode", socket_mode),
        group: section.read("socket_group", socket_group),
    };
    let tls = section.optional_section("tls").and_then(server_tls);
    section.finish();
    let found = Listen {
        grpc,
        http,
        admin,
        probes,
        socket,
        tls,
    };
    if found.tls.is_none() {
        for address in found.api().filter(|address| is_public(address)) {
            warnings.push(format!(
                "listen: {address} is reachable from other machines without encryption, tokens included; \
                 configure [listen.tls] unless a proxy in front of it encrypts"
            ));
        }
    }
    if let Some(admin) = found.admin.as_ref().filter(|address| is_public(address)) {
        warnings.push(format!(
            "listen.admin: {admin} is reachable from other machines, without encryption and without tokens"
        ));
    }
    found
}

impl Listen {
    /// The addresses of both APIs.
    pub(super) fn api(&self) -> impl Iterator<Item = &ListenAddress> {
        self.grpc.iter().chain(&self.http)
    }

    /// One of them that other machines reach.
    pub(super) fn public(&self) -> Option<&ListenAddress> {
        self.api().find(|address| is_public(address))
    }
}

/// Whether other machines reach an address.
fn is_public(address: &ListenAddress) -> bool {
    match address {
        ListenAddress::Tcp(address) => !address.ip().to_canonical().is_loopback(),
        ListenAddress::Unix(_) => false,
    }
}

fn server_tls(mut section: Section<'_>) -> Option<ListenTls> {
    let from_environment = section.workload_socket();
    let spiffe = section.read("spiffe", workload_socket(from_environment));
    if let Some(socket) = spiffe.flatten() {
        let files = ["cert", "key", "client_ca"];
        section.without_files(&files);
        for key in files {
            section.read(key, path);
        }
        section.finish();
        return Some(ListenTls::Workload(socket));
    }
    let both = "give both cert and key";
    let cert = section.require("cert", both, path);
    let key = section.require("key", both, path);
    let client_ca = section.read("client_ca", path);
    section.finish();
    Some(ListenTls::Files(ServerTls {
        cert: cert?,
        key: key?,
        client_ca,
        // Who has none may have a token.
        client_cert_optional: true,
    }))
}

fn data(mut section: Section<'_>) -> PathBuf {
    let folder = section.read("dir", path);
    section.finish();
    folder.unwrap_or_else(|| ".mortise".into())
}

fn served(mut section: Section<'_>) -> BTreeSet<i64> {
    let found = section.read("serve", orgs);
    section.finish();
    found.unwrap_or_else(|| BTreeSet::from([1]))
}

fn capabilities(mut section: Section<'_>) -> Vec<String> {
    let known = |name: &str| registry::capabilities(&[name]).map(drop);
    let one = checked(known, "remove it or correct its name");
    let found = section.read("enabled", list(one));
    section.finish();
    found.unwrap_or_else(|| vec!["session_file_system".into(), "session_storage".into()])
}

const DRIVERS: &[(&str, DriverName)] = &[
    ("openai", DriverName::Openai),
    ("anthropic", DriverName::Anthropic),
    ("simulator", DriverName::Simulator),
];

impl DriverName {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Simulator => "simulator",
        }
    }
}

fn drivers(mut section: Section<'_>) -> (Vec<DriverName>, Duration) {
    let found = section.read("enabled", list(choice(DRIVERS)));
    let silence_max = section.read("silence_max", duration);
    section.finish();
    (
        found.unwrap_or_else(|| vec![DriverName::Openai, DriverName::Anthropic]),
        silence_max.unwrap_or(registry::DriverOptions::default().silence_max),
    )
}

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

fn telemetry(mut section: Section<'_>) -> TelemetryConfig {
    let levels = "write a level (error, warn, info, debug, trace), alone or by module";
    let log_level = section.read("log_level", checked(level, levels));
    let log_format = section.read("log_format", choice(FORMATS));
    let endpoint = section.read("otlp_endpoint", |value| {
        let endpoint = text(value)?;
        let uri = endpoint.parse::<http::Uri>().ok();
        let remedy = "write http://HOST:4317";
        let uri = uri.filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        match uri {
            // It is shown to operators: a password in an address is left out.
            Some(_) if endpoint.contains('@') => Err(Bad::new(
                "it contains a user or a password, which are not sent",
                remedy,
            )),
            Some(_) => Ok(endpoint),
            None => Err(Bad::new(
                "it is not a collector's OTLP gRPC endpoint",
                remedy,
            )),
        }
    });
    let sample_ratio = section.read("otlp_sample_ratio", ratio);
    let metrics = section.read("metrics", flag);
    section.finish();
    TelemetryConfig {
        log_level: log_level.unwrap_or_else(|| "info".into()),
        log_format: log_format.unwrap_or_default(),
        otlp: endpoint.map(|endpoint| Otlp {
            endpoint,
            sample_ratio: sample_ratio.unwrap_or(1.0),
        }),
        metrics: metrics.unwrap_or(true),
    }
}

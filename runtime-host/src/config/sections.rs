//! The sections of the file, one function each: what keys there are, what they are
//! without being given, and what must fit together.

mod access;

use super::fault::Bad;
use super::reader::{Section, nearest};
use super::values::{
    checked, choice, duration, endpoint, flag, list, listen, number, orgs, path, ratio, size, text,
};
use super::{
    Calls, DriverName, EMBEDDED, HostConfig, Listen, Recovery, Routes, TelemetryConfig, Turns,
    WhenBusy,
};
use crate::registry;
use mortise_adapter_client::{
    AdapterConfig, ClientTls, Compression, Endpoint, Keepalive, TlsIdentity, TransportConfig,
    stores,
};
use mortise_adapter_server::telemetry::{LogFormat, Otlp, level};
use mortise_adapter_server::{ListenAddress, ServerTls};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// The most of anything that is counted.
const MANY: usize = 1_000_000;

/// The whole configuration. What cannot be read is noted as a fault; the result is then
/// of no use.
pub(super) fn host(mut root: Section<'_>) -> Option<HostConfig> {
    let mut warnings = Vec::new();
    let listen = listening(root.section("listen"), &mut warnings);
    let data = data(root.section("data"));
    let adapters = adapters(root.section("adapters"));
    let routes = routes(root.section("routes"), &adapters);
    let calls = calls(root.section("calls"));
    let orgs = served(root.section("orgs"));
    let capabilities = capabilities(root.section("capabilities"));
    let (drivers, silence_max) = drivers(root.section("drivers"));
    let turns = turns(root.section("turns"));
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
    let tls = section.optional_section("tls").and_then(server_tls);
    section.finish();
    let found = Listen {
        grpc,
        http,
        admin,
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

fn server_tls(mut section: Section<'_>) -> Option<ServerTls> {
    let both = "give both cert and key";
    let cert = section.require("cert", both, path);
    let key = section.require("key", both, path);
    let client_ca = section.read("client_ca", path);
    section.finish();
    Some(ServerTls {
        cert: cert?,
        key: key?,
        client_ca,
        // Who has none may have a token.
        client_cert_optional: true,
    })
}

fn data(mut section: Section<'_>) -> PathBuf {
    let folder = section.read("dir", path);
    section.finish();
    folder.unwrap_or_else(|| ".mortise".into())
}

/// Adapters by name; one that cannot be used is there as `None`, so that routes to it
/// are not faults as well.
fn adapters(mut section: Section<'_>) -> BTreeMap<String, Option<AdapterConfig>> {
    let named = section.named_sections().into_iter();
    let found = named
        .map(|(name, section)| (name, adapter(section)))
        .collect();
    section.finish();
    found
}

fn adapter(mut section: Section<'_>) -> Option<AdapterConfig> {
    let remedy = "name where the adapter listens, such as unix:/run/adapter.sock";
    let endpoint = section.require("endpoint", remedy, endpoint);
    let token_file = section.read("token_file", path);
    let tls = section.optional_section("tls").map(client_tls);
    let transport = section.optional_section("transport").map(transport);
    let is_tls = matches!(endpoint, Some(Endpoint::Https(_)));
    if tls.is_some() && endpoint.is_some() && !is_tls {
        let bad = Bad::new(
            "TLS is configured for an endpoint without TLS",
            "write https:// or remove the table tls",
        );
        section.fault("endpoint", bad);
    }
    if let (Some(Endpoint::Http(uri)), Some(_)) = (&endpoint, &token_file) {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let ip = host.parse::<std::net::IpAddr>();
        if host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback()) {
            let bad = Bad::new(
                "the token would cross the network in clear",
                "write an https:// endpoint",
            );
            section.fault("token_file", bad);
        }
    }
    section.finish();
    Some(AdapterConfig {
        endpoint: endpoint?,
        tls: tls.unwrap_or_default(),
        token_file,
        transport: transport.unwrap_or_default(),
    })
}

fn transport(mut section: Section<'_>) -> TransportConfig {
    let default = TransportConfig::default();
    let connect_timeout = section.read("connect_timeout", duration);
    let pings = section.read("keepalive", flag);
    let interval = section.read("keepalive_interval", duration);
    let timeout = section.read("keepalive_timeout", duration);
    let connections_max = section.read("connections_max", number(2, 10_000));
    let streams_max = section.read("streams_max", number(2, 1_000_000));
    let compressions = [
        ("none", None),
        ("gzip", Some(Compression::Gzip)),
        ("zstd", Some(Compression::Zstd)),
    ];
    let compression = section.read("compression", choice(&compressions));
    section.finish();
    let keepalive = default.keepalive.map(|usual| Keepalive {
        interval: interval.unwrap_or(usual.interval),
        timeout: timeout.unwrap_or(usual.timeout),
    });
    TransportConfig {
        connect_timeout: connect_timeout.unwrap_or(default.connect_timeout),
        keepalive: keepalive.filter(|_| pings.unwrap_or(true)),
        connections_max: connections_max.unwrap_or(default.connections_max),
        streams_max: streams_max.unwrap_or(default.streams_max),
        compression: compression.unwrap_or(default.compression),
    }
}

fn client_tls(mut section: Section<'_>) -> ClientTls {
    let ca = section.read("ca", path);
    let cert = section.read("cert", path);
    let key = section.read("key", path);
    let server_name = section.read("server_name", text);
    if cert.is_some() != key.is_some() {
        let missing = if cert.is_some() { "key" } else { "cert" };
        let bad = Bad::new("it is missing", "give both cert and key, or neither");
        section.fault(missing, bad);
    }
    section.finish();
    ClientTls {
        ca,
        identity: cert.zip(key).map(|(cert, key)| TlsIdentity { cert, key }),
        server_name,
    }
}

fn routes(
    mut section: Section<'_>,
    adapters: &BTreeMap<String, Option<AdapterConfig>>,
) -> Option<Routes> {
    let mut names: BTreeSet<String> = adapters.keys().cloned().collect();
    if names.is_empty() {
        names.insert(EMBEDDED.into());
    }
    let adapter = |value: &toml::Value| {
        let name = text(value)?;
        if names.contains(&name) {
            return Ok(name);
        }
        let all: Vec<_> = names.iter().map(String::as_str).collect();
        let remedy = format!("configured are: {}", all.join(", "));
        Err(Bad::new("there is no such adapter", remedy))
    };
    let given = section.read("default", adapter);
    let only = names.first().filter(|_| names.len() == 1);
    if only.is_none() && !section.has("default") {
        let remedy = "name the adapter of every store that has no route";
        section.fault("default", Bad::new("it is missing", remedy));
    }
    let default = given.or_else(|| only.cloned());
    let known = stores();
    let mut routed = BTreeMap::new();
    for store in section.names() {
        if known.contains(&store) {
            let found = section.read_named(&store, adapter);
            routed.extend(found.map(|name| (store, name)));
        } else {
            let nearest = nearest(&store, &known);
            let remedy = nearest.map_or_else(
                || {
                    format!(
                        "stores are: {}",
                        known.iter().cloned().collect::<Vec<_>>().join(", ")
                    )
                },
                |nearest| format!("did you mean `{nearest}`?"),
            );
            section.fault(&store, Bad::new("there is no such store", remedy));
        }
    }
    Some(Routes {
        default: default?,
        stores: routed,
    })
}

fn calls(mut section: Section<'_>) -> Calls {
    let unused = Endpoint::Unix(PathBuf::new());
    let default = mortise_adapter_client::MeshConfig::single(unused);
    let deadline = section.read("deadline", duration);
    let long_deadline = section.read("long_deadline", duration);
    let retry_window = section.read("retry_window", duration);
    let message_max = section.read("message_max", size);
    let answer_max = section.read("answer_max", size);
    section.finish();
    Calls {
        deadline: deadline.unwrap_or(default.deadline),
        long_deadline: long_deadline.unwrap_or(default.long_deadline),
        retry_window: retry_window.unwrap_or(default.retry_window),
        message_max: message_max.unwrap_or(default.max_message_bytes),
        answer_max: answer_max.unwrap_or(default.max_answer_bytes),
    }
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

fn turns(mut section: Section<'_>) -> Turns {
    let max_running = section.read("max_running", number(1, MANY));
    let busy = [("queue", WhenBusy::Queue), ("refuse", WhenBusy::Refuse)];
    let when_busy = section.read("when_busy", choice(&busy));
    let queue_max = section.read("queue_max", number(1, MANY));
    let deadline = section.read("deadline", duration);
    let recoveries = [("resume", Recovery::Resume), ("fail", Recovery::Fail)];
    let recovery = section.read("recovery", choice(&recoveries));
    let drain = section.read("drain", duration);
    section.finish();
    Turns {
        max_running: max_running.unwrap_or(64),
        when_busy: when_busy.unwrap_or(WhenBusy::Queue),
        queue_max: queue_max.unwrap_or(1024),
        deadline: deadline.unwrap_or(Duration::from_secs(60 * 60)),
        recovery: recovery.unwrap_or(Recovery::Resume),
        drain: drain.unwrap_or(Duration::from_secs(30)),
    }
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
            // It is shown to operators, and nobody is told of a password in an address.
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

//! The sections about adapters: where they are, how they are called, and which of them
//! serves which store.

use crate::config::diagnostics::Bad;
use crate::config::reader::Section;
use crate::config::values::{
    choice, duration, endpoint, flag, list, name, number, path, size, size_or_none, text,
    workload_socket,
};
use crate::config::{Adapter, AdapterCommand, Calls, EMBEDDED, Routes};
use mortise_adapter_client::{
    AdapterConfig, BalancePolicy, CallPolicy, ClientTls, Compression, Endpoint, Keepalive,
    OrgRoutes, TlsIdentity, TransportConfig, stores, trust_domain,
};
use mortise_adapter_server::nearest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;

/// The most of anything that is counted.
const MANY: usize = 1_000_000;

/// Adapters by name; one that cannot be used is there as `None`, so that routes to it
/// are not faults as well.
pub(super) fn adapters(
    mut section: Section<'_>,
    warnings: &mut Vec<String>,
) -> BTreeMap<String, Option<Adapter>> {
    let named = section.named_sections().into_iter();
    let found = named.map(|(name, section)| {
        let adapter = adapter(&name, section, warnings);
        (name, adapter)
    });
    let found = found.collect();
    section.finish();
    found
}

fn adapter(name: &str, mut section: Section<'_>, warnings: &mut Vec<String>) -> Option<Adapter> {
    let (mut endpoints, command) = place(&mut section);
    let token_file = section.read("token_file", path);
    let is_insecure = section.read("insecure", flag).unwrap_or(false);
    let tls = section.optional_section("tls").map(client_tls);
    let transport = section.optional_section("transport").map(transport);
    let calls = section.optional_section("calls").map(own_calls);
    let balance = section.optional_section("balance").map(balance);
    for endpoint in endpoints.iter_mut().flatten() {
        if let Endpoint::Dns(name) = endpoint {
            name.is_tls = tls.is_some();
        }
    }
    check_tls(&section, endpoints.as_deref(), tls.is_some());
    check_exposure(
        &section,
        endpoints.as_deref(),
        is_insecure,
        token_file.is_some(),
    );
    if is_insecure && exposed(endpoints.as_deref()).is_some() {
        warnings.push(format!(
            "adapters.{name}: calls cross the network in clear, secrets included; write https:// \
             unless a mesh around both encrypts them"
        ));
    }
    section.finish();
    let endpoints = match &command {
        // Its socket is made when it is started.
        Some(_) => Vec::new(),
        None => endpoints?,
    };
    Some(Adapter {
        config: AdapterConfig {
            endpoints,
            is_insecure,
            tls: tls.unwrap_or_default(),
            token_file,
            transport: transport.unwrap_or_default(),
            calls: calls.unwrap_or_default(),
            balance: balance.unwrap_or_default(),
        },
        command,
    })
}

/// Where it listens, or the command that starts it: one of three keys.
fn place(section: &mut Section<'_>) -> (Option<Vec<Endpoint>>, Option<AdapterCommand>) {
    let one = section.read("endpoint", endpoint);
    let several = section.read("endpoints", list(endpoint));
    let words = section.read("command", list(text));
    let environment = section.read("command_environment", list(name));
    let keys = ["endpoint", "endpoints", "command"];
    let given: Vec<_> = keys.into_iter().filter(|key| section.has(key)).collect();
    match given.as_slice() {
        [] => section.fault(
            "endpoint",
            Bad::new(
                "it is missing",
                "name where the adapter listens, such as unix:/run/adapter.sock",
            ),
        ),
        [_] => {}
        [_, second, ..] => section.fault(
            second,
            Bad::new(
                format!("`{}` is given as well", given.first().unwrap_or(second)),
                "give one of endpoint, endpoints and command",
            ),
        ),
    }
    if environment.is_some() && !section.has("command") {
        let bad = Bad::new("there is no command", "give command or leave it out");
        section.fault("command_environment", bad);
    }
    let is_empty = |found: bool| found.then(|| Bad::new("it is empty", "name at least one"));
    if let Some(bad) = is_empty(several.as_ref().is_some_and(Vec::is_empty)) {
        section.fault("endpoints", bad);
    }
    if let Some(bad) = is_empty(words.as_ref().is_some_and(Vec::is_empty)) {
        section.fault("command", bad);
    }
    let command = words.and_then(|words| {
        let (program, arguments) = words.split_first()?;
        Some(AdapterCommand {
            program: program.into(),
            arguments: arguments.to_vec(),
            environment: environment.unwrap_or_default(),
        })
    });
    let endpoints = one.map(|one| vec![one]).or(several);
    (endpoints.filter(|found| !found.is_empty()), command)
}

fn check_tls(section: &Section<'_>, endpoints: Option<&[Endpoint]>, is_given: bool) {
    let Some(endpoints) = endpoints.filter(|_| is_given) else {
        return;
    };
    let key = key_of(section);
    if let Some(plain) = endpoints.iter().find(|endpoint| !endpoint.is_tls()) {
        let bad = Bad::new(
            format!("TLS is configured for an endpoint without TLS, {plain}"),
            "write https:// or remove the table tls",
        );
        section.fault(key, bad);
    }
}

fn check_exposure(
    section: &Section<'_>,
    endpoints: Option<&[Endpoint]>,
    is_insecure: bool,
    has_token: bool,
) {
    let Some(plain) = exposed(endpoints).filter(|_| !is_insecure) else {
        return;
    };
    if has_token {
        let bad = Bad::new(
            "the token would cross the network in clear",
            "write an https:// endpoint",
        );
        section.fault("token_file", bad);
    }
    let bad = Bad::new(
        format!("calls to {plain} would cross the network in clear"),
        "write https:// (for dns:///, add the table tls), or insecure = true where a mesh around both encrypts them",
    );
    section.fault(key_of(section), bad);
}

fn exposed(endpoints: Option<&[Endpoint]>) -> Option<&Endpoint> {
    endpoints?.iter().find(|endpoint| endpoint.is_exposed())
}

fn key_of(section: &Section<'_>) -> &'static str {
    match section.has("endpoints") {
        true => "endpoints",
        false => "endpoint",
    }
}

fn transport(mut section: Section<'_>) -> TransportConfig {
    let default = TransportConfig::default();
    let connect_timeout = section.read("connect_timeout", duration);
    let pings = section.read("keepalive", flag);
    let interval = section.read("keepalive_interval", duration);
    let timeout = section.read("keepalive_timeout", duration);
    let connections_max = section.read("connections_max", number(2, 10_000));
    let streams_max = section.read("streams_max", number(2, 1_000_000));
    let age_max = section.read("connection_age_max", or_none(duration));
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
        age_max: age_max.unwrap_or(default.age_max),
        compression: compression.unwrap_or(default.compression),
    }
}

/// The word `none`, or a value.
fn or_none<T>(
    parse: impl Fn(&Value) -> Result<T, Bad>,
) -> impl Fn(&Value) -> Result<Option<T>, Bad> {
    move |value| match value.as_str() {
        Some("none") => Ok(None),
        Some(_) | None => parse(value).map(Some),
    }
}

fn own_calls(mut section: Section<'_>) -> CallPolicy {
    let default = CallPolicy::default();
    let deadline = section.read("deadline", duration);
    let long_deadline = section.read("long_deadline", duration);
    let retry_window = section.read("retry_window", duration);
    let hedge_after = section.read("hedge_after", or_none(duration));
    let calls_max = section.read("calls_max", number(1, MANY));
    let queue_max = section.read("queue_max", number(0, MANY));
    section.finish();
    CallPolicy {
        deadline,
        long_deadline,
        retry_window,
        hedge_after: hedge_after.unwrap_or(default.hedge_after),
        calls_max: calls_max.unwrap_or(default.calls_max),
        queue_max: queue_max.unwrap_or(default.queue_max),
    }
}

fn balance(mut section: Section<'_>) -> BalancePolicy {
    let default = BalancePolicy::default();
    let small = |value: Option<usize>| value.and_then(|value| u32::try_from(value).ok());
    let eject_after = small(section.read("eject_after", number(1, 1000)));
    let eject_for = section.read("eject_for", duration);
    let eject_for_max = section.read("eject_for_max", duration);
    let panic_percent = small(section.read("panic_percent", number(0, 100)));
    section.finish();
    BalancePolicy {
        eject_after: eject_after.unwrap_or(default.eject_after),
        eject_for: eject_for.unwrap_or(default.eject_for),
        eject_for_max: eject_for_max.unwrap_or(default.eject_for_max),
        panic_percent: panic_percent.unwrap_or(default.panic_percent),
    }
}

fn client_tls(mut section: Section<'_>) -> ClientTls {
    let ca = section.read("ca", path);
    let cert = section.read("cert", path);
    let key = section.read("key", path);
    let server_name = section.read("server_name", text);
    let server_uri = section.read("server_uri", text);
    let from_environment = section.workload_socket();
    let spiffe = section.read("spiffe", workload_socket(from_environment));
    let spiffe = spiffe.flatten();
    if spiffe.is_some() {
        check_spiffe(&section, server_uri.as_deref());
    }
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
        server_uri,
        spiffe,
    }
}

/// SPIFFE gives certificates, and knows a server by its ID.
fn check_spiffe(section: &Section<'_>, server_uri: Option<&str>) {
    section.without_files(&["ca", "cert", "key"]);
    let remedy =
        "give the SPIFFE ID that the adapter must have, such as spiffe://example.org/storage";
    match server_uri.map(trust_domain) {
        Some(Ok(_)) => {}
        Some(Err(problem)) => section.fault("server_uri", Bad::new(problem, remedy)),
        None => section.fault("server_uri", Bad::new("it is missing", remedy)),
    }
}

/// Which adapters there are.
struct Names(BTreeSet<String>);

impl Names {
    fn adapter(&self, value: &Value) -> Result<String, Bad> {
        let name = text(value)?;
        if self.0.contains(&name) {
            return Ok(name);
        }
        let all: Vec<_> = self.0.iter().map(String::as_str).collect();
        let remedy = format!("configured are: {}", all.join(", "));
        Err(Bad::new("there is no such adapter", remedy))
    }

    /// The keys that were not asked for yet, as names of stores.
    fn stores(&self, section: &mut Section<'_>) -> BTreeMap<String, String> {
        let known = stores();
        let mut routed = BTreeMap::new();
        for store in section.names() {
            if known.contains(&store) {
                let found = section.read_named(&store, |value| self.adapter(value));
                routed.extend(found.map(|name| (store, name)));
                continue;
            }
            let remedy = nearest(&store, known.iter().map(String::as_str)).map_or_else(
                || {
                    let all: Vec<_> = known.iter().map(String::as_str).collect();
                    format!("stores are: {}", all.join(", "))
                },
                |nearest| format!("did you mean `{nearest}`?"),
            );
            section.fault(&store, Bad::new("there is no such store", remedy));
        }
        routed
    }
}

pub(super) fn routes(
    mut section: Section<'_>,
    adapters: &BTreeMap<String, Option<Adapter>>,
    served: &BTreeSet<i64>,
) -> Option<Routes> {
    let mut names: BTreeSet<String> = adapters.keys().cloned().collect();
    if names.is_empty() {
        names.insert(EMBEDDED.into());
    }
    let names = Names(names);
    let given = section.read("default", |value| names.adapter(value));
    let only = names.0.first().filter(|_| names.0.len() == 1);
    if only.is_none() && !section.has("default") {
        let remedy = "name the adapter of every store that has no route";
        section.fault("default", Bad::new("it is missing", remedy));
    }
    let default = given.or_else(|| only.cloned());
    let orgs = org_routes(section.section("orgs"), &names, served);
    let stores = names.stores(&mut section);
    Some(Routes {
        default: default?,
        stores,
        orgs,
    })
}

fn org_routes(
    mut section: Section<'_>,
    names: &Names,
    served: &BTreeSet<i64>,
) -> BTreeMap<i64, OrgRoutes> {
    let mut orgs = BTreeMap::new();
    for (org, mut own) in section.named_sections() {
        let id = org.parse().ok().filter(|id| served.contains(id));
        if id.is_none() {
            let bad = Bad::new(
                format!("org {org} is not served"),
                "name an org that orgs.serve lists",
            );
            section.fault(&org, bad);
        }
        let default = own.read("default", |value| names.adapter(value));
        let stores = names.stores(&mut own);
        orgs.extend(id.map(|id| (id, OrgRoutes { default, stores })));
    }
    section.finish();
    orgs
}

pub(super) fn calls(mut section: Section<'_>) -> Calls {
    let unused = Endpoint::Unix(PathBuf::new());
    let default = mortise_adapter_client::MeshConfig::single(unused);
    let deadline = section.read("deadline", duration);
    let long_deadline = section.read("long_deadline", duration);
    let retry_window = section.read("retry_window", duration);
    let message_max = section.read("message_max", size);
    let answer_max = section.read("answer_max", size);
    let session_memory = section.read("session_memory", size_or_none);
    section.finish();
    let or = |given: Option<Duration>, default| given.unwrap_or(default);
    Calls {
        deadline: or(deadline, default.deadline),
        long_deadline: or(long_deadline, default.long_deadline),
        retry_window: or(retry_window, default.retry_window),
        message_max: message_max.unwrap_or(default.max_message_bytes),
        answer_max: answer_max.unwrap_or(default.max_answer_bytes),
        session_memory: session_memory.unwrap_or(default.session_memory_bytes),
    }
}

//! Adapters and routes as their owner would write them.

use super::{Keys, count, path, text, time};
use crate::config::{Adapter, Routes};
use mortise_adapter_client::{
    BalancePolicy, CallPolicy, ClientTls, Compression, Endpoint, OrgRoutes, TransportConfig,
};
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Table;

pub(super) fn adapter(adapter: &Adapter) -> Keys {
    let Adapter { config, command } = adapter;
    let endpoints: Vec<String> = config.endpoints.iter().map(text).collect();
    let named = Keys::new().maybe("token_file", config.token_file.as_deref().map(path));
    let placed = match (command, endpoints.as_slice()) {
        (Some(command), _) => {
            let words = std::iter::once(&command.program).chain(&command.arguments);
            let words: Vec<String> = words.cloned().collect();
            named
                .with("command", words)
                .with("command_environment", command.environment.clone())
        }
        (None, [one]) => named.with("endpoint", one.as_str()),
        (None, _) => named.with("endpoints", endpoints),
    };
    placed
        .with("insecure", config.is_insecure)
        .maybe("tls", tls(&config.tls, &config.endpoints))
        .with("transport", transport(&config.transport))
        .with("calls", calls(&config.calls))
        .with("balance", balance(&config.balance))
}

/// A name is encrypted where there is such a table, which may be empty.
fn tls(config: &ClientTls, endpoints: &[Endpoint]) -> Option<Keys> {
    let ClientTls {
        ca,
        identity,
        server_name,
        server_uri,
        spiffe,
    } = config;
    let tls = Keys::new()
        .maybe("ca", ca.as_deref().map(path))
        .maybe("cert", identity.as_ref().map(|own| path(&own.cert)))
        .maybe("key", identity.as_ref().map(|own| path(&own.key)))
        .maybe("server_name", server_name.as_deref())
        .maybe("server_uri", server_uri.as_deref())
        .maybe("spiffe", spiffe.as_ref().map(text));
    let is_named = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Dns(name) if name.is_tls);
    let is_asked_for = endpoints.iter().any(is_named);
    Some(tls).filter(|tls| is_asked_for || !tls.0.is_empty())
}

fn transport(config: &TransportConfig) -> Keys {
    let compression = match config.compression {
        None => "none",
        Some(Compression::Gzip) => "gzip",
        Some(Compression::Zstd) => "zstd",
    };
    let pings = config.keepalive;
    Keys::new()
        .with("connect_timeout", time(config.connect_timeout))
        .with("keepalive", pings.is_some())
        .maybe(
            "keepalive_interval",
            pings.map(|pings| time(pings.interval)),
        )
        .maybe("keepalive_timeout", pings.map(|pings| time(pings.timeout)))
        .with("connections_max", count(config.connections_max))
        .with("streams_max", count(config.streams_max))
        .with("connection_age_max", time_or_none(config.age_max))
        .with("compression", compression)
}

fn time_or_none(given: Option<Duration>) -> String {
    given.map_or_else(|| "none".into(), time)
}

fn calls(config: &CallPolicy) -> Keys {
    Keys::new()
        .maybe("deadline", config.deadline.map(time))
        .maybe("long_deadline", config.long_deadline.map(time))
        .maybe("retry_window", config.retry_window.map(time))
        .with("hedge_after", time_or_none(config.hedge_after))
        .with("calls_max", count(config.calls_max))
        .with("queue_max", count(config.queue_max))
}

fn balance(config: &BalancePolicy) -> Keys {
    Keys::new()
        .with("eject_after", i64::from(config.eject_after))
        .with("eject_for", time(config.eject_for))
        .with("eject_for_max", time(config.eject_for_max))
        .with("panic_percent", i64::from(config.panic_percent))
}

pub(super) fn routes(config: &Routes) -> Keys {
    let orgs = config.orgs.iter().map(|(org, own)| {
        let OrgRoutes { default, stores } = own;
        let keys = Keys::new().maybe("default", default.as_deref());
        (org.to_string(), with_stores(keys, stores).into())
    });
    let orgs: Table = orgs.collect();
    let keys = Keys::new().with("default", config.default.as_str());
    with_stores(keys, &config.stores).maybe("orgs", Some(orgs).filter(|orgs| !orgs.is_empty()))
}

fn with_stores(keys: Keys, stores: &BTreeMap<String, String>) -> Keys {
    stores.iter().fold(keys, |keys, (store, adapter)| {
        keys.with(store, adapter.as_str())
    })
}

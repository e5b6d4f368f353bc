//! A configuration as its owner would write it, with secrets masked.

mod adapters;

use super::diagnostics::MASK;
use super::{
    AccessConfig, Calls, Engine, HostConfig, Leases, Listen, ListenTls, Recovery, RestateOptions,
    TelemetryConfig, TokenSource, Turns, WhenBusy,
};
use crate::host::JournalPlace;
use mortise_adapter_server::telemetry::LogFormat;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;
use toml::{Table, Value};

/// Keys and values, without what is not set.
struct Keys(Table);

// === impl Keys ===

impl Keys {
    fn new() -> Self {
        Self(Table::new())
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    fn maybe(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl From<Keys> for Value {
    fn from(keys: Keys) -> Self {
        Self::Table(keys.0)
    }
}

pub(super) fn table(config: &HostConfig) -> Table {
    let adapters = config.adapters.iter();
    let adapters =
        adapters.map(|(name, adapter)| (name.clone(), Value::from(adapters::adapter(adapter))));
    let routes = adapters::routes(&config.routes);
    let drivers: Vec<_> = config
        .drivers
        .iter()
        .map(|driver| driver.as_str())
        .collect();
    let keys = Keys::new()
        .with("listen", listen(&config.listen))
        .with("data", Keys::new().with("dir", path(&config.data)))
        .with("adapters", adapters.collect::<Table>())
        .with("routes", routes)
        .with("calls", calls(&config.calls))
        .with("orgs", Keys::new().with("serve", orgs(&config.orgs)))
        .with(
            "capabilities",
            Keys::new().with("enabled", config.capabilities.clone()),
        )
        .with(
            "drivers",
            Keys::new()
                .with("enabled", drivers)
                .with("silence_max", time(config.silence_max)),
        )
        .with("turns", turns(&config.turns))
        .with("leases", leases(&config.leases))
        .with("access", access(&config.access))
        .with("telemetry", telemetry(&config.telemetry));
    keys.0
}

fn listen(config: &Listen) -> Keys {
    let grpc: Vec<_> = config.grpc.iter().map(text).collect();
    let tls = config.tls.as_ref().map(|tls| match tls {
        ListenTls::Files(tls) => Keys::new()
            .with("cert", path(&tls.cert))
            .with("key", path(&tls.key))
            .maybe("client_ca", tls.client_ca.as_deref().map(path))
            .with("spiffe", false),
        ListenTls::Workload(socket) => Keys::new().with("spiffe", text(socket)),
    });
    Keys::new()
        .with("grpc", grpc)
        .maybe("http", config.http.as_ref().map(text))
        .maybe("admin", config.admin.as_ref().map(text))
        .maybe("probes", config.probes.as_ref().map(text))
        .maybe("socket_mode", config.socket.mode.as_ref().map(text))
        .maybe("socket_group", config.socket.group.as_ref().map(text))
        .maybe("tls", tls)
}

fn calls(config: &Calls) -> Keys {
    Keys::new()
        .with("deadline", time(config.deadline))
        .with("long_deadline", time(config.long_deadline))
        .with("retry_window", time(config.retry_window))
        .with("message_max", size(config.message_max))
        .with("answer_max", size(config.answer_max))
        .with("session_memory", size(config.session_memory))
}

fn turns(config: &Turns) -> Keys {
    Keys::new()
        .with("max_running", count(config.max_running))
        .with(
            "when_busy",
            match config.when_busy {
                WhenBusy::Queue => "queue",
                WhenBusy::Refuse => "refuse",
            },
        )
        .with("queue_max", count(config.queue_max))
        .with("deadline", time(config.deadline))
        .with(
            "recovery",
            match config.recovery {
                Recovery::Resume => "resume",
                Recovery::Fail => "fail",
            },
        )
        .with("drain", time(config.drain))
        .with(
            "journal",
            match config.journal {
                JournalPlace::Own => "files",
                JournalPlace::Adapter => "adapter",
            },
        )
        .with(
            "engine",
            match config.engine {
                Engine::Local => "local",
                Engine::Restate(_) => "restate",
            },
        )
        .maybe(
            "restate",
            match &config.engine {
                Engine::Local => None,
                Engine::Restate(options) => Some(restate(options)),
            },
        )
}

fn restate(config: &RestateOptions) -> Keys {
    Keys::new()
        .with("ingress", text(&config.ingress))
        .with("admin", text(&config.admin))
        .with("listen", text(&config.listen))
        .maybe("advertise", config.advertise.as_ref().map(text))
        .maybe("token_file", config.token_file.as_deref().map(path))
        .with("timeout", time(config.timeout))
}

fn leases(config: &Leases) -> Keys {
    Keys::new()
        .maybe("advertise", config.advertise.clone())
        .maybe("holder", config.holder.clone())
        .with("ttl", time(config.ttl))
}

fn access(config: &AccessConfig) -> Keys {
    let tokens = config.tokens.iter().map(|(name, access)| {
        let known = match &access.token {
            TokenSource::File(file) => Keys::new().with("token_file", path(file)),
            TokenSource::Digest(_) => Keys::new().with("sha256", MASK),
        };
        let keys = known.maybe("orgs", access.orgs.as_ref().map(orgs));
        (name.clone(), Value::from(keys))
    });
    let certificates = config.certificates.iter().map(|(name, access)| {
        let keys = Keys::new()
            .with("subject", access.subject.as_str())
            .maybe("orgs", access.orgs.as_ref().map(orgs));
        (name.clone(), Value::from(keys))
    });
    Keys::new()
        .with("anonymous", config.anonymous)
        .with("tokens", tokens.collect::<Table>())
        .with("certificates", certificates.collect::<Table>())
}

fn telemetry(config: &TelemetryConfig) -> Keys {
    let otlp = config.otlp.as_ref();
    Keys::new()
        .with("log_level", config.log_level.as_str())
        .with(
            "log_format",
            match config.log_format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            },
        )
        .maybe("otlp_endpoint", otlp.map(|otlp| otlp.endpoint.as_str()))
        .maybe("otlp_sample_ratio", otlp.map(|otlp| otlp.sample_ratio))
        .with("metrics", config.metrics)
}

fn text(value: &impl Display) -> String {
    value.to_string()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn time(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// In bytes where a larger unit would round.
fn size(bytes: usize) -> String {
    let bytes = bytes as u64;
    let whole = [(30, "GiB"), (20, "MiB"), (10, "KiB")].into_iter();
    let mut whole = whole.filter(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    match whole.next() {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} B"),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn orgs(orgs: &BTreeSet<i64>) -> Vec<i64> {
    orgs.iter().copied().collect()
}

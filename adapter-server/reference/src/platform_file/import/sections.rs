//! The lists of a file and their entries, as far as they can be read.

use crate::platform_file::diagnostics::{Diagnostics, instead};
use crate::platform_file::entries::Entry;
use crate::platform_file::read::read as read_value;
use crate::platform_file::schema::{
    Agent, Budget, Connection, Harness, Model, PaymentAccount, PaymentPolicy, Provider, RateLimit,
    SECTIONS,
};
use mortise_adapter_server::Diagnostic;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A file whose entries have been read.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) models: Vec<Entry<Model>>,
    pub(super) providers: Vec<Entry<Provider>>,
    pub(super) harnesses: Vec<Entry<Harness>>,
    pub(super) agents: Vec<Entry<Agent>>,
    pub(super) connections: Vec<Entry<Connection>>,
    pub(super) budgets: Vec<Entry<Budget>>,
    pub(super) payment_accounts: Vec<Entry<PaymentAccount>>,
    pub(super) payment_policies: Vec<Entry<PaymentPolicy>>,
    pub(super) rate_limit: Option<Entry<RateLimit>>,
}

pub(super) fn read(file: &Value, faults: &mut Diagnostics) -> Layout {
    let fields = match file {
        Value::Object(fields) => fields,
        // An empty file names nothing.
        Value::Null => return Layout::default(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let reason = "is not a mapping";
            let remedy = "write lists such as `agents:`";
            faults.add(Diagnostic::new("the file", reason, remedy));
            return Layout::default();
        }
    };
    for key in fields.keys() {
        if !SECTIONS.contains(&key.as_str()) {
            let otherwise = format!("the keys here are {}", SECTIONS.join(", "));
            let remedy = instead(key, SECTIONS, &otherwise);
            faults.add(Diagnostic::new(key, "is not a known key", remedy));
        }
    }
    let rate_limit = fields.get("rate_limit").filter(|value| !value.is_null());
    Layout {
        models: list(fields, "models", faults),
        providers: list(fields, "providers", faults),
        harnesses: list(fields, "harnesses", faults),
        agents: list(fields, "agents", faults),
        connections: list(fields, "connections", faults),
        budgets: list(fields, "budgets", faults),
        payment_accounts: list(fields, "payment_accounts", faults),
        payment_policies: list(fields, "payment_policies", faults),
        rate_limit: rate_limit.and_then(|value| entry(value, "rate_limit".into(), faults)),
    }
}

fn list<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    key: &str,
    faults: &mut Diagnostics,
) -> Vec<Entry<T>> {
    match fields.get(key) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => {
            let items = items.iter().enumerate();
            let read = items.map(|(n, item)| entry(item, format!("{key}[{n}]"), faults));
            read.flatten().collect()
        }
        Some(_) => {
            faults.add(Diagnostic::new(
                key,
                "is not a list",
                "write a list of entries",
            ));
            Vec::new()
        }
    }
}

fn entry<T: DeserializeOwned>(
    value: &Value,
    path: String,
    faults: &mut Diagnostics,
) -> Option<Entry<T>> {
    let written = read_value(value, &path, faults)?;
    Some(Entry { path, written })
}

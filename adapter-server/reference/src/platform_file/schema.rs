//! A platform file as it is written: what each entry may say. Nothing is required here:
//! what is missing is told together with what else is wrong.

mod parts;

pub(super) use parts::{
    Capability, InitialFile, McpServer, NetworkAccess, Place, Secret, SecretJson, Tool, ToolKind,
};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lists of a file, in the order in which they are written.
pub(super) const SECTIONS: [&str; 9] = [
    "models",
    "providers",
    "harnesses",
    "agents",
    "connections",
    "budgets",
    "payment_accounts",
    "payment_policies",
    "rate_limit",
];

#[derive(Default, Serialize)]
pub(super) struct File {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) models: Vec<Model>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) providers: Vec<Provider>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) harnesses: Vec<Harness>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) agents: Vec<Agent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) connections: Vec<Connection>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) budgets: Vec<Budget>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) payment_accounts: Vec<PaymentAccount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) payment_policies: Vec<PaymentPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate_limit: Option<RateLimit>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Model {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) model: String,
    pub(super) provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api_key: Option<Secret>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Provider {
    #[serde(rename = "type")]
    pub(super) provider_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
    pub(super) api_key: Option<Secret>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Harness {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) built_in: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) system_prompt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_model: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) capabilities: Vec<Capability>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) initial_files: Vec<InitialFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_access: Option<NetworkAccess>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) mcp_servers: BTreeMap<String, McpServer>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) system_prompt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_iterations: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) capabilities: Vec<Capability>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) initial_files: Vec<InitialFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_access: Option<NetworkAccess>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) mcp_servers: BTreeMap<String, McpServer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lineage: Option<Lineage>,
}

/// Where an agent comes from, by ids.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Lineage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) forked_from_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) forked_from_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root_agent: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Connection {
    pub(super) user: String,
    pub(super) provider: String,
    pub(super) token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<SecretJson>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Budget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) subject: Option<Subject>,
    pub(super) currency: String,
    pub(super) limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) soft_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) balance: Option<f64>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) paused: bool,
}

/// Whom a budget or a policy is for: the org of the file, in the word `organization`,
/// or one of these.
#[derive(Default, Clone)]
pub(super) struct Subject {
    pub(super) word: Option<String>,
    pub(super) one: OneSubject,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OneSubject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app_channel: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PaymentAccount {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) rail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) balance_usd: Option<f64>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PaymentPolicy {
    pub(super) subject: Option<Subject>,
    pub(super) account: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_capabilities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_operations: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_usd_per_request: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_usd_per_day: Option<f64>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateLimit {
    pub(super) max_calls: u32,
    pub(super) window_seconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

//! What callers send. An unknown field is refused: it may be misspelt.

use everruns_core::mcp_server::ScopedMcpServers;
use everruns_core::message::{ContentPart, Controls, ReasoningConfig};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::session_file::InitialFile;
use everruns_core::typed_id::ModelId;
use everruns_core::{AgentCapabilityConfig, ToolDefinition};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// A query that says which org a call is for.
pub(super) trait ForOrg {
    /// The org; zero stands for the caller's only one.
    fn org(&mut self) -> &mut i64;
}

/// Which org; absent stands for the only one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfOrg {
    #[serde(default)]
    pub(super) org: i64,
}

impl ForOrg for OfOrg {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPage {
    #[serde(default)]
    pub(super) org: i64,
    #[serde(default)]
    pub(super) after: Option<i64>,
    #[serde(default)]
    pub(super) limit: u64,
}

impl ForOrg for EventPage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagePage {
    #[serde(default)]
    pub(super) org: i64,
    #[serde(default)]
    pub(super) offset: usize,
    #[serde(default)]
    pub(super) limit: u64,
}

impl ForOrg for MessagePage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TurnPage {
    #[serde(default)]
    pub(super) org: i64,
    /// Statuses, with commas between them.
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) limit: u64,
    #[serde(default)]
    pub(super) page_token: String,
}

impl ForOrg for TurnPage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionPage {
    #[serde(default)]
    pub(super) org: i64,
    pub(super) agent_id: Option<String>,
    pub(super) harness_id: Option<String>,
    /// Statuses, with commas between them.
    #[serde(default)]
    pub(super) status: String,
    pub(super) tag: Option<String>,
    #[serde(default)]
    pub(super) limit: u64,
    #[serde(default)]
    pub(super) page_token: String,
}

impl ForOrg for SessionPage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordPage {
    #[serde(default)]
    pub(super) org: i64,
    pub(super) tag: Option<String>,
    #[serde(default)]
    pub(super) limit: u64,
    #[serde(default)]
    pub(super) page_token: String,
}

impl ForOrg for RecordPage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelPage {
    #[serde(default)]
    pub(super) org: i64,
    #[serde(default)]
    pub(super) limit: u64,
    #[serde(default)]
    pub(super) page_token: String,
}

impl ForOrg for ModelPage {
    fn org(&mut self) -> &mut i64 {
        &mut self.org
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionChange {
    pub(super) title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionBody {
    pub(super) harness_id: String,
    pub(super) agent_id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) locale: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) model_id: Option<String>,
    #[serde(default)]
    pub(super) capabilities: Vec<AgentCapabilityConfig>,
    #[serde(default)]
    pub(super) tools: Vec<ToolDefinition>,
    // As in the session that is answered.
    #[serde(default, alias = "mcpServers")]
    pub(super) mcp_servers: ScopedMcpServers,
    pub(super) system_prompt: Option<String>,
    #[serde(default)]
    pub(super) initial_files: Vec<InitialFile>,
    pub(super) hints: Option<HashMap<String, Value>>,
    pub(super) network_access: Option<NetworkAccessList>,
    pub(super) max_iterations: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageBody {
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) parts: Vec<ContentPart>,
    pub(super) controls: Option<ControlsBody>,
}

/// As [`Controls`], which pass over what they do not know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlsBody {
    model_id: Option<ModelId>,
    locale: Option<String>,
    reasoning: Option<ReasoningBody>,
    hints: Option<HashMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasoningBody {
    effort: Option<String>,
}

impl From<ControlsBody> for Controls {
    fn from(body: ControlsBody) -> Self {
        let ControlsBody {
            model_id,
            locale,
            reasoning,
            hints,
        } = body;
        let reasoning = reasoning.map(|ReasoningBody { effort }| ReasoningConfig { effort });
        Self {
            model_id,
            locale,
            reasoning,
            hints,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TurnBody {
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) parts: Vec<ContentPart>,
    pub(super) controls: Option<ControlsBody>,
    pub(super) when_busy: Option<WhenBusy>,
    /// Whether the answer waits for the turn's end.
    #[serde(default = "yes")]
    pub(super) wait: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhenBusy {
    Refuse,
    Queue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultsBody {
    pub(super) results: Vec<ResultBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultBody {
    pub(super) tool_call_id: String,
    pub(super) result: Option<Value>,
    pub(super) error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    pub(super) turn_id: Option<String>,
    pub(super) reason: Option<String>,
}

fn yes() -> bool {
    true
}

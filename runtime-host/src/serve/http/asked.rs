//! What callers send. The description of the API is made of these types (`schemas.rs`), so
//! that what is checked and what is promised are one: a field, its kind and its limits stand
//! here alone. An unknown field is refused: it may be misspelt.

use super::schemas as is;
use everruns_core::mcp_server::ScopedMcpServers;
use everruns_core::message::{ContentPart, Controls, ReasoningConfig};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::session_file::InitialFile;
use everruns_core::typed_id::{AgentId, HarnessId, ModelId, TurnId};
use everruns_core::{AgentCapabilityConfig, ToolDefinition};
use is::natural;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// A query that says which org a call is for.
pub(super) trait ForOrg {
    /// The org; zero stands for the caller's only one.
    fn org(&mut self) -> &mut i64;
}

/// Every query begins with the org.
macro_rules! for_org {
    ($($query:ident),*) => {
        $(impl ForOrg for $query {
            fn org(&mut self) -> &mut i64 {
                &mut self.org
            }
        })*
    };
}

for_org!(
    OfOrg,
    EventPage,
    MessagePage,
    TurnPage,
    SessionTurnPage,
    SessionPage,
    RecordPage,
    ModelPage
);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct OfOrg {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct EventPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// The sequence number after which the events begin. Absent: all.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) after: i64,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit_of_events")]
    pub(super) limit: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct MessagePage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// How many messages to leave out from the beginning.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) offset: usize,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct TurnPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// Only turns with one of these, with commas between them.
    #[serde(default)]
    #[schemars(schema_with = "is::turn_statuses")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
    /// `next_page_token` of the page before. Absent: the first page.
    #[serde(default)]
    #[schemars(schema_with = "is::turn_token")]
    pub(super) page_token: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct SessionTurnPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// Only turns with one of these, with commas between them.
    #[serde(default)]
    #[schemars(schema_with = "is::turn_statuses")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
    /// `next_page_token` of the page before. Absent: the first page.
    #[serde(default)]
    #[schemars(schema_with = "is::event_token")]
    pub(super) page_token: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct SessionPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// Only sessions of this agent.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<AgentId>")]
    pub(super) agent_id: Option<String>,
    /// Only sessions of this harness.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<HarnessId>")]
    pub(super) harness_id: Option<String>,
    /// Only sessions with one of these, with commas between them.
    #[serde(default)]
    #[schemars(schema_with = "is::session_statuses")]
    pub(super) status: String,
    /// Only those with this tag.
    pub(super) tag: Option<String>,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
    /// `next_page_token` of the page before. Absent: the first page.
    #[serde(default)]
    #[schemars(schema_with = "is::session_token")]
    pub(super) page_token: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct RecordPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    /// Only those with this tag.
    pub(super) tag: Option<String>,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
    /// `next_page_token` of the page before. Absent: the first page.
    #[serde(default)]
    #[schemars(schema_with = "is::name_token")]
    pub(super) page_token: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct ModelPage {
    /// The org, by the host's internal id. Absent: the only one that the caller may act for.
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::number")]
    pub(super) org: i64,
    #[serde(default, deserialize_with = "natural")]
    #[schemars(schema_with = "is::limit")]
    pub(super) limit: u64,
    /// `next_page_token` of the page before. Absent: the first page.
    #[serde(default)]
    #[schemars(schema_with = "is::name_token")]
    pub(super) page_token: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionChange {
    /// The new title.
    pub(super) title: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSession")]
pub(super) struct SessionBody {
    /// The harness.
    #[schemars(schema_with = "is::id::<HarnessId>")]
    pub(super) harness_id: String,
    /// The agent. Absent: none, the harness alone.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<AgentId>")]
    pub(super) agent_id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) locale: Option<String>,
    /// Labels.
    #[serde(default)]
    pub(super) tags: Vec<String>,
    /// Takes precedence over the models of agent and harness.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<ModelId>")]
    pub(super) model_id: Option<String>,
    /// Capabilities that the session switches on, in order.
    #[serde(default)]
    #[schemars(schema_with = "is::capabilities")]
    pub(super) capabilities: Vec<AgentCapabilityConfig>,
    /// Tools of its own, in order. The application runs those of type `client_side`.
    #[serde(default)]
    #[schemars(schema_with = "is::tools")]
    pub(super) tools: Vec<ToolDefinition>,
    /// MCP servers by name.
    // As in the session that is answered.
    #[serde(default, alias = "mcpServers")]
    #[schemars(schema_with = "is::mcp_servers")]
    pub(super) mcp_servers: ScopedMcpServers,
    /// Placed after the agent's prompt.
    pub(super) system_prompt: Option<String>,
    /// Files that are placed in its workspace.
    #[serde(default)]
    #[schemars(schema_with = "is::initial_files")]
    pub(super) initial_files: Vec<InitialFile>,
    /// Hints of the client.
    pub(super) hints: Option<HashMap<String, Value>>,
    /// Limits the URLs that tools may reach.
    #[serde(default)]
    #[schemars(schema_with = "is::network_access")]
    pub(super) network_access: Option<NetworkAccessList>,
    /// The most reason steps in one turn.
    #[serde(default, deserialize_with = "is::optional_natural")]
    #[schemars(schema_with = "is::optional_number")]
    pub(super) max_iterations: Option<usize>,
}

/// What a user says: `text` and `parts` are not both empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserMessage", transform = is::says_something)]
pub(super) struct MessageBody {
    /// What the user says.
    #[serde(default)]
    pub(super) text: String,
    /// Texts and images.
    #[serde(default)]
    #[schemars(schema_with = "is::user_parts")]
    pub(super) parts: Vec<ContentPart>,
    /// The model and how it is to reason.
    pub(super) controls: Option<ControlsBody>,
}

/// As [`Controls`], which pass over what they do not know.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "MessageControls",
    description = "The model and how it is to reason."
)]
pub(super) struct ControlsBody {
    /// The model of the turn that answers the message. It must exist in the org.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<ModelId>")]
    model_id: Option<ModelId>,
    /// BCP 47 language tag for this turn, such as `en-GB`.
    locale: Option<String>,
    /// How the model reasons.
    reasoning: Option<ReasoningBody>,
    /// Hints of the client for this turn, over those of the session.
    hints: Option<HashMap<String, Value>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MessageReasoning")]
struct ReasoningBody {
    /// How much the model reasons: `low`, `medium`, `high`, or what else it knows.
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

/// What a user says, and how its turn runs: `text` and `parts` are not both empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTurn", transform = is::says_something)]
pub(super) struct TurnBody {
    /// What the user says.
    #[serde(default)]
    pub(super) text: String,
    /// Texts and images.
    #[serde(default)]
    #[schemars(schema_with = "is::user_parts")]
    pub(super) parts: Vec<ContentPart>,
    /// The model and how it is to reason.
    pub(super) controls: Option<ControlsBody>,
    /// What happens if another turn of the session runs. Absent: as the host is configured.
    pub(super) when_busy: Option<WhenBusy>,
    /// Whether the answer waits for the end of the turn.
    #[serde(default = "yes")]
    pub(super) wait: bool,
}

/// What happens if another turn of the session runs.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum WhenBusy {
    Refuse,
    Queue,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ToolResults")]
pub(super) struct ResultsBody {
    /// One or more.
    #[schemars(length(min = 1))]
    pub(super) results: Vec<ResultBody>,
}

/// A result or an error, not both. Neither: the result is null.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ToolResult", transform = is::one_outcome)]
pub(super) struct ResultBody {
    /// The call.
    #[schemars(length(min = 1))]
    pub(super) tool_call_id: String,
    /// Any JSON value.
    pub(super) result: Option<Value>,
    /// Why the tool failed. If it is set, there is no result.
    pub(super) error: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cancel")]
pub(super) struct CancelBody {
    /// Cancel this turn and no other.
    #[serde(default)]
    #[schemars(schema_with = "is::optional_id::<TurnId>")]
    pub(super) turn_id: Option<String>,
    /// Stored with the end.
    pub(super) reason: Option<String>,
}

fn yes() -> bool {
    true
}

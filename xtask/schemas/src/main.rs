//! Prints the JSON schemas of the runtime's types as one object: `types` by name, and
//! `events`, the name of each event type's payload. Sessions, messages and events are in the
//! host's API as the runtime writes them, so its own description of them is the source.
//!
//! Run it after a change of upstream's version; `cargo xtask schemas` does.

use everruns_core::events as e;
use everruns_core::message::{ContentPart, Controls, ExecutionPhase, Message};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::session_file::InitialFile;
use everruns_core::{AgentCapabilityConfig, Session, ToolDefinition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

type Schemas = Vec<(String, RefOr<Schema>)>;

fn add<T: ToSchema>(schemas: &mut Schemas) -> String {
    let name = T::name().into_owned();
    schemas.push((name.clone(), <T as PartialSchema>::schema()));
    T::schemas(schemas);
    name
}

macro_rules! events {
    ($schemas:ident; $($name:ident => $data:ident,)*) => {
        [$((e::$name, add::<e::$data>(&mut $schemas)),)*]
    };
}

fn main() {
    let mut schemas = Schemas::new();
    add::<Session>(&mut schemas);
    add::<Message>(&mut schemas);
    add::<ContentPart>(&mut schemas);
    add::<Controls>(&mut schemas);
    add::<AgentCapabilityConfig>(&mut schemas);
    add::<ToolDefinition>(&mut schemas);
    add::<InitialFile>(&mut schemas);
    add::<NetworkAccessList>(&mut schemas);
    add::<everruns_core::mcp_server::ScopedMcpServer>(&mut schemas);
    add::<e::EventContext>(&mut schemas);
    let events = events! { schemas;
        INPUT_MESSAGE => InputMessageData,
        OUTPUT_MESSAGE_STARTED => OutputMessageStartedData,
        OUTPUT_MESSAGE_DELTA => OutputMessageDeltaData,
        OUTPUT_MESSAGE_REPLACED => OutputMessageReplacedData,
        OUTPUT_MESSAGE_COMPLETED => OutputMessageCompletedData,
        TURN_STARTED => TurnStartedData,
        TURN_COMPLETED => TurnCompletedData,
        TURN_FAILED => TurnFailedData,
        TURN_CANCELLED => TurnCancelledData,
        REASON_STARTED => ReasonStartedData,
        REASON_COMPLETED => ReasonCompletedData,
        CAPABILITY_USAGE => CapabilityUsageData,
        ACT_STARTED => ActStartedData,
        ACT_COMPLETED => ActCompletedData,
        TOOL_STARTED => ToolStartedData,
        TOOL_COMPLETED => ToolCompletedData,
        TOOL_PROGRESS => ToolProgressData,
        TOOL_OUTPUT_DELTA => ToolOutputDeltaData,
        TOOL_CALL_REQUESTED => ToolCallRequestedData,
        LLM_GENERATION => LlmGenerationData,
        REASON_THINKING_DELTA => ReasonThinkingDeltaData,
        REASON_THINKING_STARTED => ReasonThinkingStartedData,
        REASON_THINKING_COMPLETED => ReasonThinkingCompletedData,
        REASON_ITEM => ReasonItemData,
        SESSION_STARTED => SessionStartedData,
        SESSION_ACTIVATED => SessionActivatedData,
        SESSION_IDLED => SessionIdledData,
        SUBAGENT_SPAWNED => SubagentEventData,
        SUBAGENT_COMPLETED => SubagentEventData,
        SUBAGENT_FAILED => SubagentEventData,
        SUBAGENT_CANCELLED => SubagentEventData,
        CONTEXT_COMPACTING => ContextCompactingData,
        CONTEXT_COMPACTED => ContextCompactedData,
        FILE_WRITTEN => FileWrittenData,
        BUDGET_WARNING => BudgetEventData,
        BUDGET_PAUSED => BudgetEventData,
        BUDGET_EXHAUSTED => BudgetEventData,
        BUDGET_RESUMED => BudgetEventData,
        VOICE_SESSION_STARTED => VoiceSessionStartedData,
        VOICE_INPUT_TRANSCRIPT_DELTA => VoiceTranscriptData,
        VOICE_INPUT_TRANSCRIPT_COMPLETED => VoiceTranscriptData,
        VOICE_OUTPUT_TRANSCRIPT_DELTA => VoiceTranscriptData,
        VOICE_OUTPUT_TRANSCRIPT_COMPLETED => VoiceTranscriptData,
        VOICE_SESSION_ENDED => VoiceSessionEndedData,
        VOICE_SESSION_FAILED => VoiceSessionFailedData,
    };
    let mut types: BTreeMap<String, Value> = schemas
        .into_iter()
        .map(|(name, schema)| (name, json!(schema)))
        .collect();
    // Upstream says `object`; a model may send any JSON.
    if let Some(call) = types.get_mut("ToolCall") {
        call["properties"]["arguments"] = json!({ "description": "Arguments as JSON" });
    }
    // Upstream derives the schema from the names in its code; it writes other ones.
    if let Some(phase) = types.get_mut("ExecutionPhase") {
        let written = [ExecutionPhase::Commentary, ExecutionPhase::FinalAnswer];
        phase["enum"] = json!(written);
    }
    let events: BTreeMap<&str, String> = events.into_iter().collect();
    println!("{:#}", json!({ "types": types, "events": events }));
}

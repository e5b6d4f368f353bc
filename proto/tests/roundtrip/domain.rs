//! Random values of the upstream types.

use everruns_core::agent::{Agent, AgentStatus};
use everruns_core::capability_types::{AgentCapabilityConfig, CapabilityId};
use everruns_core::events::{
    Event, EventContext, EventData, EventRequest, InputMessageData, TokenUsage,
    deserialize_event_data,
};
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::llm_models::LlmProviderType;
use everruns_core::mcp_server::{McpServerAuthMode, McpServerTransportType, ScopedMcpServer};
use everruns_core::message::{
    ContentPart, Controls, ExecutionPhase, ExternalActor, ImageContentPart, ImageFileContentPart,
    Message, MessageRole, ReasoningConfig, TextContentPart, ToolCallContentPart,
    ToolResultContentPart,
};
use everruns_core::message_filter::MessageFilter;
use everruns_core::network_access::NetworkAccessList;
use everruns_core::principal::{PrincipalKind, PrincipalSummary};
use everruns_core::session::{Session, SessionStatus, SubagentStatus};
use everruns_core::session_file::{FileInfo, FileStat, GrepMatch, InitialFile, SessionFile};
use everruns_core::tool_types::{
    BuiltinTool, ClientSideTool, DeferrablePolicy, ToolDefinition, ToolHints, ToolPolicy,
};
use everruns_core::traits::{KeyInfo, ModelWithProvider, SecretInfo};
use everruns_runtime::RuntimeHostTurnContext;

use crate::samples::samples;
use crate::tape::{Arb, Tape, arb_enum, arb_struct};

arb_enum! {
    HarnessStatus { Active, Archived, Deleted }
    AgentStatus { Active, Archived, Deleted }
    SessionStatus { Started, Active, Idle, WaitingForToolResults, Paused }
    SubagentStatus { Spawning, Running, Completed, Failed, Cancelled, MaxIterationsReached }
    McpServerTransportType { Http, Stdio }
    McpServerAuthMode { None, ApiKey, OAuth }
    PrincipalKind { User, AgentIdentity, System }
    ToolPolicy { Auto, RequiresApproval, ClientSide }
    DeferrablePolicy { Never, Automatic, Always }
    LlmProviderType { Openai, AzureOpenai, OpenaiCompletions, Anthropic, Gemini, LlmSim }
    MessageRole { System, User, Agent, ToolResult }
    ExecutionPhase { Commentary, FinalAnswer }
}

arb_struct! {
    AgentCapabilityConfig { capability_ref, config }
    InitialFile { path, content, encoding, is_readonly }
    NetworkAccessList { allowed, blocked }
    ScopedMcpServer {
        transport_type, url, headers, command, args, env, auth_mode, oauth_provider_id,
        tool_discovery,
    }
    PrincipalSummary { id, kind, subject_id, metadata }
    TokenUsage {
        input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, actual_cost_usd,
        estimated_cost_usd,
    }
    ToolHints {
        readonly, destructive, idempotent, open_world, requires_secrets, long_running,
        supports_background, concurrency_class, cpu_bound, persist_output, capability_id,
        capability_name, narration_noun,
    }
    BuiltinTool {
        name, display_name, description, parameters, policy, category, deferrable, hints,
        full_parameters,
    }
    ClientSideTool {
        name, display_name, description, parameters, category, deferrable, hints, full_parameters,
    }
    Harness {
        id, name, display_name, description, system_prompt, parent_harness_id, default_model_id,
        tags, capabilities, initial_files, network_access, mcp_servers, is_built_in, status,
        created_at, updated_at, archived_at, deleted_at,
    }
    Agent {
        public_id, internal_id, name, display_name, description, system_prompt, default_model_id,
        default_version_id, forked_from_agent_id, forked_from_version_id, root_agent_id, tags,
        capabilities, initial_files, network_access, max_iterations, tools, mcp_servers, status,
        created_at, updated_at, archived_at, deleted_at, usage,
    }
    Session {
        id, organization_id, harness_id, agent_id, agent_version_id, agent_identity_id,
        owner_principal_id, resolved_owner_user_id, owner, effective_owner, title, locale, preview,
        output_preview, tags, model_id, capabilities, tools, mcp_servers, system_prompt,
        initial_files, hints, network_access, max_iterations, status, created_at, updated_at,
        started_at, finished_at, usage, is_pinned, active_schedule_count, features,
        parent_session_id, subagent_name, subagent_task, subagent_status, blueprint_id,
        blueprint_config,
    }
    ModelWithProvider { model, provider_type, api_key, base_url }
    TextContentPart { text }
    ImageContentPart { url, base64, media_type }
    ImageFileContentPart { image_id, filename }
    ToolCallContentPart { id, name, arguments }
    ToolResultContentPart { tool_call_id, result, error }
    ReasoningConfig { effort }
    Controls { model_id, locale, reasoning, hints }
    ExternalActor { actor_id, actor_name, source, metadata }
    Message {
        id, role, content, phase, thinking, thinking_signature, controls, metadata, external_actor,
        created_at,
    }
    EventContext { turn_id, input_message_id, exec_id, trace_id, span_id, parent_span_id }
    FileInfo {
        id, session_id, path, name, is_directory, is_readonly, size_bytes, created_at, updated_at,
    }
    SessionFile {
        id, session_id, path, name, content, encoding, is_directory, is_readonly, size_bytes,
        created_at, updated_at,
    }
    FileStat { path, name, is_directory, is_readonly, size_bytes, created_at, updated_at }
    GrepMatch { path, line_number, line }
    KeyInfo { key, created_at, updated_at }
    SecretInfo { name, created_at, updated_at }
    RuntimeHostTurnContext { agent, session, messages, model, mcp_tool_definitions }
}

impl Arb for CapabilityId {
    fn arb(tape: &mut Tape<'_>) -> Self {
        Self::new(tape.make::<String>())
    }
}

impl Arb for ToolDefinition {
    fn arb(tape: &mut Tape<'_>) -> Self {
        if tape.make() {
            Self::ClientSide(tape.make())
        } else {
            Self::Builtin(tape.make())
        }
    }
}

impl Arb for ContentPart {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(5) {
            0 => Self::Text(tape.make()),
            1 => Self::Image(tape.make()),
            2 => Self::ImageFile(tape.make()),
            3 => Self::ToolCall(tape.make()),
            _ => Self::ToolResult(tape.make()),
        }
    }
}

/// Every filter but the one that is code.
impl Arb for MessageFilter {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(6) {
            0 => Self::TimeRange {
                from: tape.make(),
                to: tape.make(),
            },
            1 => Self::EventTypes(tape.make()),
            2 => Self::ToolName(tape.make()),
            3 => Self::Search(tape.make()),
            4 => Self::ExcludeIds(tape.make()),
            _ => Self::IncludeIds(tape.make()),
        }
    }
}

/// An event of a type upstream knows, one with a random message in it, or one of a
/// type upstream does not know.
impl Arb for EventRequest {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let (event_type, data) = match tape.below(4) {
            0 | 1 => {
                let (event_type, data) = tape.choose(&samples());
                (event_type, deserialize_event_data(event_type, data))
            }
            2 => {
                // Upstream's own JSON of a message takes a result of null for none.
                let message = serde_json::to_value(tape.make::<Message>()).unwrap();
                let message = serde_json::from_value(message).unwrap();
                let data = EventData::InputMessage(InputMessageData::new(message));
                (data.event_type(), data)
            }
            _ => {
                let event_type = "vendor.future.type";
                let data = EventData::Unsupported {
                    event_type: event_type.to_string(),
                    data: tape.make(),
                };
                (event_type, data)
            }
        };
        Self {
            event_type: event_type.to_string(),
            ts: tape.make(),
            session_id: tape.make(),
            context: tape.make(),
            data,
            metadata: tape.make(),
            tags: tape.make(),
        }
    }
}

impl Arb for Event {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let request: EventRequest = tape.make();
        let number = 1 + tape.below(i32::MAX as usize) as i32;
        let mut event = request.into_event(tape.make(), 0);
        event.sequence = tape.choose(&[None, Some(1), Some(number), Some(i32::MAX)]);
        event
    }
}

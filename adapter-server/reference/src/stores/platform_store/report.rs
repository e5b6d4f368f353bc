//! What fills the context of a session's model.
//!
//! A session that has asked a model has told in its last `llm.generation` event what
//! was sent: that, and the messages since, is what the next call will send. One that
//! has not is estimated from what is stored: prompts and tools of its harness chain,
//! its agent and itself, with the built-in capabilities they name, and its messages.
//! Both are taken apart and counted by upstream, at four characters a token.

use crate::db::Tx;
use crate::stores::agent_store::AGENTS;
use crate::stores::platform_store::capabilities::known;
use crate::stores::session_store::SESSIONS;
use crate::stores::{event_log, harness_store, llm_provider_store, message_retriever};
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::config_layer::AgentConfigOverlay;
use everruns_core::context_report::build_session_context_report_from_generation;
use everruns_core::events::{
    LLM_GENERATION, LlmGenerationData, LlmGenerationMetadata, OUTPUT_MESSAGE_COMPLETED, TokenUsage,
    ToolDefinitionSummary,
};
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;
use everruns_core::{Session, SessionContextReport, get_model_profile};
use mortise_proto::StoreError;
use serde::Deserialize;

/// The most answers that are read at a time.
const PAGE: i64 = 256;

/// The report of a session, of one moment.
pub(super) async fn of(tx: &mut Tx, id: SessionId) -> Result<SessionContextReport, StoreError> {
    let session = SESSIONS.existing(tx, id).await?;
    let (mut generation, since) = match last_generation(tx, id).await? {
        Some(last) => last,
        None => (expected(tx, &session).await?, 0),
    };
    let messages = message_retriever::load_after(tx, id, since).await?;
    generation.messages.extend(messages);
    let usage = match session.usage {
        Some(usage) => Some(usage),
        None => consumed(tx, id).await?,
    };
    let window = context_window(&generation.metadata);
    Ok(build_session_context_report_from_generation(
        id.to_string(),
        &generation,
        window,
        usage,
    ))
}

/// What the last call of a model sent, and the sequence number of the event that says
/// so.
async fn last_generation(
    tx: &mut Tx,
    id: SessionId,
) -> Result<Option<(LlmGenerationData, i64)>, StoreError> {
    let mut events = event_log::newest_of_type(tx, id, LLM_GENERATION, i64::MAX, 1).await?;
    let Some(event) = events.pop() else {
        return Ok(None);
    };
    // Events are stored whatever they hold; one that says nothing is none.
    let generation = serde_json::from_str(&event.data_json).ok();
    Ok(generation.map(|generation| (generation, event.sequence)))
}

/// What a first call of a model would send, without messages.
async fn expected(tx: &mut Tx, session: &Session) -> Result<LlmGenerationData, StoreError> {
    let chain = harness_store::chain(tx, session.harness_id).await?;
    let agent = match session.agent_id {
        Some(agent_id) => AGENTS.find(tx, agent_id).await?,
        None => None,
    };
    let layers = chain.iter().map(AgentConfigOverlay::from);
    let layers = layers.chain(agent.as_ref().map(AgentConfigOverlay::from));
    let layers = layers.chain([AgentConfigOverlay::from(session)]);
    let config = AgentConfigOverlay::fold(layers);

    let mut model = match config.default_model_id {
        Some(model_id) => llm_provider_store::find(tx, model_id).await?,
        None => None,
    };
    if model.is_none() {
        model = llm_provider_store::find_default(tx).await?;
    }
    let named = config
        .capabilities
        .iter()
        .map(|named| named.capability_id());
    let capabilities = with_dependencies(named);
    let prompt = prompt(&capabilities, config.system_prompt.unwrap_or_default());
    let own = config.tools.iter().map(ToolDefinitionSummary::from);
    let tools = own.chain(capabilities.iter().flat_map(|info| tools(info)));
    Ok(LlmGenerationData::success(
        (!prompt.is_empty())
            .then(|| Message::system(prompt))
            .into_iter()
            .collect(),
        tools.collect(),
        None,
        Vec::new(),
        model
            .as_ref()
            .map(|model| model.model.clone())
            .unwrap_or_default(),
        model.map(|model| model.provider_type.to_string()),
        None,
        None,
        None,
    ))
}

/// The built-in capabilities among those named, and those that come with them.
fn with_dependencies<'a>(named: impl Iterator<Item = &'a str>) -> Vec<&'static CapabilityInfo> {
    let mut found: Vec<&'static CapabilityInfo> = Vec::new();
    let mut wanted: Vec<String> = named.map(Into::into).collect();
    wanted.reverse();
    while let Some(id) = wanted.pop() {
        let Some(info) = known(&id) else {
            continue;
        };
        if found.iter().all(|other| other.id != info.id) {
            found.push(info);
            wanted.extend(info.dependencies.iter().cloned());
        }
    }
    found
}

/// The tools of a capability, each saying whose it is, as upstream's do.
fn tools(info: &CapabilityInfo) -> impl Iterator<Item = ToolDefinitionSummary> {
    let of_capability = |tool| ToolDefinitionSummary {
        capability_id: Some(info.id.as_str().to_string()),
        capability_name: Some(info.name.clone()),
        ..ToolDefinitionSummary::from(tool)
    };
    info.tool_definitions.iter().map(of_capability)
}

/// The prompt as upstream puts it together: each capability in a block that names it.
fn prompt(capabilities: &[&CapabilityInfo], own: String) -> String {
    let mut prompt = String::new();
    for info in capabilities {
        if let Some(addition) = &info.system_prompt {
            let id = info.id.as_str();
            prompt += &format!("<capability id=\"{id}\">\n{addition}\n</capability>\n\n");
        }
    }
    prompt + &own
}

/// Tokens that the model's context holds, where upstream knows the model.
fn context_window(metadata: &LlmGenerationMetadata) -> Option<u32> {
    let provider: LlmProviderType = metadata.provider.as_deref()?.parse().ok()?;
    let profile = get_model_profile(&provider, &metadata.model)?;
    u32::try_from(profile.limits?.context).ok()
}

/// What the session's answers have consumed; `None` if none says.
async fn consumed(tx: &mut Tx, id: SessionId) -> Result<Option<TokenUsage>, StoreError> {
    #[derive(Deserialize)]
    struct Completed {
        usage: Option<TokenUsage>,
    }
    let (mut consumed, mut before) = (None, i64::MAX);
    loop {
        let answers = event_log::newest_of_type(tx, id, OUTPUT_MESSAGE_COMPLETED, before, PAGE);
        let answers = answers.await?;
        let Some(last) = answers.last() else {
            return Ok(consumed);
        };
        before = last.sequence;
        for answer in answers {
            let Ok(Completed { usage: Some(usage) }) = serde_json::from_str(&answer.data_json)
            else {
                continue;
            };
            consumed = Some(match consumed {
                Some(consumed) => sum(consumed, usage),
                None => usage,
            });
        }
    }
}

/// Stops at the largest number instead of overflowing.
fn sum(one: TokenUsage, other: TokenUsage) -> TokenUsage {
    fn both<T>(one: Option<T>, other: Option<T>, add: fn(T, T) -> T) -> Option<T> {
        match (one, other) {
            (Some(one), Some(other)) => Some(add(one, other)),
            (one, other) => one.or(other),
        }
    }
    let cached = |one, other| both(one, other, u32::saturating_add);
    let cost = |one, other| both(one, other, |one: f64, other| one + other);
    TokenUsage {
        input_tokens: one.input_tokens.saturating_add(other.input_tokens),
        output_tokens: one.output_tokens.saturating_add(other.output_tokens),
        cache_read_tokens: cached(one.cache_read_tokens, other.cache_read_tokens),
        cache_creation_tokens: cached(one.cache_creation_tokens, other.cache_creation_tokens),
        actual_cost_usd: cost(one.actual_cost_usd, other.actual_cost_usd),
        estimated_cost_usd: cost(one.estimated_cost_usd, other.estimated_cost_usd),
    }
}

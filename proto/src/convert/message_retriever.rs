//! Messages and the filters they are chosen by. The parts of a message are in
//! `content_part`.

use std::collections::HashMap;

use everruns_core::message::{
    Controls, ExecutionPhase, ExternalActor, Message, MessageRole, ReasoningConfig,
};
use everruns_core::message_filter::MessageFilter;
use everruns_core::typed_id::EventId;

use super::{
    ConvertError, Result, enumeration, id, list, optional_id, optional_nested, optional_timestamp,
    timestamp, to_list, to_timestamp,
};
use crate::pb;
use crate::pb::message_filter::Kind;

// === MessageRole ===

impl From<MessageRole> for pb::MessageRole {
    fn from(role: MessageRole) -> Self {
        match role {
            MessageRole::System => Self::System,
            MessageRole::User => Self::User,
            MessageRole::Agent => Self::Agent,
            MessageRole::ToolResult => Self::ToolResult,
        }
    }
}

impl TryFrom<pb::MessageRole> for MessageRole {
    type Error = ConvertError;

    fn try_from(wire: pb::MessageRole) -> Result<Self> {
        match wire {
            pb::MessageRole::System => Ok(Self::System),
            pb::MessageRole::User => Ok(Self::User),
            pb::MessageRole::Agent => Ok(Self::Agent),
            pb::MessageRole::ToolResult => Ok(Self::ToolResult),
            pb::MessageRole::Unspecified => Err(ConvertError::unspecified::<pb::MessageRole>()),
        }
    }
}

// === ExecutionPhase ===

impl From<ExecutionPhase> for pb::ExecutionPhase {
    fn from(phase: ExecutionPhase) -> Self {
        match phase {
            ExecutionPhase::Commentary => Self::Commentary,
            ExecutionPhase::FinalAnswer => Self::FinalAnswer,
        }
    }
}

impl TryFrom<pb::ExecutionPhase> for ExecutionPhase {
    type Error = ConvertError;

    fn try_from(wire: pb::ExecutionPhase) -> Result<Self> {
        match wire {
            pb::ExecutionPhase::Commentary => Ok(Self::Commentary),
            pb::ExecutionPhase::FinalAnswer => Ok(Self::FinalAnswer),
            pb::ExecutionPhase::Unspecified => {
                Err(ConvertError::unspecified::<pb::ExecutionPhase>())
            }
        }
    }
}

// === Controls ===

impl From<ReasoningConfig> for pb::ReasoningConfig {
    fn from(reasoning: ReasoningConfig) -> Self {
        let ReasoningConfig { effort } = reasoning;
        Self { effort }
    }
}

impl TryFrom<pb::ReasoningConfig> for ReasoningConfig {
    type Error = ConvertError;

    fn try_from(wire: pb::ReasoningConfig) -> Result<Self> {
        Ok(Self {
            effort: wire.effort,
        })
    }
}

impl From<Controls> for pb::Controls {
    fn from(controls: Controls) -> Self {
        let Controls {
            model_id,
            locale,
            reasoning,
            hints,
        } = controls;
        Self {
            model_id: model_id.map(|id| id.to_string()),
            locale,
            reasoning: reasoning.map(Into::into),
            hints: hints.map(Into::into),
        }
    }
}

impl TryFrom<pb::Controls> for Controls {
    type Error = ConvertError;

    fn try_from(wire: pb::Controls) -> Result<Self> {
        Ok(Self {
            model_id: optional_id("model_id", wire.model_id.as_deref())?,
            locale: wire.locale,
            reasoning: optional_nested("reasoning", wire.reasoning)?,
            hints: optional_nested("hints", wire.hints)?,
        })
    }
}

// === ExternalActor ===

impl From<HashMap<String, String>> for pb::StringMap {
    fn from(values: HashMap<String, String>) -> Self {
        Self {
            values: values.into_iter().collect(),
        }
    }
}

impl TryFrom<pb::StringMap> for HashMap<String, String> {
    type Error = ConvertError;

    fn try_from(wire: pb::StringMap) -> Result<Self> {
        Ok(wire.values.into_iter().collect())
    }
}

impl From<ExternalActor> for pb::ExternalActor {
    fn from(actor: ExternalActor) -> Self {
        let ExternalActor {
            actor_id,
            actor_name,
            source,
            metadata,
        } = actor;
        Self {
            actor_id,
            actor_name,
            source,
            metadata: metadata.map(Into::into),
        }
    }
}

impl TryFrom<pb::ExternalActor> for ExternalActor {
    type Error = ConvertError;

    fn try_from(wire: pb::ExternalActor) -> Result<Self> {
        Ok(Self {
            actor_id: wire.actor_id,
            actor_name: wire.actor_name,
            source: wire.source,
            metadata: optional_nested("metadata", wire.metadata)?,
        })
    }
}

// === Message ===

impl From<Message> for pb::Message {
    fn from(message: Message) -> Self {
        let Message {
            id,
            role,
            content,
            phase,
            thinking,
            thinking_signature,
            controls,
            metadata,
            external_actor,
            created_at,
        } = message;
        Self {
            id: id.to_string(),
            role: pb::MessageRole::from(role).into(),
            content: to_list(content),
            phase: phase.map(|phase| pb::ExecutionPhase::from(phase).into()),
            thinking,
            thinking_signature,
            controls: controls.map(Into::into),
            metadata: metadata.map(Into::into),
            external_actor: external_actor.map(Into::into),
            created_at: Some(to_timestamp(created_at)),
        }
    }
}

impl TryFrom<pb::Message> for Message {
    type Error = ConvertError;

    fn try_from(wire: pb::Message) -> Result<Self> {
        let phase = wire.phase;
        Ok(Self {
            id: id("id", &wire.id)?,
            role: enumeration::<pb::MessageRole, _>("role", wire.role)?,
            content: list("content", wire.content)?,
            phase: phase
                .map(|phase| enumeration::<pb::ExecutionPhase, _>("phase", phase))
                .transpose()?,
            thinking: wire.thinking,
            thinking_signature: wire.thinking_signature,
            controls: optional_nested("controls", wire.controls)?,
            metadata: optional_nested("metadata", wire.metadata)?,
            external_actor: optional_nested("external_actor", wire.external_actor)?,
            created_at: timestamp("created_at", wire.created_at)?,
        })
    }
}

// === MessageFilter ===

/// A filter for the wire. None for [`MessageFilter::Custom`], which is code and
/// cannot cross: the caller applies it to what comes back.
#[must_use]
pub fn to_filter(filter: MessageFilter) -> Option<pb::MessageFilter> {
    let kind = match filter {
        MessageFilter::TimeRange { from, to } => Kind::TimeRange(pb::TimeRange {
            from: from.map(to_timestamp),
            to: to.map(to_timestamp),
        }),
        MessageFilter::EventTypes(types) => Kind::EventTypes(pb::EventTypes { types }),
        MessageFilter::ToolName(name) => Kind::ToolName(name),
        MessageFilter::Search(text) => Kind::Search(text),
        MessageFilter::ExcludeIds(ids) => Kind::ExcludeIds(ids.into()),
        MessageFilter::IncludeIds(ids) => Kind::IncludeIds(ids.into()),
        MessageFilter::Custom(_) => return None,
    };
    Some(pb::MessageFilter { kind: Some(kind) })
}

impl TryFrom<pb::MessageFilter> for MessageFilter {
    type Error = ConvertError;

    fn try_from(wire: pb::MessageFilter) -> Result<Self> {
        let in_range = |error: ConvertError| error.within("time_range");
        let ids = |field, ids| {
            Vec::<EventId>::try_from(ids).map_err(|error: ConvertError| error.within(field))
        };
        match wire.kind {
            Some(Kind::TimeRange(range)) => Ok(Self::TimeRange {
                from: optional_timestamp("from", range.from).map_err(in_range)?,
                to: optional_timestamp("to", range.to).map_err(in_range)?,
            }),
            Some(Kind::EventTypes(types)) => Ok(Self::EventTypes(types.types)),
            Some(Kind::ToolName(name)) => Ok(Self::ToolName(name)),
            Some(Kind::Search(text)) => Ok(Self::Search(text)),
            Some(Kind::ExcludeIds(wire)) => ids("exclude_ids", wire).map(Self::ExcludeIds),
            Some(Kind::IncludeIds(wire)) => ids("include_ids", wire).map(Self::IncludeIds),
            None => Err(ConvertError::new(
                "kind",
                "is missing; send one of time_range, event_types, tool_name, search, \
                 exclude_ids and include_ids",
            )),
        }
    }
}

impl From<Vec<EventId>> for pb::EventIds {
    fn from(ids: Vec<EventId>) -> Self {
        Self {
            ids: ids.into_iter().map(|id| id.to_string()).collect(),
        }
    }
}

impl TryFrom<pb::EventIds> for Vec<EventId> {
    type Error = ConvertError;

    fn try_from(wire: pb::EventIds) -> Result<Self> {
        let convert = |(position, text): (usize, &String)| id(&format!("ids[{position}]"), text);
        wire.ids.iter().enumerate().map(convert).collect()
    }
}

//! The platform's own language model: what it is asked. What it answers is in the file
//! `completion`.

mod completion;

use everruns_core::tool_types::ToolCall;
use everruns_core::{
    LlmContentPart, LlmMessage, LlmMessageContent, LlmMessageRole, UtilityLlmReasoningEffort,
    UtilityLlmRequest,
};

use super::{ConvertError, Result, enumeration, json, json_text, list, required, to_list};
use crate::pb;

// === UtilityLlmReasoningEffort ===

impl From<UtilityLlmReasoningEffort> for pb::UtilityLlmReasoningEffort {
    fn from(effort: UtilityLlmReasoningEffort) -> Self {
        match effort {
            UtilityLlmReasoningEffort::Low => Self::Low,
            UtilityLlmReasoningEffort::Medium => Self::Medium,
            UtilityLlmReasoningEffort::High => Self::High,
        }
    }
}

impl TryFrom<pb::UtilityLlmReasoningEffort> for UtilityLlmReasoningEffort {
    type Error = ConvertError;

    fn try_from(wire: pb::UtilityLlmReasoningEffort) -> Result<Self> {
        match wire {
            pb::UtilityLlmReasoningEffort::Low => Ok(Self::Low),
            pb::UtilityLlmReasoningEffort::Medium => Ok(Self::Medium),
            pb::UtilityLlmReasoningEffort::High => Ok(Self::High),
            pb::UtilityLlmReasoningEffort::Unspecified => {
                Err(ConvertError::unspecified::<pb::UtilityLlmReasoningEffort>())
            }
        }
    }
}

// === LlmMessageRole ===

impl From<LlmMessageRole> for pb::LlmMessageRole {
    fn from(role: LlmMessageRole) -> Self {
        match role {
            LlmMessageRole::System => Self::System,
            LlmMessageRole::User => Self::User,
            LlmMessageRole::Assistant => Self::Assistant,
            LlmMessageRole::Tool => Self::Tool,
        }
    }
}

impl TryFrom<pb::LlmMessageRole> for LlmMessageRole {
    type Error = ConvertError;

    fn try_from(wire: pb::LlmMessageRole) -> Result<Self> {
        match wire {
            pb::LlmMessageRole::System => Ok(Self::System),
            pb::LlmMessageRole::User => Ok(Self::User),
            pb::LlmMessageRole::Assistant => Ok(Self::Assistant),
            pb::LlmMessageRole::Tool => Ok(Self::Tool),
            pb::LlmMessageRole::Unspecified => {
                Err(ConvertError::unspecified::<pb::LlmMessageRole>())
            }
        }
    }
}

// === LlmContentPart ===

impl From<LlmContentPart> for pb::LlmContentPart {
    fn from(part: LlmContentPart) -> Self {
        use pb::llm_content_part::Part;
        let part = match part {
            LlmContentPart::Text { text } => Part::Text(text),
            LlmContentPart::Image { url } => Part::ImageUrl(url),
            LlmContentPart::Audio { url } => Part::AudioUrl(url),
        };
        Self { part: Some(part) }
    }
}

impl TryFrom<pb::LlmContentPart> for LlmContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::LlmContentPart) -> Result<Self> {
        use pb::llm_content_part::Part;
        Ok(match required("part", wire.part)? {
            Part::Text(text) => Self::Text { text },
            Part::ImageUrl(url) => Self::Image { url },
            Part::AudioUrl(url) => Self::Audio { url },
        })
    }
}

// === ToolCall ===

impl From<ToolCall> for pb::ToolCallPart {
    fn from(call: ToolCall) -> Self {
        let ToolCall {
            id,
            name,
            arguments,
        } = call;
        Self {
            id,
            name,
            arguments_json: json_text(&arguments),
        }
    }
}

impl TryFrom<pb::ToolCallPart> for ToolCall {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolCallPart) -> Result<Self> {
        Ok(Self {
            id: wire.id,
            name: wire.name,
            arguments: json("arguments_json", &wire.arguments_json)?,
        })
    }
}

fn calls_to_wire(calls: Vec<ToolCall>) -> pb::LlmToolCalls {
    pb::LlmToolCalls {
        calls: to_list(calls),
    }
}

fn calls_from_wire(wire: pb::LlmToolCalls) -> Result<Vec<ToolCall>> {
    list("calls", wire.calls).map_err(|error| error.within("tool_calls"))
}

// === LlmMessage ===

impl From<LlmMessage> for pb::LlmMessage {
    fn from(message: LlmMessage) -> Self {
        use pb::llm_message::Content;
        let LlmMessage {
            role,
            content,
            tool_calls,
            tool_call_id,
            phase,
            thinking,
            thinking_signature,
        } = message;
        let content = match content {
            LlmMessageContent::Text(text) => Content::Text(text),
            LlmMessageContent::Parts(parts) => Content::Parts(pb::LlmContentParts {
                parts: to_list(parts),
            }),
        };
        Self {
            role: pb::LlmMessageRole::from(role).into(),
            content: Some(content),
            tool_calls: tool_calls.map(calls_to_wire),
            tool_call_id,
            phase: phase.map(|phase| pb::ExecutionPhase::from(phase).into()),
            thinking,
            thinking_signature,
        }
    }
}

impl TryFrom<pb::LlmMessage> for LlmMessage {
    type Error = ConvertError;

    fn try_from(wire: pb::LlmMessage) -> Result<Self> {
        use pb::llm_message::Content;
        let content = match required("content", wire.content)? {
            Content::Text(text) => LlmMessageContent::Text(text),
            Content::Parts(pb::LlmContentParts { parts }) => LlmMessageContent::Parts(
                list("parts", parts).map_err(|error| error.within("parts"))?,
            ),
        };
        Ok(Self {
            role: enumeration::<pb::LlmMessageRole, _>("role", wire.role)?,
            content,
            tool_calls: wire.tool_calls.map(calls_from_wire).transpose()?,
            tool_call_id: wire.tool_call_id,
            phase: (wire.phase)
                .map(|phase| enumeration::<pb::ExecutionPhase, _>("phase", phase))
                .transpose()?,
            thinking: wire.thinking,
            thinking_signature: wire.thinking_signature,
        })
    }
}

// === UtilityLlmRequest ===

impl From<UtilityLlmRequest> for pb::UtilityLlmRequest {
    fn from(request: UtilityLlmRequest) -> Self {
        let UtilityLlmRequest {
            messages,
            reasoning_effort,
            temperature,
            max_tokens,
            metadata,
        } = request;
        Self {
            messages: to_list(messages),
            reasoning_effort: reasoning_effort
                .map(|effort| pb::UtilityLlmReasoningEffort::from(effort).into()),
            temperature,
            max_tokens,
            metadata: metadata.into_iter().collect(),
        }
    }
}

impl TryFrom<pb::UtilityLlmRequest> for UtilityLlmRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::UtilityLlmRequest) -> Result<Self> {
        Ok(Self {
            messages: list("messages", wire.messages)?,
            reasoning_effort: (wire.reasoning_effort)
                .map(|effort| {
                    enumeration::<pb::UtilityLlmReasoningEffort, _>("reasoning_effort", effort)
                })
                .transpose()?,
            temperature: wire.temperature,
            max_tokens: wire.max_tokens,
            metadata: wire.metadata.into_iter().collect(),
        })
    }
}

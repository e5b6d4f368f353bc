//! What a language model answers: at once, or piece by piece.

use std::time::Duration;

use everruns_core::llm_retry::{RateLimitInfo, RateLimitType, RetryMetadata};
use everruns_core::{LlmCompletionMetadata, LlmResponse, LlmStreamEvent};

use super::super::{ConvertError, Result, enumeration, nested, optional_nested, required};
use super::{calls_from_wire, calls_to_wire};
use crate::pb;

// === RateLimitType ===

impl From<RateLimitType> for pb::RateLimitType {
    fn from(kind: RateLimitType) -> Self {
        match kind {
            RateLimitType::Requests => Self::Requests,
            RateLimitType::InputTokens => Self::InputTokens,
            RateLimitType::OutputTokens => Self::OutputTokens,
            RateLimitType::TotalTokens => Self::TotalTokens,
            RateLimitType::Unknown => Self::Unknown,
        }
    }
}

impl TryFrom<pb::RateLimitType> for RateLimitType {
    type Error = ConvertError;

    fn try_from(wire: pb::RateLimitType) -> Result<Self> {
        match wire {
            pb::RateLimitType::Requests => Ok(Self::Requests),
            pb::RateLimitType::InputTokens => Ok(Self::InputTokens),
            pb::RateLimitType::OutputTokens => Ok(Self::OutputTokens),
            pb::RateLimitType::TotalTokens => Ok(Self::TotalTokens),
            pb::RateLimitType::Unknown => Ok(Self::Unknown),
            pb::RateLimitType::Unspecified => Err(ConvertError::unspecified::<pb::RateLimitType>()),
        }
    }
}

// === RateLimitInfo ===

impl From<RateLimitInfo> for pb::RateLimitInfo {
    fn from(info: RateLimitInfo) -> Self {
        let RateLimitInfo {
            retry_after_secs,
            requests_remaining,
            tokens_remaining,
            requests_reset,
            tokens_reset,
            limit_type,
        } = info;
        Self {
            retry_after_secs,
            requests_remaining,
            tokens_remaining,
            requests_reset,
            tokens_reset,
            limit_type: limit_type.map(|kind| pb::RateLimitType::from(kind).into()),
        }
    }
}

impl TryFrom<pb::RateLimitInfo> for RateLimitInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::RateLimitInfo) -> Result<Self> {
        Ok(Self {
            retry_after_secs: wire.retry_after_secs,
            requests_remaining: wire.requests_remaining,
            tokens_remaining: wire.tokens_remaining,
            requests_reset: wire.requests_reset,
            tokens_reset: wire.tokens_reset,
            limit_type: (wire.limit_type)
                .map(|kind| enumeration::<pb::RateLimitType, _>("limit_type", kind))
                .transpose()?,
        })
    }
}

// === RetryMetadata ===

impl From<RetryMetadata> for pb::RetryMetadata {
    fn from(retries: RetryMetadata) -> Self {
        let RetryMetadata {
            attempts,
            total_retry_wait,
            last_rate_limit_info,
        } = retries;
        Self {
            attempts,
            total_retry_wait: Some(to_duration(total_retry_wait)),
            last_rate_limit_info: last_rate_limit_info.map(Into::into),
        }
    }
}

impl TryFrom<pb::RetryMetadata> for RetryMetadata {
    type Error = ConvertError;

    fn try_from(wire: pb::RetryMetadata) -> Result<Self> {
        Ok(Self {
            attempts: wire.attempts,
            total_retry_wait: duration("total_retry_wait", wire.total_retry_wait)?,
            last_rate_limit_info: optional_nested(
                "last_rate_limit_info",
                wire.last_rate_limit_info,
            )?,
        })
    }
}

// === LlmCompletionMetadata ===

impl From<LlmCompletionMetadata> for pb::LlmCompletionMetadata {
    fn from(metadata: LlmCompletionMetadata) -> Self {
        let LlmCompletionMetadata {
            total_tokens,
            prompt_tokens,
            completion_tokens,
            cache_read_tokens,
            cache_creation_tokens,
            provider_cost_usd,
            model,
            finish_reason,
            retry_metadata,
            response_id,
            phase,
        } = metadata;
        Self {
            total_tokens,
            prompt_tokens,
            completion_tokens,
            cache_read_tokens,
            cache_creation_tokens,
            provider_cost_usd,
            model,
            finish_reason,
            retry_metadata: retry_metadata.map(Into::into),
            response_id,
            phase,
        }
    }
}

impl TryFrom<pb::LlmCompletionMetadata> for LlmCompletionMetadata {
    type Error = ConvertError;

    fn try_from(wire: pb::LlmCompletionMetadata) -> Result<Self> {
        Ok(Self {
            total_tokens: wire.total_tokens,
            prompt_tokens: wire.prompt_tokens,
            completion_tokens: wire.completion_tokens,
            cache_read_tokens: wire.cache_read_tokens,
            cache_creation_tokens: wire.cache_creation_tokens,
            provider_cost_usd: wire.provider_cost_usd,
            model: wire.model,
            finish_reason: wire.finish_reason,
            retry_metadata: optional_nested("retry_metadata", wire.retry_metadata)?,
            response_id: wire.response_id,
            phase: wire.phase,
        })
    }
}

// === LlmResponse ===

impl From<LlmResponse> for pb::ChatCompletionResponse {
    fn from(response: LlmResponse) -> Self {
        let LlmResponse {
            text,
            thinking,
            thinking_signature,
            tool_calls,
            metadata,
        } = response;
        Self {
            text,
            thinking,
            thinking_signature,
            tool_calls: tool_calls.map(calls_to_wire),
            metadata: Some(metadata.into()),
        }
    }
}

impl TryFrom<pb::ChatCompletionResponse> for LlmResponse {
    type Error = ConvertError;

    fn try_from(wire: pb::ChatCompletionResponse) -> Result<Self> {
        Ok(Self {
            text: wire.text,
            thinking: wire.thinking,
            thinking_signature: wire.thinking_signature,
            tool_calls: wire.tool_calls.map(calls_from_wire).transpose()?,
            metadata: nested("metadata", wire.metadata)?,
        })
    }
}

// === LlmStreamEvent ===

impl From<LlmStreamEvent> for pb::ChatCompletionStreamResponse {
    fn from(event: LlmStreamEvent) -> Self {
        use pb::chat_completion_stream_response::Event;
        let event = match event {
            LlmStreamEvent::TextDelta(text) => Event::TextDelta(text),
            LlmStreamEvent::ThinkingDelta(text) => Event::ThinkingDelta(text),
            LlmStreamEvent::ThinkingSignature(text) => Event::ThinkingSignature(text),
            LlmStreamEvent::ReasonItem {
                provider,
                model,
                item_id,
                encrypted_content,
                summary,
                token_count,
            } => Event::ReasonItem(pb::LlmReasonItem {
                provider,
                model,
                item_id,
                encrypted_content,
                summary,
                token_count,
            }),
            LlmStreamEvent::ToolCalls(calls) => Event::ToolCalls(calls_to_wire(calls)),
            LlmStreamEvent::Done(metadata) => Event::Done((*metadata).into()),
            LlmStreamEvent::Error(text) => Event::Error(text),
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<pb::ChatCompletionStreamResponse> for LlmStreamEvent {
    type Error = ConvertError;

    fn try_from(wire: pb::ChatCompletionStreamResponse) -> Result<Self> {
        use pb::chat_completion_stream_response::Event;
        Ok(match required("event", wire.event)? {
            Event::TextDelta(text) => Self::TextDelta(text),
            Event::ThinkingDelta(text) => Self::ThinkingDelta(text),
            Event::ThinkingSignature(text) => Self::ThinkingSignature(text),
            Event::ReasonItem(pb::LlmReasonItem {
                provider,
                model,
                item_id,
                encrypted_content,
                summary,
                token_count,
            }) => Self::ReasonItem {
                provider,
                model,
                item_id,
                encrypted_content,
                summary,
                token_count,
            },
            Event::ToolCalls(calls) => Self::ToolCalls(calls_from_wire(calls)?),
            Event::Done(metadata) => Self::Done(Box::new(nested("done", Some(metadata))?)),
            Event::Error(text) => Self::Error(text),
        })
    }
}

// === durations ===

/// The wire holds half as many seconds as a `Duration`; what is beyond, no one waits for.
fn to_duration(time: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(time.subsec_nanos()).unwrap_or(i32::MAX),
    }
}

fn duration(field: &str, wire: Option<prost_types::Duration>) -> Result<Duration> {
    let prost_types::Duration { seconds, nanos } = required(field, wire)?;
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Ok(Duration::new(seconds, nanos)),
        (Ok(_) | Err(_), _) => Err(ConvertError::new(
            field,
            format!(
                "is {seconds} s and {nanos} ns; send a time that is not negative, with nanos below 1000000000"
            ),
        )),
    }
}

import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import message_retriever_pb2 as _message_retriever_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UtilityLlmReasoningEffort(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UTILITY_LLM_REASONING_EFFORT_UNSPECIFIED: _ClassVar[UtilityLlmReasoningEffort]
    UTILITY_LLM_REASONING_EFFORT_LOW: _ClassVar[UtilityLlmReasoningEffort]
    UTILITY_LLM_REASONING_EFFORT_MEDIUM: _ClassVar[UtilityLlmReasoningEffort]
    UTILITY_LLM_REASONING_EFFORT_HIGH: _ClassVar[UtilityLlmReasoningEffort]

class LlmMessageRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LLM_MESSAGE_ROLE_UNSPECIFIED: _ClassVar[LlmMessageRole]
    LLM_MESSAGE_ROLE_SYSTEM: _ClassVar[LlmMessageRole]
    LLM_MESSAGE_ROLE_USER: _ClassVar[LlmMessageRole]
    LLM_MESSAGE_ROLE_ASSISTANT: _ClassVar[LlmMessageRole]
    LLM_MESSAGE_ROLE_TOOL: _ClassVar[LlmMessageRole]

class RateLimitType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATE_LIMIT_TYPE_UNSPECIFIED: _ClassVar[RateLimitType]
    RATE_LIMIT_TYPE_REQUESTS: _ClassVar[RateLimitType]
    RATE_LIMIT_TYPE_INPUT_TOKENS: _ClassVar[RateLimitType]
    RATE_LIMIT_TYPE_OUTPUT_TOKENS: _ClassVar[RateLimitType]
    RATE_LIMIT_TYPE_TOTAL_TOKENS: _ClassVar[RateLimitType]
    RATE_LIMIT_TYPE_UNKNOWN: _ClassVar[RateLimitType]
UTILITY_LLM_REASONING_EFFORT_UNSPECIFIED: UtilityLlmReasoningEffort
UTILITY_LLM_REASONING_EFFORT_LOW: UtilityLlmReasoningEffort
UTILITY_LLM_REASONING_EFFORT_MEDIUM: UtilityLlmReasoningEffort
UTILITY_LLM_REASONING_EFFORT_HIGH: UtilityLlmReasoningEffort
LLM_MESSAGE_ROLE_UNSPECIFIED: LlmMessageRole
LLM_MESSAGE_ROLE_SYSTEM: LlmMessageRole
LLM_MESSAGE_ROLE_USER: LlmMessageRole
LLM_MESSAGE_ROLE_ASSISTANT: LlmMessageRole
LLM_MESSAGE_ROLE_TOOL: LlmMessageRole
RATE_LIMIT_TYPE_UNSPECIFIED: RateLimitType
RATE_LIMIT_TYPE_REQUESTS: RateLimitType
RATE_LIMIT_TYPE_INPUT_TOKENS: RateLimitType
RATE_LIMIT_TYPE_OUTPUT_TOKENS: RateLimitType
RATE_LIMIT_TYPE_TOTAL_TOKENS: RateLimitType
RATE_LIMIT_TYPE_UNKNOWN: RateLimitType

class LlmContentPart(_message.Message):
    __slots__ = ("text", "image_url", "audio_url")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    AUDIO_URL_FIELD_NUMBER: _ClassVar[int]
    text: str
    image_url: str
    audio_url: str
    def __init__(self, text: _Optional[str] = ..., image_url: _Optional[str] = ..., audio_url: _Optional[str] = ...) -> None: ...

class LlmContentParts(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[LlmContentPart]
    def __init__(self, parts: _Optional[_Iterable[_Union[LlmContentPart, _Mapping]]] = ...) -> None: ...

class LlmToolCalls(_message.Message):
    __slots__ = ("calls",)
    CALLS_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[_message_retriever_pb2.ToolCallPart]
    def __init__(self, calls: _Optional[_Iterable[_Union[_message_retriever_pb2.ToolCallPart, _Mapping]]] = ...) -> None: ...

class LlmMessage(_message.Message):
    __slots__ = ("role", "text", "parts", "tool_calls", "tool_call_id", "phase", "thinking", "thinking_signature")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    THINKING_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    role: LlmMessageRole
    text: str
    parts: LlmContentParts
    tool_calls: LlmToolCalls
    tool_call_id: str
    phase: _message_retriever_pb2.ExecutionPhase
    thinking: str
    thinking_signature: str
    def __init__(self, role: _Optional[_Union[LlmMessageRole, str]] = ..., text: _Optional[str] = ..., parts: _Optional[_Union[LlmContentParts, _Mapping]] = ..., tool_calls: _Optional[_Union[LlmToolCalls, _Mapping]] = ..., tool_call_id: _Optional[str] = ..., phase: _Optional[_Union[_message_retriever_pb2.ExecutionPhase, str]] = ..., thinking: _Optional[str] = ..., thinking_signature: _Optional[str] = ...) -> None: ...

class UtilityLlmRequest(_message.Message):
    __slots__ = ("messages", "reasoning_effort", "temperature", "max_tokens", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    REASONING_EFFORT_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[LlmMessage]
    reasoning_effort: UtilityLlmReasoningEffort
    temperature: float
    max_tokens: int
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, messages: _Optional[_Iterable[_Union[LlmMessage, _Mapping]]] = ..., reasoning_effort: _Optional[_Union[UtilityLlmReasoningEffort, str]] = ..., temperature: _Optional[float] = ..., max_tokens: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RateLimitInfo(_message.Message):
    __slots__ = ("retry_after_secs", "requests_remaining", "tokens_remaining", "requests_reset", "tokens_reset", "limit_type")
    RETRY_AFTER_SECS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_REMAINING_FIELD_NUMBER: _ClassVar[int]
    TOKENS_REMAINING_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_RESET_FIELD_NUMBER: _ClassVar[int]
    TOKENS_RESET_FIELD_NUMBER: _ClassVar[int]
    LIMIT_TYPE_FIELD_NUMBER: _ClassVar[int]
    retry_after_secs: int
    requests_remaining: int
    tokens_remaining: int
    requests_reset: str
    tokens_reset: str
    limit_type: RateLimitType
    def __init__(self, retry_after_secs: _Optional[int] = ..., requests_remaining: _Optional[int] = ..., tokens_remaining: _Optional[int] = ..., requests_reset: _Optional[str] = ..., tokens_reset: _Optional[str] = ..., limit_type: _Optional[_Union[RateLimitType, str]] = ...) -> None: ...

class RetryMetadata(_message.Message):
    __slots__ = ("attempts", "total_retry_wait", "last_rate_limit_info")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_RETRY_WAIT_FIELD_NUMBER: _ClassVar[int]
    LAST_RATE_LIMIT_INFO_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    total_retry_wait: _duration_pb2.Duration
    last_rate_limit_info: RateLimitInfo
    def __init__(self, attempts: _Optional[int] = ..., total_retry_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., last_rate_limit_info: _Optional[_Union[RateLimitInfo, _Mapping]] = ...) -> None: ...

class LlmCompletionMetadata(_message.Message):
    __slots__ = ("total_tokens", "prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_creation_tokens", "provider_cost_usd", "model", "finish_reason", "retry_metadata", "response_id", "phase")
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_CREATION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_COST_USD_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_METADATA_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    total_tokens: int
    prompt_tokens: int
    completion_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    provider_cost_usd: float
    model: str
    finish_reason: str
    retry_metadata: RetryMetadata
    response_id: str
    phase: str
    def __init__(self, total_tokens: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_creation_tokens: _Optional[int] = ..., provider_cost_usd: _Optional[float] = ..., model: _Optional[str] = ..., finish_reason: _Optional[str] = ..., retry_metadata: _Optional[_Union[RetryMetadata, _Mapping]] = ..., response_id: _Optional[str] = ..., phase: _Optional[str] = ...) -> None: ...

class LlmReasonItem(_message.Message):
    __slots__ = ("provider", "model", "item_id", "encrypted_content", "summary", "token_count")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_CONTENT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    item_id: str
    encrypted_content: str
    summary: _containers.RepeatedScalarFieldContainer[str]
    token_count: int
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., item_id: _Optional[str] = ..., encrypted_content: _Optional[str] = ..., summary: _Optional[_Iterable[str]] = ..., token_count: _Optional[int] = ...) -> None: ...

class ChatCompletionRequest(_message.Message):
    __slots__ = ("context", "request")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    request: UtilityLlmRequest
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., request: _Optional[_Union[UtilityLlmRequest, _Mapping]] = ...) -> None: ...

class ChatCompletionResponse(_message.Message):
    __slots__ = ("text", "thinking", "thinking_signature", "tool_calls", "metadata")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    THINKING_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    text: str
    thinking: str
    thinking_signature: str
    tool_calls: LlmToolCalls
    metadata: LlmCompletionMetadata
    def __init__(self, text: _Optional[str] = ..., thinking: _Optional[str] = ..., thinking_signature: _Optional[str] = ..., tool_calls: _Optional[_Union[LlmToolCalls, _Mapping]] = ..., metadata: _Optional[_Union[LlmCompletionMetadata, _Mapping]] = ...) -> None: ...

class ChatCompletionStreamRequest(_message.Message):
    __slots__ = ("context", "request")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    request: UtilityLlmRequest
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., request: _Optional[_Union[UtilityLlmRequest, _Mapping]] = ...) -> None: ...

class ChatCompletionStreamResponse(_message.Message):
    __slots__ = ("text_delta", "thinking_delta", "thinking_signature", "reason_item", "tool_calls", "done", "error")
    TEXT_DELTA_FIELD_NUMBER: _ClassVar[int]
    THINKING_DELTA_FIELD_NUMBER: _ClassVar[int]
    THINKING_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    REASON_ITEM_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    text_delta: str
    thinking_delta: str
    thinking_signature: str
    reason_item: LlmReasonItem
    tool_calls: LlmToolCalls
    done: LlmCompletionMetadata
    error: str
    def __init__(self, text_delta: _Optional[str] = ..., thinking_delta: _Optional[str] = ..., thinking_signature: _Optional[str] = ..., reason_item: _Optional[_Union[LlmReasonItem, _Mapping]] = ..., tool_calls: _Optional[_Union[LlmToolCalls, _Mapping]] = ..., done: _Optional[_Union[LlmCompletionMetadata, _Mapping]] = ..., error: _Optional[str] = ...) -> None: ...

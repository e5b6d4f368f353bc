import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import session_store_pb2 as _session_store_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MessageRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGE_ROLE_UNSPECIFIED: _ClassVar[MessageRole]
    MESSAGE_ROLE_SYSTEM: _ClassVar[MessageRole]
    MESSAGE_ROLE_USER: _ClassVar[MessageRole]
    MESSAGE_ROLE_AGENT: _ClassVar[MessageRole]
    MESSAGE_ROLE_TOOL_RESULT: _ClassVar[MessageRole]

class ExecutionPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_PHASE_UNSPECIFIED: _ClassVar[ExecutionPhase]
    EXECUTION_PHASE_COMMENTARY: _ClassVar[ExecutionPhase]
    EXECUTION_PHASE_FINAL_ANSWER: _ClassVar[ExecutionPhase]
MESSAGE_ROLE_UNSPECIFIED: MessageRole
MESSAGE_ROLE_SYSTEM: MessageRole
MESSAGE_ROLE_USER: MessageRole
MESSAGE_ROLE_AGENT: MessageRole
MESSAGE_ROLE_TOOL_RESULT: MessageRole
EXECUTION_PHASE_UNSPECIFIED: ExecutionPhase
EXECUTION_PHASE_COMMENTARY: ExecutionPhase
EXECUTION_PHASE_FINAL_ANSWER: ExecutionPhase

class GetMessageRequest(_message.Message):
    __slots__ = ("context", "session_id", "message_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    message_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class GetMessageResponse(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class LoadMessagesRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class LoadMessagesResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: MessageChunk
    def __init__(self, chunk: _Optional[_Union[MessageChunk, _Mapping]] = ...) -> None: ...

class LoadFilteredMessagesRequest(_message.Message):
    __slots__ = ("context", "session_id", "filters", "limit", "offset")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    filters: _containers.RepeatedCompositeFieldContainer[MessageFilter]
    limit: int
    offset: int
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., filters: _Optional[_Iterable[_Union[MessageFilter, _Mapping]]] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class LoadFilteredMessagesResponse(_message.Message):
    __slots__ = ("matched", "chunk")
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    matched: int
    chunk: MessageChunk
    def __init__(self, matched: _Optional[int] = ..., chunk: _Optional[_Union[MessageChunk, _Mapping]] = ...) -> None: ...

class LoadMessagePageRequest(_message.Message):
    __slots__ = ("context", "session_id", "offset", "limit")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    offset: int
    limit: int
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., offset: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class LoadMessagePageResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: MessageChunk
    def __init__(self, chunk: _Optional[_Union[MessageChunk, _Mapping]] = ...) -> None: ...

class CountMessagesRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class CountMessagesResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class MessageChunk(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ...) -> None: ...

class MessageFilter(_message.Message):
    __slots__ = ("time_range", "event_types", "tool_name", "search", "exclude_ids", "include_ids")
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_IDS_FIELD_NUMBER: _ClassVar[int]
    time_range: TimeRange
    event_types: EventTypes
    tool_name: str
    search: str
    exclude_ids: EventIds
    include_ids: EventIds
    def __init__(self, time_range: _Optional[_Union[TimeRange, _Mapping]] = ..., event_types: _Optional[_Union[EventTypes, _Mapping]] = ..., tool_name: _Optional[str] = ..., search: _Optional[str] = ..., exclude_ids: _Optional[_Union[EventIds, _Mapping]] = ..., include_ids: _Optional[_Union[EventIds, _Mapping]] = ...) -> None: ...

class TimeRange(_message.Message):
    __slots__ = ("to",)
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    to: _timestamp_pb2.Timestamp
    def __init__(self, to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., **kwargs) -> None: ...

class EventTypes(_message.Message):
    __slots__ = ("types",)
    TYPES_FIELD_NUMBER: _ClassVar[int]
    types: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, types: _Optional[_Iterable[str]] = ...) -> None: ...

class EventIds(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("id", "role", "content", "phase", "thinking", "thinking_signature", "controls", "metadata", "external_actor", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    THINKING_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    role: MessageRole
    content: _containers.RepeatedCompositeFieldContainer[ContentPart]
    phase: ExecutionPhase
    thinking: str
    thinking_signature: str
    controls: Controls
    metadata: _session_store_pb2.JsonMap
    external_actor: ExternalActor
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., role: _Optional[_Union[MessageRole, str]] = ..., content: _Optional[_Iterable[_Union[ContentPart, _Mapping]]] = ..., phase: _Optional[_Union[ExecutionPhase, str]] = ..., thinking: _Optional[str] = ..., thinking_signature: _Optional[str] = ..., controls: _Optional[_Union[Controls, _Mapping]] = ..., metadata: _Optional[_Union[_session_store_pb2.JsonMap, _Mapping]] = ..., external_actor: _Optional[_Union[ExternalActor, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Controls(_message.Message):
    __slots__ = ("model_id", "locale", "reasoning", "hints")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    locale: str
    reasoning: ReasoningConfig
    hints: _session_store_pb2.JsonMap
    def __init__(self, model_id: _Optional[str] = ..., locale: _Optional[str] = ..., reasoning: _Optional[_Union[ReasoningConfig, _Mapping]] = ..., hints: _Optional[_Union[_session_store_pb2.JsonMap, _Mapping]] = ...) -> None: ...

class ReasoningConfig(_message.Message):
    __slots__ = ("effort",)
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    effort: str
    def __init__(self, effort: _Optional[str] = ...) -> None: ...

class ExternalActor(_message.Message):
    __slots__ = ("actor_id", "actor_name", "source", "metadata")
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    actor_id: str
    actor_name: str
    source: str
    metadata: StringMap
    def __init__(self, actor_id: _Optional[str] = ..., actor_name: _Optional[str] = ..., source: _Optional[str] = ..., metadata: _Optional[_Union[StringMap, _Mapping]] = ...) -> None: ...

class StringMap(_message.Message):
    __slots__ = ("values",)
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.ScalarMap[str, str]
    def __init__(self, values: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ContentPart(_message.Message):
    __slots__ = ("text", "image", "image_file", "tool_call", "tool_result")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FILE_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULT_FIELD_NUMBER: _ClassVar[int]
    text: TextPart
    image: ImagePart
    image_file: ImageFilePart
    tool_call: ToolCallPart
    tool_result: ToolResultPart
    def __init__(self, text: _Optional[_Union[TextPart, _Mapping]] = ..., image: _Optional[_Union[ImagePart, _Mapping]] = ..., image_file: _Optional[_Union[ImageFilePart, _Mapping]] = ..., tool_call: _Optional[_Union[ToolCallPart, _Mapping]] = ..., tool_result: _Optional[_Union[ToolResultPart, _Mapping]] = ...) -> None: ...

class TextPart(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class ImagePart(_message.Message):
    __slots__ = ("url", "base64", "media_type")
    URL_FIELD_NUMBER: _ClassVar[int]
    BASE64_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    url: str
    base64: str
    media_type: str
    def __init__(self, url: _Optional[str] = ..., base64: _Optional[str] = ..., media_type: _Optional[str] = ...) -> None: ...

class ImageFilePart(_message.Message):
    __slots__ = ("image_id", "filename")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    filename: str
    def __init__(self, image_id: _Optional[str] = ..., filename: _Optional[str] = ...) -> None: ...

class ToolCallPart(_message.Message):
    __slots__ = ("id", "name", "arguments_json")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    arguments_json: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., arguments_json: _Optional[str] = ...) -> None: ...

class ToolResultPart(_message.Message):
    __slots__ = ("tool_call_id", "result_json", "error")
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    tool_call_id: str
    result_json: str
    error: str
    def __init__(self, tool_call_id: _Optional[str] = ..., result_json: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

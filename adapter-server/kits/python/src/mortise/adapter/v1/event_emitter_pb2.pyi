import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventContext(_message.Message):
    __slots__ = ("turn_id", "input_message_id", "exec_id", "trace_id", "span_id", "parent_span_id")
    TURN_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    EXEC_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    turn_id: str
    input_message_id: str
    exec_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    def __init__(self, turn_id: _Optional[str] = ..., input_message_id: _Optional[str] = ..., exec_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., span_id: _Optional[str] = ..., parent_span_id: _Optional[str] = ...) -> None: ...

class EventTags(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class NewEvent(_message.Message):
    __slots__ = ("type", "ts", "session_id", "context", "data_json", "metadata_json", "tags")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TS_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    type: str
    ts: _timestamp_pb2.Timestamp
    session_id: str
    context: EventContext
    data_json: str
    metadata_json: str
    tags: EventTags
    def __init__(self, type: _Optional[str] = ..., ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., session_id: _Optional[str] = ..., context: _Optional[_Union[EventContext, _Mapping]] = ..., data_json: _Optional[str] = ..., metadata_json: _Optional[str] = ..., tags: _Optional[_Union[EventTags, _Mapping]] = ...) -> None: ...

class EmitRequest(_message.Message):
    __slots__ = ("context", "event", "proposed_event_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    event: NewEvent
    proposed_event_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., event: _Optional[_Union[NewEvent, _Mapping]] = ..., proposed_event_id: _Optional[str] = ...) -> None: ...

class EmitResponse(_message.Message):
    __slots__ = ("event_id", "sequence")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    sequence: int
    def __init__(self, event_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class EmitStreamRequest(_message.Message):
    __slots__ = ("context", "event", "proposed_event_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    event: NewEvent
    proposed_event_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., event: _Optional[_Union[NewEvent, _Mapping]] = ..., proposed_event_id: _Optional[str] = ...) -> None: ...

class EmitStreamResponse(_message.Message):
    __slots__ = ("request_id", "ack", "failure")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ack: EmitAck
    failure: EmitFailure
    def __init__(self, request_id: _Optional[str] = ..., ack: _Optional[_Union[EmitAck, _Mapping]] = ..., failure: _Optional[_Union[EmitFailure, _Mapping]] = ...) -> None: ...

class EmitAck(_message.Message):
    __slots__ = ("event_id", "sequence")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    sequence: int
    def __init__(self, event_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class EmitFailure(_message.Message):
    __slots__ = ("code", "reason", "message", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

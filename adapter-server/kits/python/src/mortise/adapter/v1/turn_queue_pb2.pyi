import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TurnRequest(_message.Message):
    __slots__ = ("session_id", "input_message_id", "sequence", "requested_at")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    input_message_id: str
    sequence: int
    requested_at: _timestamp_pb2.Timestamp
    def __init__(self, session_id: _Optional[str] = ..., input_message_id: _Optional[str] = ..., sequence: _Optional[int] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FollowTurnRequestsRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ...) -> None: ...

class FollowTurnRequestsResponse(_message.Message):
    __slots__ = ("turn_request",)
    TURN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    turn_request: TurnRequest
    def __init__(self, turn_request: _Optional[_Union[TurnRequest, _Mapping]] = ...) -> None: ...

class TakeTurnRequestRequest(_message.Message):
    __slots__ = ("context", "session_id", "input_message_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    input_message_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., input_message_id: _Optional[str] = ...) -> None: ...

class TakeTurnRequestResponse(_message.Message):
    __slots__ = ("taken",)
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    taken: bool
    def __init__(self, taken: _Optional[bool] = ...) -> None: ...

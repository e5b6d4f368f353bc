from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class CallContext(_message.Message):
    __slots__ = ("org_id", "org_public_id", "session_id", "turn_id", "request_id", "fence")
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    ORG_PUBLIC_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    org_id: int
    org_public_id: str
    session_id: str
    turn_id: str
    request_id: str
    fence: int
    def __init__(self, org_id: _Optional[int] = ..., org_public_id: _Optional[str] = ..., session_id: _Optional[str] = ..., turn_id: _Optional[str] = ..., request_id: _Optional[str] = ..., fence: _Optional[int] = ...) -> None: ...

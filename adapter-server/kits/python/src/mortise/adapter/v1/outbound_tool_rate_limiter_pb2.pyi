from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckOrgRequest(_message.Message):
    __slots__ = ("context", "org_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    org_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., org_id: _Optional[str] = ...) -> None: ...

class CheckOrgResponse(_message.Message):
    __slots__ = ("allowed",)
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    def __init__(self, allowed: _Optional[bool] = ...) -> None: ...

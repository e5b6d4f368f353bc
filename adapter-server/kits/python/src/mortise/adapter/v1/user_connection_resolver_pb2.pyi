from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetConnectionTokenRequest(_message.Message):
    __slots__ = ("context", "session_id", "provider")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    provider: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...

class GetConnectionTokenResponse(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class GetConnectionUserRequest(_message.Message):
    __slots__ = ("context", "session_id", "provider")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    provider: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...

class GetConnectionUserResponse(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class GetConnectionTokenForUserRequest(_message.Message):
    __slots__ = ("context", "user_id", "provider")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    user_id: str
    provider: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., user_id: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...

class GetConnectionTokenForUserResponse(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class GetConnectionMetadataRequest(_message.Message):
    __slots__ = ("context", "session_id", "provider")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    provider: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...

class GetConnectionMetadataResponse(_message.Message):
    __slots__ = ("metadata_json",)
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    metadata_json: str
    def __init__(self, metadata_json: _Optional[str] = ...) -> None: ...

class Connection(_message.Message):
    __slots__ = ("user_id", "provider", "token", "metadata_json")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    provider: str
    token: str
    metadata_json: str
    def __init__(self, user_id: _Optional[str] = ..., provider: _Optional[str] = ..., token: _Optional[str] = ..., metadata_json: _Optional[str] = ...) -> None: ...

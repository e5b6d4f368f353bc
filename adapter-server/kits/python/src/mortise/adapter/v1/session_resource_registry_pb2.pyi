import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionResourceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_RESOURCE_STATUS_UNSPECIFIED: _ClassVar[SessionResourceStatus]
    SESSION_RESOURCE_STATUS_ACTIVE: _ClassVar[SessionResourceStatus]
    SESSION_RESOURCE_STATUS_COMPLETED: _ClassVar[SessionResourceStatus]
    SESSION_RESOURCE_STATUS_FAILED: _ClassVar[SessionResourceStatus]
    SESSION_RESOURCE_STATUS_RELEASED: _ClassVar[SessionResourceStatus]
SESSION_RESOURCE_STATUS_UNSPECIFIED: SessionResourceStatus
SESSION_RESOURCE_STATUS_ACTIVE: SessionResourceStatus
SESSION_RESOURCE_STATUS_COMPLETED: SessionResourceStatus
SESSION_RESOURCE_STATUS_FAILED: SessionResourceStatus
SESSION_RESOURCE_STATUS_RELEASED: SessionResourceStatus

class SessionResourceEntry(_message.Message):
    __slots__ = ("resource_id", "session_id", "kind", "display_name", "status", "metadata_json", "created_at", "updated_at")
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    resource_id: str
    session_id: str
    kind: str
    display_name: str
    status: SessionResourceStatus
    metadata_json: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, resource_id: _Optional[str] = ..., session_id: _Optional[str] = ..., kind: _Optional[str] = ..., display_name: _Optional[str] = ..., status: _Optional[_Union[SessionResourceStatus, str]] = ..., metadata_json: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RegisterRequest(_message.Message):
    __slots__ = ("context", "session_id", "resource_id", "kind", "display_name", "status", "metadata_json")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    resource_id: str
    kind: str
    display_name: str
    status: SessionResourceStatus
    metadata_json: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., resource_id: _Optional[str] = ..., kind: _Optional[str] = ..., display_name: _Optional[str] = ..., status: _Optional[_Union[SessionResourceStatus, str]] = ..., metadata_json: _Optional[str] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: SessionResourceEntry
    def __init__(self, entry: _Optional[_Union[SessionResourceEntry, _Mapping]] = ...) -> None: ...

class UpdateStatusRequest(_message.Message):
    __slots__ = ("context", "session_id", "resource_id", "status")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    resource_id: str
    status: SessionResourceStatus
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., resource_id: _Optional[str] = ..., status: _Optional[_Union[SessionResourceStatus, str]] = ...) -> None: ...

class UpdateStatusResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: SessionResourceEntry
    def __init__(self, entry: _Optional[_Union[SessionResourceEntry, _Mapping]] = ...) -> None: ...

class GetSessionResourceRequest(_message.Message):
    __slots__ = ("context", "session_id", "resource_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    resource_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., resource_id: _Optional[str] = ...) -> None: ...

class GetSessionResourceResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: SessionResourceEntry
    def __init__(self, entry: _Optional[_Union[SessionResourceEntry, _Mapping]] = ...) -> None: ...

class ListSessionResourcesRequest(_message.Message):
    __slots__ = ("context", "session_id", "kind", "status")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    kind: str
    status: SessionResourceStatus
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., kind: _Optional[str] = ..., status: _Optional[_Union[SessionResourceStatus, str]] = ...) -> None: ...

class ListSessionResourcesResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[SessionResourceEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[SessionResourceEntry, _Mapping]]] = ...) -> None: ...

class DeregisterRequest(_message.Message):
    __slots__ = ("context", "session_id", "resource_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    resource_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., resource_id: _Optional[str] = ...) -> None: ...

class DeregisterResponse(_message.Message):
    __slots__ = ("deregistered",)
    DEREGISTERED_FIELD_NUMBER: _ClassVar[int]
    deregistered: bool
    def __init__(self, deregistered: _Optional[bool] = ...) -> None: ...

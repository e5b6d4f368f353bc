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

class LeasedResourceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEASED_RESOURCE_STATUS_UNSPECIFIED: _ClassVar[LeasedResourceStatus]
    LEASED_RESOURCE_STATUS_ACTIVE: _ClassVar[LeasedResourceStatus]
    LEASED_RESOURCE_STATUS_CLEANING: _ClassVar[LeasedResourceStatus]
    LEASED_RESOURCE_STATUS_RELEASED: _ClassVar[LeasedResourceStatus]
    LEASED_RESOURCE_STATUS_CLEANUP_FAILED: _ClassVar[LeasedResourceStatus]
LEASED_RESOURCE_STATUS_UNSPECIFIED: LeasedResourceStatus
LEASED_RESOURCE_STATUS_ACTIVE: LeasedResourceStatus
LEASED_RESOURCE_STATUS_CLEANING: LeasedResourceStatus
LEASED_RESOURCE_STATUS_RELEASED: LeasedResourceStatus
LEASED_RESOURCE_STATUS_CLEANUP_FAILED: LeasedResourceStatus

class LeasedResource(_message.Message):
    __slots__ = ("id", "session_id", "provider", "resource_type", "external_id", "display_name", "status", "owner_user_id", "lease_duration_seconds", "last_touched_at", "lease_expires_at", "cleanup_started_at", "cleanup_completed_at", "cleanup_attempts", "last_cleanup_error", "metadata_json", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OWNER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LAST_TOUCHED_AT_FIELD_NUMBER: _ClassVar[int]
    LEASE_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CLEANUP_STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    CLEANUP_COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    CLEANUP_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    LAST_CLEANUP_ERROR_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    session_id: str
    provider: str
    resource_type: str
    external_id: str
    display_name: str
    status: LeasedResourceStatus
    owner_user_id: str
    lease_duration_seconds: int
    last_touched_at: _timestamp_pb2.Timestamp
    lease_expires_at: _timestamp_pb2.Timestamp
    cleanup_started_at: _timestamp_pb2.Timestamp
    cleanup_completed_at: _timestamp_pb2.Timestamp
    cleanup_attempts: int
    last_cleanup_error: str
    metadata_json: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ..., resource_type: _Optional[str] = ..., external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., status: _Optional[_Union[LeasedResourceStatus, str]] = ..., owner_user_id: _Optional[str] = ..., lease_duration_seconds: _Optional[int] = ..., last_touched_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleanup_started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleanup_completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleanup_attempts: _Optional[int] = ..., last_cleanup_error: _Optional[str] = ..., metadata_json: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UpsertResourceRequest(_message.Message):
    __slots__ = ("context", "session_id", "provider", "resource_type", "external_id", "display_name", "owner_user_id", "lease_duration_seconds", "metadata_json")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    provider: str
    resource_type: str
    external_id: str
    display_name: str
    owner_user_id: str
    lease_duration_seconds: int
    metadata_json: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ..., resource_type: _Optional[str] = ..., external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., owner_user_id: _Optional[str] = ..., lease_duration_seconds: _Optional[int] = ..., metadata_json: _Optional[str] = ...) -> None: ...

class UpsertResourceResponse(_message.Message):
    __slots__ = ("resource",)
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    resource: LeasedResource
    def __init__(self, resource: _Optional[_Union[LeasedResource, _Mapping]] = ...) -> None: ...

class ReleaseResourceRequest(_message.Message):
    __slots__ = ("context", "session_id", "provider", "resource_type", "external_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    provider: str
    resource_type: str
    external_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., provider: _Optional[str] = ..., resource_type: _Optional[str] = ..., external_id: _Optional[str] = ...) -> None: ...

class ReleaseResourceResponse(_message.Message):
    __slots__ = ("resource",)
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    resource: LeasedResource
    def __init__(self, resource: _Optional[_Union[LeasedResource, _Mapping]] = ...) -> None: ...

class ListResourcesRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class ListResourcesResponse(_message.Message):
    __slots__ = ("resources",)
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[LeasedResource]
    def __init__(self, resources: _Optional[_Iterable[_Union[LeasedResource, _Mapping]]] = ...) -> None: ...

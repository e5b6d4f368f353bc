import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HarnessStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HARNESS_STATUS_UNSPECIFIED: _ClassVar[HarnessStatus]
    HARNESS_STATUS_ACTIVE: _ClassVar[HarnessStatus]
    HARNESS_STATUS_ARCHIVED: _ClassVar[HarnessStatus]
    HARNESS_STATUS_DELETED: _ClassVar[HarnessStatus]
HARNESS_STATUS_UNSPECIFIED: HarnessStatus
HARNESS_STATUS_ACTIVE: HarnessStatus
HARNESS_STATUS_ARCHIVED: HarnessStatus
HARNESS_STATUS_DELETED: HarnessStatus

class GetHarnessChainRequest(_message.Message):
    __slots__ = ("context", "harness_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ...) -> None: ...

class GetHarnessChainResponse(_message.Message):
    __slots__ = ("harnesses",)
    HARNESSES_FIELD_NUMBER: _ClassVar[int]
    harnesses: _containers.RepeatedCompositeFieldContainer[Harness]
    def __init__(self, harnesses: _Optional[_Iterable[_Union[Harness, _Mapping]]] = ...) -> None: ...

class Harness(_message.Message):
    __slots__ = ("id", "name", "display_name", "description", "system_prompt", "parent_harness_id", "default_model_id", "tags", "capabilities", "initial_files", "network_access", "mcp_servers", "is_built_in", "status", "created_at", "updated_at", "archived_at", "deleted_at")
    class McpServersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _platform_types_pb2.ScopedMcpServer
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_platform_types_pb2.ScopedMcpServer, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    PARENT_HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FILES_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACCESS_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVERS_FIELD_NUMBER: _ClassVar[int]
    IS_BUILT_IN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    display_name: str
    description: str
    system_prompt: str
    parent_harness_id: str
    default_model_id: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    capabilities: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.AgentCapabilityConfig]
    initial_files: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.InitialFile]
    network_access: _platform_types_pb2.NetworkAccessList
    mcp_servers: _containers.MessageMap[str, _platform_types_pb2.ScopedMcpServer]
    is_built_in: bool
    status: HarnessStatus
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    archived_at: _timestamp_pb2.Timestamp
    deleted_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., system_prompt: _Optional[str] = ..., parent_harness_id: _Optional[str] = ..., default_model_id: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., capabilities: _Optional[_Iterable[_Union[_platform_types_pb2.AgentCapabilityConfig, _Mapping]]] = ..., initial_files: _Optional[_Iterable[_Union[_platform_types_pb2.InitialFile, _Mapping]]] = ..., network_access: _Optional[_Union[_platform_types_pb2.NetworkAccessList, _Mapping]] = ..., mcp_servers: _Optional[_Mapping[str, _platform_types_pb2.ScopedMcpServer]] = ..., is_built_in: _Optional[bool] = ..., status: _Optional[_Union[HarnessStatus, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., archived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

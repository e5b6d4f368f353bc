import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from mortise.adapter.v1 import tool_types_pb2 as _tool_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGENT_STATUS_UNSPECIFIED: _ClassVar[AgentStatus]
    AGENT_STATUS_ACTIVE: _ClassVar[AgentStatus]
    AGENT_STATUS_ARCHIVED: _ClassVar[AgentStatus]
    AGENT_STATUS_DELETED: _ClassVar[AgentStatus]
AGENT_STATUS_UNSPECIFIED: AgentStatus
AGENT_STATUS_ACTIVE: AgentStatus
AGENT_STATUS_ARCHIVED: AgentStatus
AGENT_STATUS_DELETED: AgentStatus

class GetAgentRequest(_message.Message):
    __slots__ = ("context", "agent_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    agent_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., agent_id: _Optional[str] = ...) -> None: ...

class GetAgentResponse(_message.Message):
    __slots__ = ("agent",)
    AGENT_FIELD_NUMBER: _ClassVar[int]
    agent: Agent
    def __init__(self, agent: _Optional[_Union[Agent, _Mapping]] = ...) -> None: ...

class Agent(_message.Message):
    __slots__ = ("id", "internal_id", "name", "display_name", "description", "system_prompt", "default_model_id", "default_version_id", "forked_from_agent_id", "forked_from_version_id", "root_agent_id", "tags", "capabilities", "initial_files", "network_access", "max_iterations", "tools", "mcp_servers", "status", "created_at", "updated_at", "archived_at", "deleted_at", "usage")
    class McpServersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _platform_types_pb2.ScopedMcpServer
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_platform_types_pb2.ScopedMcpServer, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    FORKED_FROM_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    FORKED_FROM_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROOT_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FILES_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACCESS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVERS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    internal_id: str
    name: str
    display_name: str
    description: str
    system_prompt: str
    default_model_id: str
    default_version_id: str
    forked_from_agent_id: str
    forked_from_version_id: str
    root_agent_id: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    capabilities: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.AgentCapabilityConfig]
    initial_files: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.InitialFile]
    network_access: _platform_types_pb2.NetworkAccessList
    max_iterations: int
    tools: _containers.RepeatedCompositeFieldContainer[_tool_types_pb2.ToolDefinition]
    mcp_servers: _containers.MessageMap[str, _platform_types_pb2.ScopedMcpServer]
    status: AgentStatus
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    archived_at: _timestamp_pb2.Timestamp
    deleted_at: _timestamp_pb2.Timestamp
    usage: _platform_types_pb2.TokenUsage
    def __init__(self, id: _Optional[str] = ..., internal_id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., system_prompt: _Optional[str] = ..., default_model_id: _Optional[str] = ..., default_version_id: _Optional[str] = ..., forked_from_agent_id: _Optional[str] = ..., forked_from_version_id: _Optional[str] = ..., root_agent_id: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., capabilities: _Optional[_Iterable[_Union[_platform_types_pb2.AgentCapabilityConfig, _Mapping]]] = ..., initial_files: _Optional[_Iterable[_Union[_platform_types_pb2.InitialFile, _Mapping]]] = ..., network_access: _Optional[_Union[_platform_types_pb2.NetworkAccessList, _Mapping]] = ..., max_iterations: _Optional[int] = ..., tools: _Optional[_Iterable[_Union[_tool_types_pb2.ToolDefinition, _Mapping]]] = ..., mcp_servers: _Optional[_Mapping[str, _platform_types_pb2.ScopedMcpServer]] = ..., status: _Optional[_Union[AgentStatus, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., archived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., usage: _Optional[_Union[_platform_types_pb2.TokenUsage, _Mapping]] = ...) -> None: ...

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

class SessionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_STATUS_UNSPECIFIED: _ClassVar[SessionStatus]
    SESSION_STATUS_STARTED: _ClassVar[SessionStatus]
    SESSION_STATUS_ACTIVE: _ClassVar[SessionStatus]
    SESSION_STATUS_IDLE: _ClassVar[SessionStatus]
    SESSION_STATUS_WAITING_FOR_TOOL_RESULTS: _ClassVar[SessionStatus]
    SESSION_STATUS_PAUSED: _ClassVar[SessionStatus]

class SubagentStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBAGENT_STATUS_UNSPECIFIED: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_SPAWNING: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_RUNNING: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_COMPLETED: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_FAILED: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_CANCELLED: _ClassVar[SubagentStatus]
    SUBAGENT_STATUS_MAX_ITERATIONS_REACHED: _ClassVar[SubagentStatus]
SESSION_STATUS_UNSPECIFIED: SessionStatus
SESSION_STATUS_STARTED: SessionStatus
SESSION_STATUS_ACTIVE: SessionStatus
SESSION_STATUS_IDLE: SessionStatus
SESSION_STATUS_WAITING_FOR_TOOL_RESULTS: SessionStatus
SESSION_STATUS_PAUSED: SessionStatus
SUBAGENT_STATUS_UNSPECIFIED: SubagentStatus
SUBAGENT_STATUS_SPAWNING: SubagentStatus
SUBAGENT_STATUS_RUNNING: SubagentStatus
SUBAGENT_STATUS_COMPLETED: SubagentStatus
SUBAGENT_STATUS_FAILED: SubagentStatus
SUBAGENT_STATUS_CANCELLED: SubagentStatus
SUBAGENT_STATUS_MAX_ITERATIONS_REACHED: SubagentStatus

class GetSessionRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: Session
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("id", "organization_id", "harness_id", "agent_id", "agent_version_id", "agent_identity_id", "owner_principal_id", "resolved_owner_user_id", "owner", "effective_owner", "title", "locale", "preview", "output_preview", "tags", "model_id", "capabilities", "tools", "mcp_servers", "system_prompt", "initial_files", "hints", "network_access", "max_iterations", "status", "created_at", "updated_at", "started_at", "finished_at", "usage", "is_pinned", "active_schedule_count", "features", "parent_session_id", "subagent_name", "subagent_task", "subagent_status", "blueprint_id", "blueprint_config_json")
    class McpServersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _platform_types_pb2.ScopedMcpServer
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_platform_types_pb2.ScopedMcpServer, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_PRINCIPAL_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_OWNER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_OWNER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVERS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FILES_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACCESS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    IS_PINNED_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_SCHEDULE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PARENT_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBAGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    SUBAGENT_TASK_FIELD_NUMBER: _ClassVar[int]
    SUBAGENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_ID_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    harness_id: str
    agent_id: str
    agent_version_id: str
    agent_identity_id: str
    owner_principal_id: str
    resolved_owner_user_id: str
    owner: _platform_types_pb2.PrincipalSummary
    effective_owner: _platform_types_pb2.PrincipalSummary
    title: str
    locale: str
    preview: str
    output_preview: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    model_id: str
    capabilities: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.AgentCapabilityConfig]
    tools: _containers.RepeatedCompositeFieldContainer[_tool_types_pb2.ToolDefinition]
    mcp_servers: _containers.MessageMap[str, _platform_types_pb2.ScopedMcpServer]
    system_prompt: str
    initial_files: _containers.RepeatedCompositeFieldContainer[_platform_types_pb2.InitialFile]
    hints: JsonMap
    network_access: _platform_types_pb2.NetworkAccessList
    max_iterations: int
    status: SessionStatus
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    usage: _platform_types_pb2.TokenUsage
    is_pinned: bool
    active_schedule_count: int
    features: _containers.RepeatedScalarFieldContainer[str]
    parent_session_id: str
    subagent_name: str
    subagent_task: str
    subagent_status: SubagentStatus
    blueprint_id: str
    blueprint_config_json: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., harness_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., agent_version_id: _Optional[str] = ..., agent_identity_id: _Optional[str] = ..., owner_principal_id: _Optional[str] = ..., resolved_owner_user_id: _Optional[str] = ..., owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., effective_owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., title: _Optional[str] = ..., locale: _Optional[str] = ..., preview: _Optional[str] = ..., output_preview: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., model_id: _Optional[str] = ..., capabilities: _Optional[_Iterable[_Union[_platform_types_pb2.AgentCapabilityConfig, _Mapping]]] = ..., tools: _Optional[_Iterable[_Union[_tool_types_pb2.ToolDefinition, _Mapping]]] = ..., mcp_servers: _Optional[_Mapping[str, _platform_types_pb2.ScopedMcpServer]] = ..., system_prompt: _Optional[str] = ..., initial_files: _Optional[_Iterable[_Union[_platform_types_pb2.InitialFile, _Mapping]]] = ..., hints: _Optional[_Union[JsonMap, _Mapping]] = ..., network_access: _Optional[_Union[_platform_types_pb2.NetworkAccessList, _Mapping]] = ..., max_iterations: _Optional[int] = ..., status: _Optional[_Union[SessionStatus, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., usage: _Optional[_Union[_platform_types_pb2.TokenUsage, _Mapping]] = ..., is_pinned: _Optional[bool] = ..., active_schedule_count: _Optional[int] = ..., features: _Optional[_Iterable[str]] = ..., parent_session_id: _Optional[str] = ..., subagent_name: _Optional[str] = ..., subagent_task: _Optional[str] = ..., subagent_status: _Optional[_Union[SubagentStatus, str]] = ..., blueprint_id: _Optional[str] = ..., blueprint_config_json: _Optional[str] = ...) -> None: ...

class JsonMap(_message.Message):
    __slots__ = ("values_json",)
    class ValuesJsonEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VALUES_JSON_FIELD_NUMBER: _ClassVar[int]
    values_json: _containers.ScalarMap[str, str]
    def __init__(self, values_json: _Optional[_Mapping[str, str]] = ...) -> None: ...

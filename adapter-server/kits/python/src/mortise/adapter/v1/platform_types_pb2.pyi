from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class McpTransportType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MCP_TRANSPORT_TYPE_UNSPECIFIED: _ClassVar[McpTransportType]
    MCP_TRANSPORT_TYPE_HTTP: _ClassVar[McpTransportType]
    MCP_TRANSPORT_TYPE_STDIO: _ClassVar[McpTransportType]

class McpAuthMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MCP_AUTH_MODE_UNSPECIFIED: _ClassVar[McpAuthMode]
    MCP_AUTH_MODE_NONE: _ClassVar[McpAuthMode]
    MCP_AUTH_MODE_API_KEY: _ClassVar[McpAuthMode]
    MCP_AUTH_MODE_OAUTH: _ClassVar[McpAuthMode]

class PrincipalKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRINCIPAL_KIND_UNSPECIFIED: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_USER: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_AGENT_IDENTITY: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_SYSTEM: _ClassVar[PrincipalKind]
MCP_TRANSPORT_TYPE_UNSPECIFIED: McpTransportType
MCP_TRANSPORT_TYPE_HTTP: McpTransportType
MCP_TRANSPORT_TYPE_STDIO: McpTransportType
MCP_AUTH_MODE_UNSPECIFIED: McpAuthMode
MCP_AUTH_MODE_NONE: McpAuthMode
MCP_AUTH_MODE_API_KEY: McpAuthMode
MCP_AUTH_MODE_OAUTH: McpAuthMode
PRINCIPAL_KIND_UNSPECIFIED: PrincipalKind
PRINCIPAL_KIND_USER: PrincipalKind
PRINCIPAL_KIND_AGENT_IDENTITY: PrincipalKind
PRINCIPAL_KIND_SYSTEM: PrincipalKind

class AgentCapabilityConfig(_message.Message):
    __slots__ = ("capability_ref", "config_json")
    CAPABILITY_REF_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    capability_ref: str
    config_json: str
    def __init__(self, capability_ref: _Optional[str] = ..., config_json: _Optional[str] = ...) -> None: ...

class InitialFile(_message.Message):
    __slots__ = ("path", "content", "encoding", "is_readonly")
    PATH_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    IS_READONLY_FIELD_NUMBER: _ClassVar[int]
    path: str
    content: str
    encoding: str
    is_readonly: bool
    def __init__(self, path: _Optional[str] = ..., content: _Optional[str] = ..., encoding: _Optional[str] = ..., is_readonly: _Optional[bool] = ...) -> None: ...

class NetworkAccessList(_message.Message):
    __slots__ = ("allowed", "blocked")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    allowed: _containers.RepeatedScalarFieldContainer[str]
    blocked: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, allowed: _Optional[_Iterable[str]] = ..., blocked: _Optional[_Iterable[str]] = ...) -> None: ...

class ScopedMcpServer(_message.Message):
    __slots__ = ("transport_type", "url", "headers", "command", "args", "env", "auth_mode", "oauth_provider_id", "tool_discovery")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRANSPORT_TYPE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    AUTH_MODE_FIELD_NUMBER: _ClassVar[int]
    OAUTH_PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_DISCOVERY_FIELD_NUMBER: _ClassVar[int]
    transport_type: McpTransportType
    url: str
    headers: _containers.ScalarMap[str, str]
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    env: _containers.ScalarMap[str, str]
    auth_mode: McpAuthMode
    oauth_provider_id: str
    tool_discovery: bool
    def __init__(self, transport_type: _Optional[_Union[McpTransportType, str]] = ..., url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., env: _Optional[_Mapping[str, str]] = ..., auth_mode: _Optional[_Union[McpAuthMode, str]] = ..., oauth_provider_id: _Optional[str] = ..., tool_discovery: _Optional[bool] = ...) -> None: ...

class PrincipalSummary(_message.Message):
    __slots__ = ("id", "kind", "subject_id", "metadata_json")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: PrincipalKind
    subject_id: str
    metadata_json: str
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[_Union[PrincipalKind, str]] = ..., subject_id: _Optional[str] = ..., metadata_json: _Optional[str] = ...) -> None: ...

class TokenUsage(_message.Message):
    __slots__ = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "actual_cost_usd", "estimated_cost_usd")
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_CREATION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_COST_USD_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_COST_USD_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    actual_cost_usd: float
    estimated_cost_usd: float
    def __init__(self, input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_creation_tokens: _Optional[int] = ..., actual_cost_usd: _Optional[float] = ..., estimated_cost_usd: _Optional[float] = ...) -> None: ...

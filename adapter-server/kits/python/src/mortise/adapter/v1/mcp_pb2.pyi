from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class McpHttpEndpoint(_message.Message):
    __slots__ = ("url", "headers")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    url: str
    headers: _containers.ScalarMap[str, str]
    def __init__(self, url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ...) -> None: ...

class McpStdioEndpoint(_message.Message):
    __slots__ = ("command", "args", "env")
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    env: _containers.ScalarMap[str, str]
    def __init__(self, command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., env: _Optional[_Mapping[str, str]] = ...) -> None: ...

class McpConnection(_message.Message):
    __slots__ = ("name", "http", "stdio", "auth_mode", "oauth_provider_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HTTP_FIELD_NUMBER: _ClassVar[int]
    STDIO_FIELD_NUMBER: _ClassVar[int]
    AUTH_MODE_FIELD_NUMBER: _ClassVar[int]
    OAUTH_PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    http: McpHttpEndpoint
    stdio: McpStdioEndpoint
    auth_mode: _platform_types_pb2.McpAuthMode
    oauth_provider_id: str
    def __init__(self, name: _Optional[str] = ..., http: _Optional[_Union[McpHttpEndpoint, _Mapping]] = ..., stdio: _Optional[_Union[McpStdioEndpoint, _Mapping]] = ..., auth_mode: _Optional[_Union[_platform_types_pb2.McpAuthMode, str]] = ..., oauth_provider_id: _Optional[str] = ...) -> None: ...

class McpServer(_message.Message):
    __slots__ = ("connection", "tool_discovery")
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    TOOL_DISCOVERY_FIELD_NUMBER: _ClassVar[int]
    connection: McpConnection
    tool_discovery: bool
    def __init__(self, connection: _Optional[_Union[McpConnection, _Mapping]] = ..., tool_discovery: _Optional[bool] = ...) -> None: ...

class McpCredential(_message.Message):
    __slots__ = ("authorization", "headers")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    authorization: str
    headers: _containers.ScalarMap[str, str]
    def __init__(self, authorization: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ListMcpServersRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class ListMcpServersResponse(_message.Message):
    __slots__ = ("servers",)
    SERVERS_FIELD_NUMBER: _ClassVar[int]
    servers: _containers.RepeatedCompositeFieldContainer[McpServer]
    def __init__(self, servers: _Optional[_Iterable[_Union[McpServer, _Mapping]]] = ...) -> None: ...

class ResolveMcpConnectionRequest(_message.Message):
    __slots__ = ("context", "session_id", "server_prefix")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_PREFIX_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    server_prefix: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., server_prefix: _Optional[str] = ...) -> None: ...

class ResolveMcpConnectionResponse(_message.Message):
    __slots__ = ("connection",)
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    connection: McpConnection
    def __init__(self, connection: _Optional[_Union[McpConnection, _Mapping]] = ...) -> None: ...

class AuthorizeMcpServerRequest(_message.Message):
    __slots__ = ("context", "session_id", "server_name", "auth_mode", "oauth_provider_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_NAME_FIELD_NUMBER: _ClassVar[int]
    AUTH_MODE_FIELD_NUMBER: _ClassVar[int]
    OAUTH_PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    server_name: str
    auth_mode: _platform_types_pb2.McpAuthMode
    oauth_provider_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., server_name: _Optional[str] = ..., auth_mode: _Optional[_Union[_platform_types_pb2.McpAuthMode, str]] = ..., oauth_provider_id: _Optional[str] = ...) -> None: ...

class AuthorizeMcpServerResponse(_message.Message):
    __slots__ = ("credential",)
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    credential: McpCredential
    def __init__(self, credential: _Optional[_Union[McpCredential, _Mapping]] = ...) -> None: ...

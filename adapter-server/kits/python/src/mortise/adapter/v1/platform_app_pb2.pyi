from google.protobuf import empty_pb2 as _empty_pb2
from mortise.adapter.v1 import app_pb2 as _app_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListAppsRequest(_message.Message):
    __slots__ = ("context", "search", "include_archived")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    search: str
    include_archived: bool
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., search: _Optional[str] = ..., include_archived: _Optional[bool] = ...) -> None: ...

class ListAppsResponse(_message.Message):
    __slots__ = ("apps",)
    APPS_FIELD_NUMBER: _ClassVar[int]
    apps: _containers.RepeatedCompositeFieldContainer[_app_pb2.App]
    def __init__(self, apps: _Optional[_Iterable[_Union[_app_pb2.App, _Mapping]]] = ...) -> None: ...

class GetAppRequest(_message.Message):
    __slots__ = ("context", "app_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ...) -> None: ...

class GetAppResponse(_message.Message):
    __slots__ = ("app",)
    APP_FIELD_NUMBER: _ClassVar[int]
    app: _app_pb2.App
    def __init__(self, app: _Optional[_Union[_app_pb2.App, _Mapping]] = ...) -> None: ...

class CreateAppRequest(_message.Message):
    __slots__ = ("context", "name", "description", "harness_id", "agent_id", "agent_identity_id", "channel_type", "channel_config_json")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    name: str
    description: str
    harness_id: str
    agent_id: str
    agent_identity_id: str
    channel_type: _app_pb2.ChannelType
    channel_config_json: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., harness_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., agent_identity_id: _Optional[str] = ..., channel_type: _Optional[_Union[_app_pb2.ChannelType, str]] = ..., channel_config_json: _Optional[str] = ...) -> None: ...

class CreateAppResponse(_message.Message):
    __slots__ = ("app",)
    APP_FIELD_NUMBER: _ClassVar[int]
    app: _app_pb2.App
    def __init__(self, app: _Optional[_Union[_app_pb2.App, _Mapping]] = ...) -> None: ...

class UpdateAppRequest(_message.Message):
    __slots__ = ("context", "app_id", "name", "description", "harness_id", "agent_id", "clear_agent_identity", "agent_identity_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLEAR_AGENT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    name: str
    description: str
    harness_id: str
    agent_id: str
    clear_agent_identity: _empty_pb2.Empty
    agent_identity_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., harness_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., clear_agent_identity: _Optional[_Union[_empty_pb2.Empty, _Mapping]] = ..., agent_identity_id: _Optional[str] = ...) -> None: ...

class UpdateAppResponse(_message.Message):
    __slots__ = ("app",)
    APP_FIELD_NUMBER: _ClassVar[int]
    app: _app_pb2.App
    def __init__(self, app: _Optional[_Union[_app_pb2.App, _Mapping]] = ...) -> None: ...

class DeleteAppRequest(_message.Message):
    __slots__ = ("context", "app_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ...) -> None: ...

class DeleteAppResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DestroyAppRequest(_message.Message):
    __slots__ = ("context", "app_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ...) -> None: ...

class DestroyAppResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PublishAppRequest(_message.Message):
    __slots__ = ("context", "app_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ...) -> None: ...

class PublishAppResponse(_message.Message):
    __slots__ = ("app",)
    APP_FIELD_NUMBER: _ClassVar[int]
    app: _app_pb2.App
    def __init__(self, app: _Optional[_Union[_app_pb2.App, _Mapping]] = ...) -> None: ...

class UnpublishAppRequest(_message.Message):
    __slots__ = ("context", "app_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ...) -> None: ...

class UnpublishAppResponse(_message.Message):
    __slots__ = ("app",)
    APP_FIELD_NUMBER: _ClassVar[int]
    app: _app_pb2.App
    def __init__(self, app: _Optional[_Union[_app_pb2.App, _Mapping]] = ...) -> None: ...

class AddAppChannelRequest(_message.Message):
    __slots__ = ("context", "app_id", "channel_type", "channel_config_json", "enabled")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    channel_type: _app_pb2.ChannelType
    channel_config_json: str
    enabled: bool
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ..., channel_type: _Optional[_Union[_app_pb2.ChannelType, str]] = ..., channel_config_json: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class AddAppChannelResponse(_message.Message):
    __slots__ = ("channel",)
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    channel: _app_pb2.AppChannel
    def __init__(self, channel: _Optional[_Union[_app_pb2.AppChannel, _Mapping]] = ...) -> None: ...

class UpdateAppChannelRequest(_message.Message):
    __slots__ = ("context", "app_id", "channel_id", "channel_type", "channel_config_json", "enabled")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    channel_id: str
    channel_type: _app_pb2.ChannelType
    channel_config_json: str
    enabled: bool
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ..., channel_id: _Optional[str] = ..., channel_type: _Optional[_Union[_app_pb2.ChannelType, str]] = ..., channel_config_json: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class UpdateAppChannelResponse(_message.Message):
    __slots__ = ("channel",)
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    channel: _app_pb2.AppChannel
    def __init__(self, channel: _Optional[_Union[_app_pb2.AppChannel, _Mapping]] = ...) -> None: ...

class DeleteAppChannelRequest(_message.Message):
    __slots__ = ("context", "app_id", "channel_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    app_id: str
    channel_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., app_id: _Optional[str] = ..., channel_id: _Optional[str] = ...) -> None: ...

class DeleteAppChannelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AppStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APP_STATUS_UNSPECIFIED: _ClassVar[AppStatus]
    APP_STATUS_DRAFT: _ClassVar[AppStatus]
    APP_STATUS_PUBLISHED: _ClassVar[AppStatus]
    APP_STATUS_ARCHIVED: _ClassVar[AppStatus]
    APP_STATUS_DELETED: _ClassVar[AppStatus]

class AgentVersionPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGENT_VERSION_POLICY_UNSPECIFIED: _ClassVar[AgentVersionPolicy]
    AGENT_VERSION_POLICY_DEFAULT: _ClassVar[AgentVersionPolicy]
    AGENT_VERSION_POLICY_LATEST: _ClassVar[AgentVersionPolicy]
    AGENT_VERSION_POLICY_PINNED: _ClassVar[AgentVersionPolicy]

class ChannelType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_TYPE_UNSPECIFIED: _ClassVar[ChannelType]
    CHANNEL_TYPE_SLACK: _ClassVar[ChannelType]
    CHANNEL_TYPE_AG_UI: _ClassVar[ChannelType]
    CHANNEL_TYPE_SCHEDULE: _ClassVar[ChannelType]
    CHANNEL_TYPE_WEBHOOK: _ClassVar[ChannelType]
    CHANNEL_TYPE_A2A: _ClassVar[ChannelType]
    CHANNEL_TYPE_FCP: _ClassVar[ChannelType]
APP_STATUS_UNSPECIFIED: AppStatus
APP_STATUS_DRAFT: AppStatus
APP_STATUS_PUBLISHED: AppStatus
APP_STATUS_ARCHIVED: AppStatus
APP_STATUS_DELETED: AppStatus
AGENT_VERSION_POLICY_UNSPECIFIED: AgentVersionPolicy
AGENT_VERSION_POLICY_DEFAULT: AgentVersionPolicy
AGENT_VERSION_POLICY_LATEST: AgentVersionPolicy
AGENT_VERSION_POLICY_PINNED: AgentVersionPolicy
CHANNEL_TYPE_UNSPECIFIED: ChannelType
CHANNEL_TYPE_SLACK: ChannelType
CHANNEL_TYPE_AG_UI: ChannelType
CHANNEL_TYPE_SCHEDULE: ChannelType
CHANNEL_TYPE_WEBHOOK: ChannelType
CHANNEL_TYPE_A2A: ChannelType
CHANNEL_TYPE_FCP: ChannelType

class App(_message.Message):
    __slots__ = ("id", "internal_id", "org_id", "name", "description", "harness_id", "agent_id", "agent_version_policy", "agent_version_id", "agent_identity_id", "owner_principal_id", "resolved_owner_user_id", "owner", "effective_owner", "channels", "status", "published_at", "created_at", "updated_at", "archived_at", "deleted_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_POLICY_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_PRINCIPAL_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_OWNER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_OWNER_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    internal_id: str
    org_id: int
    name: str
    description: str
    harness_id: str
    agent_id: str
    agent_version_policy: AgentVersionPolicy
    agent_version_id: str
    agent_identity_id: str
    owner_principal_id: str
    resolved_owner_user_id: str
    owner: _platform_types_pb2.PrincipalSummary
    effective_owner: _platform_types_pb2.PrincipalSummary
    channels: _containers.RepeatedCompositeFieldContainer[AppChannel]
    status: AppStatus
    published_at: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    archived_at: _timestamp_pb2.Timestamp
    deleted_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., internal_id: _Optional[str] = ..., org_id: _Optional[int] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., harness_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., agent_version_policy: _Optional[_Union[AgentVersionPolicy, str]] = ..., agent_version_id: _Optional[str] = ..., agent_identity_id: _Optional[str] = ..., owner_principal_id: _Optional[str] = ..., resolved_owner_user_id: _Optional[str] = ..., owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., effective_owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., channels: _Optional[_Iterable[_Union[AppChannel, _Mapping]]] = ..., status: _Optional[_Union[AppStatus, str]] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., archived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AppChannel(_message.Message):
    __slots__ = ("id", "internal_id", "channel_type", "channel_config_json", "enabled", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    internal_id: str
    channel_type: ChannelType
    channel_config_json: str
    enabled: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., internal_id: _Optional[str] = ..., channel_type: _Optional[_Union[ChannelType, str]] = ..., channel_config_json: _Optional[str] = ..., enabled: _Optional[bool] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

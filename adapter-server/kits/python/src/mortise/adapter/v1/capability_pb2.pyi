from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import tool_types_pb2 as _tool_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CapabilityStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAPABILITY_STATUS_UNSPECIFIED: _ClassVar[CapabilityStatus]
    CAPABILITY_STATUS_AVAILABLE: _ClassVar[CapabilityStatus]
    CAPABILITY_STATUS_COMING_SOON: _ClassVar[CapabilityStatus]
    CAPABILITY_STATUS_DEPRECATED: _ClassVar[CapabilityStatus]

class RiskLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RISK_LEVEL_UNSPECIFIED: _ClassVar[RiskLevel]
    RISK_LEVEL_LOW: _ClassVar[RiskLevel]
    RISK_LEVEL_MEDIUM: _ClassVar[RiskLevel]
    RISK_LEVEL_HIGH: _ClassVar[RiskLevel]
CAPABILITY_STATUS_UNSPECIFIED: CapabilityStatus
CAPABILITY_STATUS_AVAILABLE: CapabilityStatus
CAPABILITY_STATUS_COMING_SOON: CapabilityStatus
CAPABILITY_STATUS_DEPRECATED: CapabilityStatus
RISK_LEVEL_UNSPECIFIED: RiskLevel
RISK_LEVEL_LOW: RiskLevel
RISK_LEVEL_MEDIUM: RiskLevel
RISK_LEVEL_HIGH: RiskLevel

class CapabilityInfo(_message.Message):
    __slots__ = ("id", "name", "description", "status", "icon", "category", "system_prompt", "tool_definitions", "is_mcp", "is_skill", "dependencies", "features", "config_schema_json", "config_ui_schema_json", "risk_level", "agent_count", "harness_count", "docs_slug")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    TOOL_DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    IS_MCP_FIELD_NUMBER: _ClassVar[int]
    IS_SKILL_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    CONFIG_UI_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    RISK_LEVEL_FIELD_NUMBER: _ClassVar[int]
    AGENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_COUNT_FIELD_NUMBER: _ClassVar[int]
    DOCS_SLUG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    status: CapabilityStatus
    icon: str
    category: str
    system_prompt: str
    tool_definitions: _containers.RepeatedCompositeFieldContainer[_tool_types_pb2.ToolDefinition]
    is_mcp: bool
    is_skill: bool
    dependencies: _containers.RepeatedScalarFieldContainer[str]
    features: _containers.RepeatedScalarFieldContainer[str]
    config_schema_json: str
    config_ui_schema_json: str
    risk_level: RiskLevel
    agent_count: int
    harness_count: int
    docs_slug: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., status: _Optional[_Union[CapabilityStatus, str]] = ..., icon: _Optional[str] = ..., category: _Optional[str] = ..., system_prompt: _Optional[str] = ..., tool_definitions: _Optional[_Iterable[_Union[_tool_types_pb2.ToolDefinition, _Mapping]]] = ..., is_mcp: _Optional[bool] = ..., is_skill: _Optional[bool] = ..., dependencies: _Optional[_Iterable[str]] = ..., features: _Optional[_Iterable[str]] = ..., config_schema_json: _Optional[str] = ..., config_ui_schema_json: _Optional[str] = ..., risk_level: _Optional[_Union[RiskLevel, str]] = ..., agent_count: _Optional[int] = ..., harness_count: _Optional[int] = ..., docs_slug: _Optional[str] = ...) -> None: ...

from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToolPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_POLICY_UNSPECIFIED: _ClassVar[ToolPolicy]
    TOOL_POLICY_AUTO: _ClassVar[ToolPolicy]
    TOOL_POLICY_REQUIRES_APPROVAL: _ClassVar[ToolPolicy]
    TOOL_POLICY_CLIENT_SIDE: _ClassVar[ToolPolicy]

class DeferrablePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEFERRABLE_POLICY_UNSPECIFIED: _ClassVar[DeferrablePolicy]
    DEFERRABLE_POLICY_NEVER: _ClassVar[DeferrablePolicy]
    DEFERRABLE_POLICY_AUTOMATIC: _ClassVar[DeferrablePolicy]
    DEFERRABLE_POLICY_ALWAYS: _ClassVar[DeferrablePolicy]
TOOL_POLICY_UNSPECIFIED: ToolPolicy
TOOL_POLICY_AUTO: ToolPolicy
TOOL_POLICY_REQUIRES_APPROVAL: ToolPolicy
TOOL_POLICY_CLIENT_SIDE: ToolPolicy
DEFERRABLE_POLICY_UNSPECIFIED: DeferrablePolicy
DEFERRABLE_POLICY_NEVER: DeferrablePolicy
DEFERRABLE_POLICY_AUTOMATIC: DeferrablePolicy
DEFERRABLE_POLICY_ALWAYS: DeferrablePolicy

class ToolHints(_message.Message):
    __slots__ = ("readonly", "destructive", "idempotent", "open_world", "requires_secrets", "long_running", "supports_background", "concurrency_class", "cpu_bound", "persist_output", "capability_id", "capability_name", "narration_noun")
    READONLY_FIELD_NUMBER: _ClassVar[int]
    DESTRUCTIVE_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    OPEN_WORLD_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_SECRETS_FIELD_NUMBER: _ClassVar[int]
    LONG_RUNNING_FIELD_NUMBER: _ClassVar[int]
    SUPPORTS_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_CLASS_FIELD_NUMBER: _ClassVar[int]
    CPU_BOUND_FIELD_NUMBER: _ClassVar[int]
    PERSIST_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_ID_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_NAME_FIELD_NUMBER: _ClassVar[int]
    NARRATION_NOUN_FIELD_NUMBER: _ClassVar[int]
    readonly: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    requires_secrets: bool
    long_running: bool
    supports_background: bool
    concurrency_class: str
    cpu_bound: bool
    persist_output: bool
    capability_id: str
    capability_name: str
    narration_noun: str
    def __init__(self, readonly: _Optional[bool] = ..., destructive: _Optional[bool] = ..., idempotent: _Optional[bool] = ..., open_world: _Optional[bool] = ..., requires_secrets: _Optional[bool] = ..., long_running: _Optional[bool] = ..., supports_background: _Optional[bool] = ..., concurrency_class: _Optional[str] = ..., cpu_bound: _Optional[bool] = ..., persist_output: _Optional[bool] = ..., capability_id: _Optional[str] = ..., capability_name: _Optional[str] = ..., narration_noun: _Optional[str] = ...) -> None: ...

class BuiltinTool(_message.Message):
    __slots__ = ("name", "display_name", "description", "parameters_json", "policy", "category", "deferrable", "hints", "full_parameters_json")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_JSON_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DEFERRABLE_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    FULL_PARAMETERS_JSON_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    parameters_json: str
    policy: ToolPolicy
    category: str
    deferrable: DeferrablePolicy
    hints: ToolHints
    full_parameters_json: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., parameters_json: _Optional[str] = ..., policy: _Optional[_Union[ToolPolicy, str]] = ..., category: _Optional[str] = ..., deferrable: _Optional[_Union[DeferrablePolicy, str]] = ..., hints: _Optional[_Union[ToolHints, _Mapping]] = ..., full_parameters_json: _Optional[str] = ...) -> None: ...

class ClientSideTool(_message.Message):
    __slots__ = ("name", "display_name", "description", "parameters_json", "category", "deferrable", "hints", "full_parameters_json")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_JSON_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DEFERRABLE_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    FULL_PARAMETERS_JSON_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    parameters_json: str
    category: str
    deferrable: DeferrablePolicy
    hints: ToolHints
    full_parameters_json: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., parameters_json: _Optional[str] = ..., category: _Optional[str] = ..., deferrable: _Optional[_Union[DeferrablePolicy, str]] = ..., hints: _Optional[_Union[ToolHints, _Mapping]] = ..., full_parameters_json: _Optional[str] = ...) -> None: ...

class ToolDefinition(_message.Message):
    __slots__ = ("builtin", "client_side")
    BUILTIN_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SIDE_FIELD_NUMBER: _ClassVar[int]
    builtin: BuiltinTool
    client_side: ClientSideTool
    def __init__(self, builtin: _Optional[_Union[BuiltinTool, _Mapping]] = ..., client_side: _Optional[_Union[ClientSideTool, _Mapping]] = ...) -> None: ...

from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionContextReport(_message.Message):
    __slots__ = ("session_id", "model", "context_window_tokens", "estimated_input_tokens", "sections", "contributions", "cumulative_usage")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    CUMULATIVE_USAGE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    model: str
    context_window_tokens: int
    estimated_input_tokens: int
    sections: _containers.RepeatedCompositeFieldContainer[ContextReportSection]
    contributions: _containers.RepeatedCompositeFieldContainer[ContextReportContribution]
    cumulative_usage: _platform_types_pb2.TokenUsage
    def __init__(self, session_id: _Optional[str] = ..., model: _Optional[str] = ..., context_window_tokens: _Optional[int] = ..., estimated_input_tokens: _Optional[int] = ..., sections: _Optional[_Iterable[_Union[ContextReportSection, _Mapping]]] = ..., contributions: _Optional[_Iterable[_Union[ContextReportContribution, _Mapping]]] = ..., cumulative_usage: _Optional[_Union[_platform_types_pb2.TokenUsage, _Mapping]] = ...) -> None: ...

class ContextReportSection(_message.Message):
    __slots__ = ("key", "label", "tokens", "items")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    key: str
    label: str
    tokens: int
    items: int
    def __init__(self, key: _Optional[str] = ..., label: _Optional[str] = ..., tokens: _Optional[int] = ..., items: _Optional[int] = ...) -> None: ...

class ContextReportContribution(_message.Message):
    __slots__ = ("section_key", "source_id", "label", "tokens")
    SECTION_KEY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    section_key: str
    source_id: str
    label: str
    tokens: int
    def __init__(self, section_key: _Optional[str] = ..., source_id: _Optional[str] = ..., label: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...

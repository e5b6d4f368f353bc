from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LlmProviderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LLM_PROVIDER_TYPE_UNSPECIFIED: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_OPENAI: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_AZURE_OPENAI: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_OPENAI_COMPLETIONS: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_ANTHROPIC: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_GEMINI: _ClassVar[LlmProviderType]
    LLM_PROVIDER_TYPE_LLMSIM: _ClassVar[LlmProviderType]
LLM_PROVIDER_TYPE_UNSPECIFIED: LlmProviderType
LLM_PROVIDER_TYPE_OPENAI: LlmProviderType
LLM_PROVIDER_TYPE_AZURE_OPENAI: LlmProviderType
LLM_PROVIDER_TYPE_OPENAI_COMPLETIONS: LlmProviderType
LLM_PROVIDER_TYPE_ANTHROPIC: LlmProviderType
LLM_PROVIDER_TYPE_GEMINI: LlmProviderType
LLM_PROVIDER_TYPE_LLMSIM: LlmProviderType

class GetModelWithProviderRequest(_message.Message):
    __slots__ = ("context", "model_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    model_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., model_id: _Optional[str] = ...) -> None: ...

class GetModelWithProviderResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: ModelWithProvider
    def __init__(self, model: _Optional[_Union[ModelWithProvider, _Mapping]] = ...) -> None: ...

class GetDefaultModelRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ...) -> None: ...

class GetDefaultModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: ModelWithProvider
    def __init__(self, model: _Optional[_Union[ModelWithProvider, _Mapping]] = ...) -> None: ...

class ModelWithProvider(_message.Message):
    __slots__ = ("model", "provider_type", "api_key", "base_url")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    model: str
    provider_type: LlmProviderType
    api_key: str
    base_url: str
    def __init__(self, model: _Optional[str] = ..., provider_type: _Optional[_Union[LlmProviderType, str]] = ..., api_key: _Optional[str] = ..., base_url: _Optional[str] = ...) -> None: ...

from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Scoping(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCOPING_UNSPECIFIED: _ClassVar[Scoping]
    SCOPING_PER_ORG: _ClassVar[Scoping]
    SCOPING_SHARED: _ClassVar[Scoping]

class Feature(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEATURE_UNSPECIFIED: _ClassVar[Feature]
    FEATURE_EMIT_STREAM: _ClassVar[Feature]
    FEATURE_TURN_SNAPSHOT: _ClassVar[Feature]
    FEATURE_UTILITY_LLM_CONFIGURED: _ClassVar[Feature]
SCOPING_UNSPECIFIED: Scoping
SCOPING_PER_ORG: Scoping
SCOPING_SHARED: Scoping
FEATURE_UNSPECIFIED: Feature
FEATURE_EMIT_STREAM: Feature
FEATURE_TURN_SNAPSHOT: Feature
FEATURE_UTILITY_LLM_CONFIGURED: Feature

class ProtocolRange(_message.Message):
    __slots__ = ("min", "max")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    min: int
    max: int
    def __init__(self, min: _Optional[int] = ..., max: _Optional[int] = ...) -> None: ...

class Identity(_message.Message):
    __slots__ = ("name", "version", "build")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    build: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., build: _Optional[str] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ("context", "client", "protocol")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    client: Identity
    protocol: ProtocolRange
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., client: _Optional[_Union[Identity, _Mapping]] = ..., protocol: _Optional[_Union[ProtocolRange, _Mapping]] = ...) -> None: ...

class ServiceOffer(_message.Message):
    __slots__ = ("name", "features")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    name: str
    features: _containers.RepeatedScalarFieldContainer[Feature]
    def __init__(self, name: _Optional[str] = ..., features: _Optional[_Iterable[_Union[Feature, str]]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_message_bytes", "request_memory_seconds")
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_MEMORY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    max_message_bytes: int
    request_memory_seconds: int
    def __init__(self, max_message_bytes: _Optional[int] = ..., request_memory_seconds: _Optional[int] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("server", "protocol", "scoping", "services", "limits", "platform_base_url", "outage")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    SCOPING_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_BASE_URL_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    server: Identity
    protocol: ProtocolRange
    scoping: Scoping
    services: _containers.RepeatedCompositeFieldContainer[ServiceOffer]
    limits: Limits
    platform_base_url: str
    outage: str
    def __init__(self, server: _Optional[_Union[Identity, _Mapping]] = ..., protocol: _Optional[_Union[ProtocolRange, _Mapping]] = ..., scoping: _Optional[_Union[Scoping, str]] = ..., services: _Optional[_Iterable[_Union[ServiceOffer, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., platform_base_url: _Optional[str] = ..., outage: _Optional[str] = ...) -> None: ...

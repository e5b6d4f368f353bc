from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EgressRequestKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EGRESS_REQUEST_KIND_UNSPECIFIED: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_LLM_PROVIDER: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_CAPABILITY: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_INTEGRATION: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_SYSTEM_EMAIL: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_UTILITY_LLM: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_MCP: _ClassVar[EgressRequestKind]
    EGRESS_REQUEST_KIND_OTHER: _ClassVar[EgressRequestKind]

class EgressSigning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EGRESS_SIGNING_UNSPECIFIED: _ClassVar[EgressSigning]
    EGRESS_SIGNING_DISABLED: _ClassVar[EgressSigning]
    EGRESS_SIGNING_PLATFORM_DEFAULT: _ClassVar[EgressSigning]
    EGRESS_SIGNING_REQUIRED: _ClassVar[EgressSigning]
EGRESS_REQUEST_KIND_UNSPECIFIED: EgressRequestKind
EGRESS_REQUEST_KIND_LLM_PROVIDER: EgressRequestKind
EGRESS_REQUEST_KIND_CAPABILITY: EgressRequestKind
EGRESS_REQUEST_KIND_INTEGRATION: EgressRequestKind
EGRESS_REQUEST_KIND_SYSTEM_EMAIL: EgressRequestKind
EGRESS_REQUEST_KIND_UTILITY_LLM: EgressRequestKind
EGRESS_REQUEST_KIND_MCP: EgressRequestKind
EGRESS_REQUEST_KIND_OTHER: EgressRequestKind
EGRESS_SIGNING_UNSPECIFIED: EgressSigning
EGRESS_SIGNING_DISABLED: EgressSigning
EGRESS_SIGNING_PLATFORM_DEFAULT: EgressSigning
EGRESS_SIGNING_REQUIRED: EgressSigning

class PinnedAddresses(_message.Message):
    __slots__ = ("host", "addresses")
    HOST_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    host: str
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, host: _Optional[str] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class EgressRequest(_message.Message):
    __slots__ = ("method", "url", "headers", "body", "kind", "other_kind", "signing", "network_access", "timeout_ms", "pinned_addresses")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    METHOD_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OTHER_KIND_FIELD_NUMBER: _ClassVar[int]
    SIGNING_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACCESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    PINNED_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    method: str
    url: str
    headers: _containers.ScalarMap[str, str]
    body: bytes
    kind: EgressRequestKind
    other_kind: str
    signing: EgressSigning
    network_access: _platform_types_pb2.NetworkAccessList
    timeout_ms: int
    pinned_addresses: PinnedAddresses
    def __init__(self, method: _Optional[str] = ..., url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., body: _Optional[bytes] = ..., kind: _Optional[_Union[EgressRequestKind, str]] = ..., other_kind: _Optional[str] = ..., signing: _Optional[_Union[EgressSigning, str]] = ..., network_access: _Optional[_Union[_platform_types_pb2.NetworkAccessList, _Mapping]] = ..., timeout_ms: _Optional[int] = ..., pinned_addresses: _Optional[_Union[PinnedAddresses, _Mapping]] = ...) -> None: ...

class EgressHead(_message.Message):
    __slots__ = ("status", "headers")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    status: int
    headers: _containers.ScalarMap[str, str]
    def __init__(self, status: _Optional[int] = ..., headers: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("context", "request")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    request: EgressRequest
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., request: _Optional[_Union[EgressRequest, _Mapping]] = ...) -> None: ...

class SendResponse(_message.Message):
    __slots__ = ("head", "body")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    head: EgressHead
    body: bytes
    def __init__(self, head: _Optional[_Union[EgressHead, _Mapping]] = ..., body: _Optional[bytes] = ...) -> None: ...

class SendStreamRequest(_message.Message):
    __slots__ = ("context", "request")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    request: EgressRequest
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., request: _Optional[_Union[EgressRequest, _Mapping]] = ...) -> None: ...

class SendStreamResponse(_message.Message):
    __slots__ = ("head", "body")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    head: EgressHead
    body: bytes
    def __init__(self, head: _Optional[_Union[EgressHead, _Mapping]] = ..., body: _Optional[bytes] = ...) -> None: ...

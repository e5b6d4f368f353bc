import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MemoryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMORY_KIND_UNSPECIFIED: _ClassVar[MemoryKind]
    MEMORY_KIND_FACT: _ClassVar[MemoryKind]
    MEMORY_KIND_PREFERENCE: _ClassVar[MemoryKind]
    MEMORY_KIND_CORRECTION: _ClassVar[MemoryKind]
    MEMORY_KIND_PROCEDURE: _ClassVar[MemoryKind]
    MEMORY_KIND_CONTEXT: _ClassVar[MemoryKind]
MEMORY_KIND_UNSPECIFIED: MemoryKind
MEMORY_KIND_FACT: MemoryKind
MEMORY_KIND_PREFERENCE: MemoryKind
MEMORY_KIND_CORRECTION: MemoryKind
MEMORY_KIND_PROCEDURE: MemoryKind
MEMORY_KIND_CONTEXT: MemoryKind

class MemoryStore(_message.Message):
    __slots__ = ("id", "org_id", "name", "is_default", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    org_id: str
    name: str
    is_default: bool
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., org_id: _Optional[str] = ..., name: _Optional[str] = ..., is_default: _Optional[bool] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MemoryContentPart(_message.Message):
    __slots__ = ("text", "image")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    text: MemoryTextPart
    image: MemoryImagePart
    def __init__(self, text: _Optional[_Union[MemoryTextPart, _Mapping]] = ..., image: _Optional[_Union[MemoryImagePart, _Mapping]] = ...) -> None: ...

class MemoryTextPart(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class MemoryImagePart(_message.Message):
    __slots__ = ("base64", "media_type")
    BASE64_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    base64: str
    media_type: str
    def __init__(self, base64: _Optional[str] = ..., media_type: _Optional[str] = ...) -> None: ...

class Memory(_message.Message):
    __slots__ = ("id", "store_id", "content", "content_parts", "kind", "importance", "tags", "active", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_PARTS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    IMPORTANCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    store_id: str
    content: str
    content_parts: _containers.RepeatedCompositeFieldContainer[MemoryContentPart]
    kind: MemoryKind
    importance: int
    tags: _containers.RepeatedScalarFieldContainer[str]
    active: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., store_id: _Optional[str] = ..., content: _Optional[str] = ..., content_parts: _Optional[_Iterable[_Union[MemoryContentPart, _Mapping]]] = ..., kind: _Optional[_Union[MemoryKind, str]] = ..., importance: _Optional[int] = ..., tags: _Optional[_Iterable[str]] = ..., active: _Optional[bool] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetOrCreateDefaultStoreRequest(_message.Message):
    __slots__ = ("context", "org_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    org_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., org_id: _Optional[str] = ...) -> None: ...

class GetOrCreateDefaultStoreResponse(_message.Message):
    __slots__ = ("store",)
    STORE_FIELD_NUMBER: _ClassVar[int]
    store: MemoryStore
    def __init__(self, store: _Optional[_Union[MemoryStore, _Mapping]] = ...) -> None: ...

class GetMemoryStoreRequest(_message.Message):
    __slots__ = ("context", "store_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    store_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., store_id: _Optional[str] = ...) -> None: ...

class GetMemoryStoreResponse(_message.Message):
    __slots__ = ("store",)
    STORE_FIELD_NUMBER: _ClassVar[int]
    store: MemoryStore
    def __init__(self, store: _Optional[_Union[MemoryStore, _Mapping]] = ...) -> None: ...

class CreateMemoryRequest(_message.Message):
    __slots__ = ("context", "store_id", "content", "content_parts", "kind", "importance", "tags")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_PARTS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    IMPORTANCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    store_id: str
    content: str
    content_parts: _containers.RepeatedCompositeFieldContainer[MemoryContentPart]
    kind: MemoryKind
    importance: int
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., store_id: _Optional[str] = ..., content: _Optional[str] = ..., content_parts: _Optional[_Iterable[_Union[MemoryContentPart, _Mapping]]] = ..., kind: _Optional[_Union[MemoryKind, str]] = ..., importance: _Optional[int] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateMemoryResponse(_message.Message):
    __slots__ = ("memory",)
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    memory: Memory
    def __init__(self, memory: _Optional[_Union[Memory, _Mapping]] = ...) -> None: ...

class MemoryTags(_message.Message):
    __slots__ = ("tags",)
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tags: _Optional[_Iterable[str]] = ...) -> None: ...

class RecallRequest(_message.Message):
    __slots__ = ("context", "store_id", "query", "tags", "kind", "limit")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    store_id: str
    query: str
    tags: MemoryTags
    kind: MemoryKind
    limit: int
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., store_id: _Optional[str] = ..., query: _Optional[str] = ..., tags: _Optional[_Union[MemoryTags, _Mapping]] = ..., kind: _Optional[_Union[MemoryKind, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class RecallResponse(_message.Message):
    __slots__ = ("total", "memories")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    MEMORIES_FIELD_NUMBER: _ClassVar[int]
    total: int
    memories: _containers.RepeatedCompositeFieldContainer[Memory]
    def __init__(self, total: _Optional[int] = ..., memories: _Optional[_Iterable[_Union[Memory, _Mapping]]] = ...) -> None: ...

class ForgetRequest(_message.Message):
    __slots__ = ("context", "store_id", "memory_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    MEMORY_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    store_id: str
    memory_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., store_id: _Optional[str] = ..., memory_id: _Optional[str] = ...) -> None: ...

class ForgetResponse(_message.Message):
    __slots__ = ("forgotten",)
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    forgotten: bool
    def __init__(self, forgotten: _Optional[bool] = ...) -> None: ...

class CountActiveRequest(_message.Message):
    __slots__ = ("context", "store_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    store_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., store_id: _Optional[str] = ...) -> None: ...

class CountActiveResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

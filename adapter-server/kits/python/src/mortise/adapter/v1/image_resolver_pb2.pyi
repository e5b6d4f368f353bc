from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResolveImageRequest(_message.Message):
    __slots__ = ("context", "image_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    image_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., image_id: _Optional[str] = ...) -> None: ...

class ResolvedImageHeader(_message.Message):
    __slots__ = ("media_type",)
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    media_type: str
    def __init__(self, media_type: _Optional[str] = ...) -> None: ...

class ResolveImageResponse(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ResolvedImageHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[ResolvedImageHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

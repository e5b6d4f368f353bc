import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NewImage(_message.Message):
    __slots__ = ("filename", "content_type", "metadata_json", "size_bytes")
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    filename: str
    content_type: str
    metadata_json: str
    size_bytes: int
    def __init__(self, filename: _Optional[str] = ..., content_type: _Optional[str] = ..., metadata_json: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class CreateImageRequest(_message.Message):
    __slots__ = ("context", "header", "chunk")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    header: NewImage
    chunk: bytes
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., header: _Optional[_Union[NewImage, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class StoredImageInfo(_message.Message):
    __slots__ = ("id", "filename", "content_type", "size_bytes", "metadata_json", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    filename: str
    content_type: str
    size_bytes: int
    metadata_json: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., filename: _Optional[str] = ..., content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., metadata_json: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateImageResponse(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: StoredImageInfo
    def __init__(self, image: _Optional[_Union[StoredImageInfo, _Mapping]] = ...) -> None: ...

class GetImageRequest(_message.Message):
    __slots__ = ("context", "image_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    image_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., image_id: _Optional[str] = ...) -> None: ...

class GetImageResponse(_message.Message):
    __slots__ = ("info", "chunk")
    INFO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    info: StoredImageInfo
    chunk: bytes
    def __init__(self, info: _Optional[_Union[StoredImageInfo, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class GetImageInfoRequest(_message.Message):
    __slots__ = ("context", "image_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    image_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., image_id: _Optional[str] = ...) -> None: ...

class GetImageInfoResponse(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: StoredImageInfo
    def __init__(self, image: _Optional[_Union[StoredImageInfo, _Mapping]] = ...) -> None: ...

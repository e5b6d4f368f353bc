import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_types_pb2 as _platform_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileInfo(_message.Message):
    __slots__ = ("id", "session_id", "path", "name", "is_directory", "is_readonly", "size_bytes", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    IS_READONLY_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    session_id: str
    path: str
    name: str
    is_directory: bool
    is_readonly: bool
    size_bytes: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ..., name: _Optional[str] = ..., is_directory: _Optional[bool] = ..., is_readonly: _Optional[bool] = ..., size_bytes: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReadFileRequest(_message.Message):
    __slots__ = ("context", "session_id", "path")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class ReadFileHeader(_message.Message):
    __slots__ = ("info", "encoding", "has_content")
    INFO_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    HAS_CONTENT_FIELD_NUMBER: _ClassVar[int]
    info: FileInfo
    encoding: str
    has_content: bool
    def __init__(self, info: _Optional[_Union[FileInfo, _Mapping]] = ..., encoding: _Optional[str] = ..., has_content: _Optional[bool] = ...) -> None: ...

class ReadFileResponse(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ReadFileHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[ReadFileHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class WriteFileRequest(_message.Message):
    __slots__ = ("context", "session_id", "path", "content", "encoding")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    content: str
    encoding: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ..., content: _Optional[str] = ..., encoding: _Optional[str] = ...) -> None: ...

class WrittenFile(_message.Message):
    __slots__ = ("info", "encoding", "content", "without_content")
    INFO_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_CONTENT_FIELD_NUMBER: _ClassVar[int]
    info: FileInfo
    encoding: str
    content: str
    without_content: bool
    def __init__(self, info: _Optional[_Union[FileInfo, _Mapping]] = ..., encoding: _Optional[str] = ..., content: _Optional[str] = ..., without_content: _Optional[bool] = ...) -> None: ...

class WriteFileResponse(_message.Message):
    __slots__ = ("file",)
    FILE_FIELD_NUMBER: _ClassVar[int]
    file: WrittenFile
    def __init__(self, file: _Optional[_Union[WrittenFile, _Mapping]] = ...) -> None: ...

class WriteFileIfContentMatchesRequest(_message.Message):
    __slots__ = ("context", "session_id", "path", "expected_content", "expected_encoding", "content", "encoding")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_CONTENT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    expected_content: str
    expected_encoding: str
    content: str
    encoding: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ..., expected_content: _Optional[str] = ..., expected_encoding: _Optional[str] = ..., content: _Optional[str] = ..., encoding: _Optional[str] = ...) -> None: ...

class WriteFileIfContentMatchesResponse(_message.Message):
    __slots__ = ("file",)
    FILE_FIELD_NUMBER: _ClassVar[int]
    file: WrittenFile
    def __init__(self, file: _Optional[_Union[WrittenFile, _Mapping]] = ...) -> None: ...

class DeleteFileRequest(_message.Message):
    __slots__ = ("context", "session_id", "path", "recursive")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    recursive: bool
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ..., recursive: _Optional[bool] = ...) -> None: ...

class DeleteFileResponse(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: bool
    def __init__(self, deleted: _Optional[bool] = ...) -> None: ...

class ListDirectoryRequest(_message.Message):
    __slots__ = ("context", "session_id", "path")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class ListDirectoryResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[FileInfo]
    def __init__(self, entries: _Optional[_Iterable[_Union[FileInfo, _Mapping]]] = ...) -> None: ...

class StatFileRequest(_message.Message):
    __slots__ = ("context", "session_id", "path")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class FileStat(_message.Message):
    __slots__ = ("path", "name", "is_directory", "is_readonly", "size_bytes", "created_at", "updated_at")
    PATH_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    IS_READONLY_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    path: str
    name: str
    is_directory: bool
    is_readonly: bool
    size_bytes: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, path: _Optional[str] = ..., name: _Optional[str] = ..., is_directory: _Optional[bool] = ..., is_readonly: _Optional[bool] = ..., size_bytes: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StatFileResponse(_message.Message):
    __slots__ = ("stat",)
    STAT_FIELD_NUMBER: _ClassVar[int]
    stat: FileStat
    def __init__(self, stat: _Optional[_Union[FileStat, _Mapping]] = ...) -> None: ...

class GrepFilesRequest(_message.Message):
    __slots__ = ("context", "session_id", "pattern", "path_pattern")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    PATH_PATTERN_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    pattern: str
    path_pattern: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., pattern: _Optional[str] = ..., path_pattern: _Optional[str] = ...) -> None: ...

class GrepMatch(_message.Message):
    __slots__ = ("path", "line_number", "line")
    PATH_FIELD_NUMBER: _ClassVar[int]
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    path: str
    line_number: int
    line: str
    def __init__(self, path: _Optional[str] = ..., line_number: _Optional[int] = ..., line: _Optional[str] = ...) -> None: ...

class GrepFilesResponse(_message.Message):
    __slots__ = ("matches",)
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[GrepMatch]
    def __init__(self, matches: _Optional[_Iterable[_Union[GrepMatch, _Mapping]]] = ...) -> None: ...

class CreateDirectoryRequest(_message.Message):
    __slots__ = ("context", "session_id", "path")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    path: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class CreateDirectoryResponse(_message.Message):
    __slots__ = ("directory",)
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    directory: FileInfo
    def __init__(self, directory: _Optional[_Union[FileInfo, _Mapping]] = ...) -> None: ...

class SeedInitialFileRequest(_message.Message):
    __slots__ = ("context", "session_id", "file")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    file: _platform_types_pb2.InitialFile
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., file: _Optional[_Union[_platform_types_pb2.InitialFile, _Mapping]] = ...) -> None: ...

class SeedInitialFileResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

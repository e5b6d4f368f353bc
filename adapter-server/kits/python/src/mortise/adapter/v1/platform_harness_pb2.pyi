from google.protobuf import empty_pb2 as _empty_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import harness_store_pb2 as _harness_store_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListHarnessesRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ...) -> None: ...

class ListHarnessesResponse(_message.Message):
    __slots__ = ("harnesses",)
    HARNESSES_FIELD_NUMBER: _ClassVar[int]
    harnesses: _containers.RepeatedCompositeFieldContainer[_harness_store_pb2.Harness]
    def __init__(self, harnesses: _Optional[_Iterable[_Union[_harness_store_pb2.Harness, _Mapping]]] = ...) -> None: ...

class PlatformStoreServiceGetHarnessRequest(_message.Message):
    __slots__ = ("context", "harness_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ...) -> None: ...

class PlatformStoreServiceGetHarnessResponse(_message.Message):
    __slots__ = ("harness",)
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    harness: _harness_store_pb2.Harness
    def __init__(self, harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

class CreateHarnessRequest(_message.Message):
    __slots__ = ("context", "name", "display_name", "description", "system_prompt", "parent_harness_id", "capabilities")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    PARENT_HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    name: str
    display_name: str
    description: str
    system_prompt: str
    parent_harness_id: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., system_prompt: _Optional[str] = ..., parent_harness_id: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateHarnessResponse(_message.Message):
    __slots__ = ("harness",)
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    harness: _harness_store_pb2.Harness
    def __init__(self, harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

class UpdateHarnessRequest(_message.Message):
    __slots__ = ("context", "harness_id", "name", "display_name", "description", "system_prompt", "clear_parent_harness", "parent_harness_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    CLEAR_PARENT_HARNESS_FIELD_NUMBER: _ClassVar[int]
    PARENT_HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    name: str
    display_name: str
    description: str
    system_prompt: str
    clear_parent_harness: _empty_pb2.Empty
    parent_harness_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., system_prompt: _Optional[str] = ..., clear_parent_harness: _Optional[_Union[_empty_pb2.Empty, _Mapping]] = ..., parent_harness_id: _Optional[str] = ...) -> None: ...

class UpdateHarnessResponse(_message.Message):
    __slots__ = ("harness",)
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    harness: _harness_store_pb2.Harness
    def __init__(self, harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

class DeleteHarnessRequest(_message.Message):
    __slots__ = ("context", "harness_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ...) -> None: ...

class DeleteHarnessResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CopyHarnessRequest(_message.Message):
    __slots__ = ("context", "harness_id", "new_name")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_NAME_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    new_name: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ..., new_name: _Optional[str] = ...) -> None: ...

class CopyHarnessResponse(_message.Message):
    __slots__ = ("harness",)
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    harness: _harness_store_pb2.Harness
    def __init__(self, harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

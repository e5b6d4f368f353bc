from mortise.adapter.v1 import capability_pb2 as _capability_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import platform_agent_pb2 as _platform_agent_pb2
from mortise.adapter.v1 import platform_app_pb2 as _platform_app_pb2
from mortise.adapter.v1 import platform_harness_pb2 as _platform_harness_pb2
from mortise.adapter.v1 import platform_session_pb2 as _platform_session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListCapabilitiesRequest(_message.Message):
    __slots__ = ("context", "search")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    search: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., search: _Optional[str] = ...) -> None: ...

class ListCapabilitiesResponse(_message.Message):
    __slots__ = ("capabilities",)
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    capabilities: _containers.RepeatedCompositeFieldContainer[_capability_pb2.CapabilityInfo]
    def __init__(self, capabilities: _Optional[_Iterable[_Union[_capability_pb2.CapabilityInfo, _Mapping]]] = ...) -> None: ...

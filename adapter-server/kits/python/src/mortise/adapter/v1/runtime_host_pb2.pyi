from mortise.adapter.v1 import agent_store_pb2 as _agent_store_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import harness_store_pb2 as _harness_store_pb2
from mortise.adapter.v1 import llm_provider_store_pb2 as _llm_provider_store_pb2
from mortise.adapter.v1 import message_retriever_pb2 as _message_retriever_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import session_store_pb2 as _session_store_pb2
from mortise.adapter.v1 import tool_types_pb2 as _tool_types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TurnContextPart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TURN_CONTEXT_PART_UNSPECIFIED: _ClassVar[TurnContextPart]
    TURN_CONTEXT_PART_MESSAGES: _ClassVar[TurnContextPart]
    TURN_CONTEXT_PART_MODEL: _ClassVar[TurnContextPart]
    TURN_CONTEXT_PART_MCP_TOOLS: _ClassVar[TurnContextPart]
    TURN_CONTEXT_PART_HARNESS_CHAIN: _ClassVar[TurnContextPart]
TURN_CONTEXT_PART_UNSPECIFIED: TurnContextPart
TURN_CONTEXT_PART_MESSAGES: TurnContextPart
TURN_CONTEXT_PART_MODEL: TurnContextPart
TURN_CONTEXT_PART_MCP_TOOLS: TurnContextPart
TURN_CONTEXT_PART_HARNESS_CHAIN: TurnContextPart

class RuntimeHostServiceGetAgentRequest(_message.Message):
    __slots__ = ("context", "agent_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    agent_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., agent_id: _Optional[str] = ...) -> None: ...

class RuntimeHostServiceGetAgentResponse(_message.Message):
    __slots__ = ("agent",)
    AGENT_FIELD_NUMBER: _ClassVar[int]
    agent: _agent_store_pb2.Agent
    def __init__(self, agent: _Optional[_Union[_agent_store_pb2.Agent, _Mapping]] = ...) -> None: ...

class GetHarnessRequest(_message.Message):
    __slots__ = ("context", "harness_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness_id: _Optional[str] = ...) -> None: ...

class GetHarnessResponse(_message.Message):
    __slots__ = ("harness",)
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    harness: _harness_store_pb2.Harness
    def __init__(self, harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

class SetSessionStatusRequest(_message.Message):
    __slots__ = ("context", "session_id", "status")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    status: _session_store_pb2.SessionStatus
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., status: _Optional[_Union[_session_store_pb2.SessionStatus, str]] = ...) -> None: ...

class SetSessionStatusResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_store_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_store_pb2.Session, _Mapping]] = ...) -> None: ...

class LoadTurnContextRequest(_message.Message):
    __slots__ = ("context", "session_id", "parts")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    parts: _containers.RepeatedScalarFieldContainer[TurnContextPart]
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[TurnContextPart, str]]] = ...) -> None: ...

class TurnSnapshot(_message.Message):
    __slots__ = ("session", "agent", "model", "mcp_tools", "harness_chain")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MCP_TOOLS_FIELD_NUMBER: _ClassVar[int]
    HARNESS_CHAIN_FIELD_NUMBER: _ClassVar[int]
    session: _session_store_pb2.Session
    agent: _agent_store_pb2.Agent
    model: _llm_provider_store_pb2.ModelWithProvider
    mcp_tools: _containers.RepeatedCompositeFieldContainer[_tool_types_pb2.ToolDefinition]
    harness_chain: _containers.RepeatedCompositeFieldContainer[_harness_store_pb2.Harness]
    def __init__(self, session: _Optional[_Union[_session_store_pb2.Session, _Mapping]] = ..., agent: _Optional[_Union[_agent_store_pb2.Agent, _Mapping]] = ..., model: _Optional[_Union[_llm_provider_store_pb2.ModelWithProvider, _Mapping]] = ..., mcp_tools: _Optional[_Iterable[_Union[_tool_types_pb2.ToolDefinition, _Mapping]]] = ..., harness_chain: _Optional[_Iterable[_Union[_harness_store_pb2.Harness, _Mapping]]] = ...) -> None: ...

class LoadTurnContextResponse(_message.Message):
    __slots__ = ("snapshot", "messages")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    snapshot: TurnSnapshot
    messages: _message_retriever_pb2.MessageChunk
    def __init__(self, snapshot: _Optional[_Union[TurnSnapshot, _Mapping]] = ..., messages: _Optional[_Union[_message_retriever_pb2.MessageChunk, _Mapping]] = ...) -> None: ...

from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PaymentMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_METHOD_UNSPECIFIED: _ClassVar[PaymentMethod]
    PAYMENT_METHOD_GET: _ClassVar[PaymentMethod]
    PAYMENT_METHOD_POST: _ClassVar[PaymentMethod]

class PaymentRail(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_RAIL_UNSPECIFIED: _ClassVar[PaymentRail]
    PAYMENT_RAIL_MPP_TEMPO: _ClassVar[PaymentRail]
    PAYMENT_RAIL_X402_BASE: _ClassVar[PaymentRail]
PAYMENT_METHOD_UNSPECIFIED: PaymentMethod
PAYMENT_METHOD_GET: PaymentMethod
PAYMENT_METHOD_POST: PaymentMethod
PAYMENT_RAIL_UNSPECIFIED: PaymentRail
PAYMENT_RAIL_MPP_TEMPO: PaymentRail
PAYMENT_RAIL_X402_BASE: PaymentRail

class ExecuteMachinePaymentRequest(_message.Message):
    __slots__ = ("context", "session_id", "agent_id", "payment")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    agent_id: str
    payment: MachinePaymentRequest
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., payment: _Optional[_Union[MachinePaymentRequest, _Mapping]] = ...) -> None: ...

class ExecuteMachinePaymentResponse(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: MachinePaymentResponse
    def __init__(self, payment: _Optional[_Union[MachinePaymentResponse, _Mapping]] = ...) -> None: ...

class MachinePaymentRequest(_message.Message):
    __slots__ = ("capability", "operation", "method", "url", "body_json", "max_amount_usd", "rail_preference", "metadata_json")
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    BODY_JSON_FIELD_NUMBER: _ClassVar[int]
    MAX_AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    RAIL_PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    capability: str
    operation: str
    method: PaymentMethod
    url: str
    body_json: str
    max_amount_usd: float
    rail_preference: _containers.RepeatedScalarFieldContainer[PaymentRail]
    metadata_json: str
    def __init__(self, capability: _Optional[str] = ..., operation: _Optional[str] = ..., method: _Optional[_Union[PaymentMethod, str]] = ..., url: _Optional[str] = ..., body_json: _Optional[str] = ..., max_amount_usd: _Optional[float] = ..., rail_preference: _Optional[_Iterable[_Union[PaymentRail, str]]] = ..., metadata_json: _Optional[str] = ...) -> None: ...

class MachinePaymentResponse(_message.Message):
    __slots__ = ("attempt_id", "amount_usd", "rail", "response_json", "receipt_json")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    RAIL_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_JSON_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_JSON_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    amount_usd: float
    rail: PaymentRail
    response_json: str
    receipt_json: str
    def __init__(self, attempt_id: _Optional[str] = ..., amount_usd: _Optional[float] = ..., rail: _Optional[_Union[PaymentRail, str]] = ..., response_json: _Optional[str] = ..., receipt_json: _Optional[str] = ...) -> None: ...

class LedgerPolicy(_message.Message):
    __slots__ = ("agent_id", "session_id", "account_id", "allowed_capabilities", "allowed_operations", "allowed_hosts", "max_amount_usd_per_request", "max_amount_usd_per_day")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_HOSTS_FIELD_NUMBER: _ClassVar[int]
    MAX_AMOUNT_USD_PER_REQUEST_FIELD_NUMBER: _ClassVar[int]
    MAX_AMOUNT_USD_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    session_id: str
    account_id: str
    allowed_capabilities: _containers.RepeatedScalarFieldContainer[str]
    allowed_operations: _containers.RepeatedScalarFieldContainer[str]
    allowed_hosts: _containers.RepeatedScalarFieldContainer[str]
    max_amount_usd_per_request: float
    max_amount_usd_per_day: float
    def __init__(self, agent_id: _Optional[str] = ..., session_id: _Optional[str] = ..., account_id: _Optional[str] = ..., allowed_capabilities: _Optional[_Iterable[str]] = ..., allowed_operations: _Optional[_Iterable[str]] = ..., allowed_hosts: _Optional[_Iterable[str]] = ..., max_amount_usd_per_request: _Optional[float] = ..., max_amount_usd_per_day: _Optional[float] = ...) -> None: ...

class LedgerAccount(_message.Message):
    __slots__ = ("id", "rail", "label", "balance_usd")
    ID_FIELD_NUMBER: _ClassVar[int]
    RAIL_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    BALANCE_USD_FIELD_NUMBER: _ClassVar[int]
    id: str
    rail: PaymentRail
    label: str
    balance_usd: float
    def __init__(self, id: _Optional[str] = ..., rail: _Optional[_Union[PaymentRail, str]] = ..., label: _Optional[str] = ..., balance_usd: _Optional[float] = ...) -> None: ...

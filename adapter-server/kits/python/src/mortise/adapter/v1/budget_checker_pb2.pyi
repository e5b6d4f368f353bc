from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BudgetSubjectType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUDGET_SUBJECT_TYPE_UNSPECIFIED: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_SESSION: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_AGENT: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_USER: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_ORGANIZATION: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_APP: _ClassVar[BudgetSubjectType]
    BUDGET_SUBJECT_TYPE_APP_CHANNEL: _ClassVar[BudgetSubjectType]
BUDGET_SUBJECT_TYPE_UNSPECIFIED: BudgetSubjectType
BUDGET_SUBJECT_TYPE_SESSION: BudgetSubjectType
BUDGET_SUBJECT_TYPE_AGENT: BudgetSubjectType
BUDGET_SUBJECT_TYPE_USER: BudgetSubjectType
BUDGET_SUBJECT_TYPE_ORGANIZATION: BudgetSubjectType
BUDGET_SUBJECT_TYPE_APP: BudgetSubjectType
BUDGET_SUBJECT_TYPE_APP_CHANNEL: BudgetSubjectType

class BudgetInfo(_message.Message):
    __slots__ = ("currency", "limit", "balance", "soft_limit", "percent_remaining", "status")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SOFT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PERCENT_REMAINING_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    currency: str
    limit: float
    balance: float
    soft_limit: float
    percent_remaining: float
    status: str
    def __init__(self, currency: _Optional[str] = ..., limit: _Optional[float] = ..., balance: _Optional[float] = ..., soft_limit: _Optional[float] = ..., percent_remaining: _Optional[float] = ..., status: _Optional[str] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("id", "subject_type", "subject_id", "currency", "limit", "soft_limit", "balance", "is_paused")
    ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SOFT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    IS_PAUSED_FIELD_NUMBER: _ClassVar[int]
    id: str
    subject_type: BudgetSubjectType
    subject_id: str
    currency: str
    limit: float
    soft_limit: float
    balance: float
    is_paused: bool
    def __init__(self, id: _Optional[str] = ..., subject_type: _Optional[_Union[BudgetSubjectType, str]] = ..., subject_id: _Optional[str] = ..., currency: _Optional[str] = ..., limit: _Optional[float] = ..., soft_limit: _Optional[float] = ..., balance: _Optional[float] = ..., is_paused: _Optional[bool] = ...) -> None: ...

class CheckBudgetsRequest(_message.Message):
    __slots__ = ("context", "session_id", "agent_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    agent_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., agent_id: _Optional[str] = ...) -> None: ...

class CheckBudgetsResponse(_message.Message):
    __slots__ = ("status", "budgets", "hint")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    status: str
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetInfo]
    hint: str
    def __init__(self, status: _Optional[str] = ..., budgets: _Optional[_Iterable[_Union[BudgetInfo, _Mapping]]] = ..., hint: _Optional[str] = ...) -> None: ...

import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
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

class ScheduleType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEDULE_TYPE_UNSPECIFIED: _ClassVar[ScheduleType]
    SCHEDULE_TYPE_ONE_SHOT: _ClassVar[ScheduleType]
    SCHEDULE_TYPE_RECURRING: _ClassVar[ScheduleType]
SCHEDULE_TYPE_UNSPECIFIED: ScheduleType
SCHEDULE_TYPE_ONE_SHOT: ScheduleType
SCHEDULE_TYPE_RECURRING: ScheduleType

class SessionSchedule(_message.Message):
    __slots__ = ("id", "session_id", "owner_principal_id", "resolved_owner_user_id", "owner", "effective_owner", "description", "cron_expression", "scheduled_at", "timezone", "enabled", "schedule_type", "next_trigger_at", "last_triggered_at", "trigger_count", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_PRINCIPAL_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_OWNER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_OWNER_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NEXT_TRIGGER_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_TRIGGERED_AT_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    session_id: str
    owner_principal_id: str
    resolved_owner_user_id: str
    owner: _platform_types_pb2.PrincipalSummary
    effective_owner: _platform_types_pb2.PrincipalSummary
    description: str
    cron_expression: str
    scheduled_at: _timestamp_pb2.Timestamp
    timezone: str
    enabled: bool
    schedule_type: ScheduleType
    next_trigger_at: _timestamp_pb2.Timestamp
    last_triggered_at: _timestamp_pb2.Timestamp
    trigger_count: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., session_id: _Optional[str] = ..., owner_principal_id: _Optional[str] = ..., resolved_owner_user_id: _Optional[str] = ..., owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., effective_owner: _Optional[_Union[_platform_types_pb2.PrincipalSummary, _Mapping]] = ..., description: _Optional[str] = ..., cron_expression: _Optional[str] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timezone: _Optional[str] = ..., enabled: _Optional[bool] = ..., schedule_type: _Optional[_Union[ScheduleType, str]] = ..., next_trigger_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_triggered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trigger_count: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateScheduleRequest(_message.Message):
    __slots__ = ("context", "session_id", "description", "cron_expression", "scheduled_at", "timezone")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    description: str
    cron_expression: str
    scheduled_at: _timestamp_pb2.Timestamp
    timezone: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., description: _Optional[str] = ..., cron_expression: _Optional[str] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timezone: _Optional[str] = ...) -> None: ...

class CreateScheduleResponse(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: SessionSchedule
    def __init__(self, schedule: _Optional[_Union[SessionSchedule, _Mapping]] = ...) -> None: ...

class CancelScheduleRequest(_message.Message):
    __slots__ = ("context", "session_id", "schedule_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    schedule_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ..., schedule_id: _Optional[str] = ...) -> None: ...

class CancelScheduleResponse(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: SessionSchedule
    def __init__(self, schedule: _Optional[_Union[SessionSchedule, _Mapping]] = ...) -> None: ...

class ListSchedulesRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class ListSchedulesResponse(_message.Message):
    __slots__ = ("schedules",)
    SCHEDULES_FIELD_NUMBER: _ClassVar[int]
    schedules: _containers.RepeatedCompositeFieldContainer[SessionSchedule]
    def __init__(self, schedules: _Optional[_Iterable[_Union[SessionSchedule, _Mapping]]] = ...) -> None: ...

class CountActiveSchedulesRequest(_message.Message):
    __slots__ = ("context", "session_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session_id: str
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session_id: _Optional[str] = ...) -> None: ...

class CountActiveSchedulesResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_READ: _ClassVar[Effect]
    EFFECT_IDEMPOTENT: _ClassVar[Effect]
    EFFECT_KEYED: _ClassVar[Effect]
    EFFECT_UNSAFE: _ClassVar[Effect]

class OnUnavailable(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_UNAVAILABLE_UNSPECIFIED: _ClassVar[OnUnavailable]
    ON_UNAVAILABLE_FAIL_CLOSED: _ClassVar[OnUnavailable]
    ON_UNAVAILABLE_ALLOW: _ClassVar[OnUnavailable]

class Cache(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CACHE_UNSPECIFIED: _ClassVar[Cache]
    CACHE_NONE: _ClassVar[Cache]
    CACHE_PHASE: _ClassVar[Cache]

class Deadline(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEADLINE_UNSPECIFIED: _ClassVar[Deadline]
    DEADLINE_STANDARD: _ClassVar[Deadline]
    DEADLINE_OPEN: _ClassVar[Deadline]
    DEADLINE_LONG: _ClassVar[Deadline]

class Requirement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUIREMENT_UNSPECIFIED: _ClassVar[Requirement]
    REQUIREMENT_REQUIRED: _ClassVar[Requirement]
    REQUIREMENT_OPTIONAL: _ClassVar[Requirement]
    REQUIREMENT_EVERY_SERVER: _ClassVar[Requirement]

class Condition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONDITION_UNSPECIFIED: _ClassVar[Condition]
    CONDITION_KEYED: _ClassVar[Condition]
    CONDITION_FIRST_MESSAGE: _ClassVar[Condition]
    CONDITION_STATED: _ClassVar[Condition]

class Code(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_UNSPECIFIED: _ClassVar[Code]
    CODE_CANCELLED: _ClassVar[Code]
    CODE_UNKNOWN: _ClassVar[Code]
    CODE_INVALID_ARGUMENT: _ClassVar[Code]
    CODE_DEADLINE_EXCEEDED: _ClassVar[Code]
    CODE_NOT_FOUND: _ClassVar[Code]
    CODE_ALREADY_EXISTS: _ClassVar[Code]
    CODE_PERMISSION_DENIED: _ClassVar[Code]
    CODE_RESOURCE_EXHAUSTED: _ClassVar[Code]
    CODE_FAILED_PRECONDITION: _ClassVar[Code]
    CODE_ABORTED: _ClassVar[Code]
    CODE_OUT_OF_RANGE: _ClassVar[Code]
    CODE_UNIMPLEMENTED: _ClassVar[Code]
    CODE_INTERNAL: _ClassVar[Code]
    CODE_UNAVAILABLE: _ClassVar[Code]
    CODE_DATA_LOSS: _ClassVar[Code]
    CODE_UNAUTHENTICATED: _ClassVar[Code]
EFFECT_UNSPECIFIED: Effect
EFFECT_READ: Effect
EFFECT_IDEMPOTENT: Effect
EFFECT_KEYED: Effect
EFFECT_UNSAFE: Effect
ON_UNAVAILABLE_UNSPECIFIED: OnUnavailable
ON_UNAVAILABLE_FAIL_CLOSED: OnUnavailable
ON_UNAVAILABLE_ALLOW: OnUnavailable
CACHE_UNSPECIFIED: Cache
CACHE_NONE: Cache
CACHE_PHASE: Cache
DEADLINE_UNSPECIFIED: Deadline
DEADLINE_STANDARD: Deadline
DEADLINE_OPEN: Deadline
DEADLINE_LONG: Deadline
REQUIREMENT_UNSPECIFIED: Requirement
REQUIREMENT_REQUIRED: Requirement
REQUIREMENT_OPTIONAL: Requirement
REQUIREMENT_EVERY_SERVER: Requirement
CONDITION_UNSPECIFIED: Condition
CONDITION_KEYED: Condition
CONDITION_FIRST_MESSAGE: Condition
CONDITION_STATED: Condition
CODE_UNSPECIFIED: Code
CODE_CANCELLED: Code
CODE_UNKNOWN: Code
CODE_INVALID_ARGUMENT: Code
CODE_DEADLINE_EXCEEDED: Code
CODE_NOT_FOUND: Code
CODE_ALREADY_EXISTS: Code
CODE_PERMISSION_DENIED: Code
CODE_RESOURCE_EXHAUSTED: Code
CODE_FAILED_PRECONDITION: Code
CODE_ABORTED: Code
CODE_OUT_OF_RANGE: Code
CODE_UNIMPLEMENTED: Code
CODE_INTERNAL: Code
CODE_UNAVAILABLE: Code
CODE_DATA_LOSS: Code
CODE_UNAUTHENTICATED: Code
STORE_FIELD_NUMBER: _ClassVar[int]
store: _descriptor.FieldDescriptor
SEMANTICS_FIELD_NUMBER: _ClassVar[int]
semantics: _descriptor.FieldDescriptor
SECRET_FIELD_NUMBER: _ClassVar[int]
secret: _descriptor.FieldDescriptor
FIELD_FIELD_NUMBER: _ClassVar[int]
field: _descriptor.FieldDescriptor
EXACTLY_ONE_FIELD_NUMBER: _ClassVar[int]
exactly_one: _descriptor.FieldDescriptor
REASON_FIELD_NUMBER: _ClassVar[int]
reason: _descriptor.FieldDescriptor

class Semantics(_message.Message):
    __slots__ = ("effect", "on_unavailable", "cache", "deadline")
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    ON_UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    effect: Effect
    on_unavailable: OnUnavailable
    cache: Cache
    deadline: Deadline
    def __init__(self, effect: _Optional[_Union[Effect, str]] = ..., on_unavailable: _Optional[_Union[OnUnavailable, str]] = ..., cache: _Optional[_Union[Cache, str]] = ..., deadline: _Optional[_Union[Deadline, str]] = ...) -> None: ...

class Store(_message.Message):
    __slots__ = ("name", "requirement", "features", "session_in_context")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUIREMENT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    SESSION_IN_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    requirement: Requirement
    features: _containers.RepeatedScalarFieldContainer[str]
    session_in_context: bool
    def __init__(self, name: _Optional[str] = ..., requirement: _Optional[_Union[Requirement, str]] = ..., features: _Optional[_Iterable[str]] = ..., session_in_context: _Optional[bool] = ...) -> None: ...

class FieldRules(_message.Message):
    __slots__ = ("required", "when", "not_empty", "id", "max_bytes")
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    NOT_EMPTY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    required: bool
    when: Condition
    not_empty: bool
    id: str
    max_bytes: int
    def __init__(self, required: _Optional[bool] = ..., when: _Optional[_Union[Condition, str]] = ..., not_empty: _Optional[bool] = ..., id: _Optional[str] = ..., max_bytes: _Optional[int] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "or_code", "metadata")
    CODE_FIELD_NUMBER: _ClassVar[int]
    OR_CODE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: Code
    or_code: Code
    metadata: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[_Union[Code, str]] = ..., or_code: _Optional[_Union[Code, str]] = ..., metadata: _Optional[_Iterable[str]] = ...) -> None: ...

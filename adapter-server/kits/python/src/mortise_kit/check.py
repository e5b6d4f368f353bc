"""Checks a request by the options of the contract's fields, and names the field that is wrong."""

import re
from dataclasses import dataclass
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from mortise.adapter.v1 import options_pb2

from . import fail
from .openvalue import PAYLOAD_DEPTH_MAX, VALUE_DEPTH_MAX, check_open_value

_DIGITS = re.compile("[0-9a-f]{32}")
_UUID = re.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

# 0001-01-01 and 9999-12-31 in seconds since 1970.
_SECONDS_MIN, _SECONDS_MAX = -62135596800, 253402300799


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    rules: options_pb2.FieldRules
    kind: int
    is_map: bool
    is_list: bool
    presence: bool
    chosen: bool
    holds: bool
    depth: int
    numbers: frozenset[int]

    def required(self, keyed: bool, first: bool) -> bool:
        if not self.rules.required:
            return False
        match self.rules.when:
            case options_pb2.CONDITION_UNSPECIFIED:
                return True
            case options_pb2.CONDITION_KEYED:
                return keyed and first
            case options_pb2.CONDITION_FIRST_MESSAGE:
                return first
        return False


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[_Field, ...], tuple[str, ...]]:
    fields = tuple(one for one in map(_field, descriptor.fields) if one)
    choices = tuple(
        choice.name for choice in descriptor.oneofs if choice.GetOptions().Extensions[options_pb2.exactly_one]
    )
    return fields, choices


def _field(field: FieldDescriptor) -> _Field | None:
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    value = field.message_type.fields_by_name["value"] if is_map else field
    depth = 0
    if value.type == FieldDescriptor.TYPE_STRING and field.name.endswith("_json"):
        depth = PAYLOAD_DEPTH_MAX if field.name == "data_json" else VALUE_DEPTH_MAX
    has_rules = field.GetOptions().HasExtension(options_pb2.field)
    holds = value.message_type is not None
    if not (has_rules or depth or holds):
        return None
    oneof = field.containing_oneof
    return _Field(
        name=field.name,
        rules=field.GetOptions().Extensions[options_pb2.field],
        kind=field.type,
        is_map=is_map,
        is_list=field.is_repeated and not is_map,
        presence=field.has_presence,
        # The choice around an `optional` field has only that field, and begins with `_`.
        chosen=oneof is not None and not oneof.name.startswith("_"),
        holds=holds,
        depth=depth,
        numbers=frozenset(value.enum_type.values_by_number) if value.enum_type else frozenset(),
    )


def check(request: Message, *, keyed: bool, first: bool = True, needs_session: bool = False) -> None:
    """Refuses what the contract forbids."""
    if first:
        context = request.context
        if not request.HasField("context"):
            raise fail.invalid_field("context", "is missing; every call has one")
        if context.org_id == 0:
            raise fail.invalid_field("context.org_id", "is 0; send the internal id of the org")
        if needs_session and not context.session_id:
            raise fail.invalid_field("context.session_id", "is empty; send `session_` and 32 lower-case hex digits")
        if keyed and "\0" in context.request_id:
            raise fail.invalid_field("context.request_id", "contains NUL; send a UUID")
    _message("", request, keyed, first)


def _message(path: str, message: Message, keyed: bool, first: bool) -> None:
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        if not (_SECONDS_MIN <= message.seconds <= _SECONDS_MAX and 0 <= message.nanos < 1_000_000_000):
            raise fail.invalid_field(path, "is no time in the years 1 to 9999; send seconds and nanoseconds")
        return
    fields, choices = _plan(message.DESCRIPTOR)
    for field in fields:
        at = f"{path}.{field.name}" if path else field.name
        _check_field(at, field, message, keyed, first)
    for choice in choices:
        if message.WhichOneof(choice) is None:
            raise fail.invalid_field(f"{path}.{choice}" if path else choice, "is missing; set one of its fields")


def _check_field(path: str, field: _Field, message: Message, keyed: bool, first: bool) -> None:
    required = field.required(keyed, first)
    if field.is_map:
        _entries(path, field, getattr(message, field.name), keyed, first)
    elif field.is_list:
        values = getattr(message, field.name)
        if required and field.rules.not_empty and not values:
            raise fail.invalid_field(path, "is empty; send one at least")
        for index, value in enumerate(values):
            if field.holds:
                _message(f"{path}[{index}]", value, keyed, first)
            else:
                _scalar(f"{path}[{index}]", field, value, required)
    elif field.presence and not message.HasField(field.name):
        if required and not field.chosen:
            raise fail.invalid_field(path, "is missing; it is REQUIRED")
    elif field.holds:
        _message(path, getattr(message, field.name), keyed, first)
    else:
        _scalar(path, field, getattr(message, field.name), required)


def _entries(path: str, field: _Field, entries, keyed: bool, first: bool) -> None:
    for key in entries if field.holds or field.depth else ():
        at = f'{path}["{key}"]'
        if field.holds:
            _message(at, entries[key], keyed, first)
        else:
            check_open_value(at, entries[key], field.depth)


def _scalar(path: str, field: _Field, value, required: bool) -> None:
    if field.kind == FieldDescriptor.TYPE_STRING:
        _text(path, field, value, required)
    elif field.kind == FieldDescriptor.TYPE_BYTES:
        _at_most(path, field, len(value))
    elif field.numbers and required and (value == 0 or value not in field.numbers):
        raise fail.invalid_field(path, f"is {value}; send a value of the enum other than 0")


def _text(path: str, field: _Field, text: str, required: bool) -> None:
    rules = field.rules
    if required and rules.not_empty and not text:
        raise fail.invalid_field(path, "is empty; it is REQUIRED")
    if rules.max_bytes:
        _at_most(path, field, len(text.encode()))
    must_be = required or text or field.presence
    if rules.id and must_be:
        _id(path, text, rules.id)
    if field.depth and must_be:
        check_open_value(path, text, field.depth)


def _at_most(path: str, field: _Field, size: int) -> None:
    if 0 < field.rules.max_bytes < size:
        raise fail.invalid_field(path, f"has {size} bytes; send {field.rules.max_bytes} at most")


def _id(path: str, text: str, kind: str) -> None:
    shown = repr(text) if len(text) <= 80 else f"{text[:80]!r}... ({len(text)} characters)"
    if kind == "uuid":
        if not _UUID.fullmatch(text):
            raise fail.invalid_field(path, f"is {shown}; send a UUID, 32 hex digits in the form 8-4-4-4-12")
    elif not (text.startswith(kind + "_") and _DIGITS.fullmatch(text, len(kind) + 1)):
        raise fail.invalid_field(path, f"is {shown}; send `{kind}_` and 32 lower-case hex digits")

"""The checks that follow from the options of the contract. They refuse what it forbids and
name the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import fail, open_value
from mortise_adapter.v1 import Condition, FieldRules
from mortise_adapter.v1 import options_pb2 as options

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SHOWN_MAX = 80
# The years 1 to 9999.
_SECONDS_MIN, _SECONDS_MAX = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True, slots=True)
class Where:
    """Which call a message belongs to."""

    keyed: bool
    """The method is a change under a request_id."""
    first: bool
    """The message is the only one, or the first of a stream."""


Check = Callable[[str, Any, Where], None]

_plans: dict[str, list[Check]] = {}


@dataclass(slots=True)
class _Glance:
    """What shows at a glance that a message is right: texts that fit, messages that are there.
    The rest is checked in full; so is a message that the glance does not find right."""

    texts: list[tuple[str, Callable[[str], object]]]
    messages: list[tuple[str, bool, _Glance]]
    rest: list[Check]


_glances: dict[tuple[type[Message], bool, bool], _Glance] = {}


def check(request: Any, where: Where, needs_session: bool) -> None:
    """Raises INVALID_FIELD for what the contract forbids in a request."""
    if where.first:
        if not request.HasField("context"):
            raise fail.invalid_field("context", "is missing; every call has one")
        if request.context.org_id == 0:
            raise fail.invalid_field("context.org_id", "is 0; send the internal id of the org")
        if needs_session and not request.context.session_id:
            raise fail.invalid_field("context.session_id", "is empty; send `session_` and 32 lower-case hex digits")
    kind = (type(request), where.keyed, where.first)
    glance = _glances.get(kind)
    if glance is None:
        glance = _glances[kind] = _glance(request.DESCRIPTOR, where, {})
    try:
        if _is_right(glance, request, where):
            return
    except fail.Failure:
        # The full check names the field by its whole path.
        pass
    _message("", request, where)


def _is_right(glance: _Glance, message: Any, where: Where) -> bool:
    for name, fits in glance.texts:
        if not fits(getattr(message, name)):
            return False
    for name, must, held in glance.messages:
        if message.HasField(name):
            if not _is_right(held, getattr(message, name), where):
                return False
        elif must:
            return False
    for one in glance.rest:
        one("", message, where)
    return True


def _glance(descriptor: Any, where: Where, made: dict[str, _Glance]) -> _Glance:
    """The glance of a message and of what it holds, which may be itself."""
    found = made.get(descriptor.full_name)
    if found is not None:
        return found
    glance = made[descriptor.full_name] = _Glance([], [], [])
    if descriptor.full_name == Timestamp.DESCRIPTOR.full_name:
        glance.rest.append(_timestamp)
        return glance
    for field in descriptor.fields:
        check_of_field = _field(field)
        if check_of_field is None:
            continue
        rules = field.GetOptions().Extensions[options.field]
        must = _condition(rules)(where)
        fits = _fits(field, rules, must)
        if field.message_type is not None and not field.is_repeated and field.containing_oneof is None:
            glance.messages.append((field.name, must, _glance(field.message_type, where, made)))
        elif fits is not None:
            glance.texts.append((field.name, fits))
        else:
            glance.rest.append(check_of_field)
    glance.rest += [_choice(one.name) for one in descriptor.oneofs if one.GetOptions().Extensions[options.exactly_one]]
    return glance


def _fits(field: FieldDescriptor, rules: FieldRules, must: bool) -> Callable[[str], object] | None:
    """Whether a text is surely right, for fields where one look can tell."""
    if field.type != FieldDescriptor.TYPE_STRING or field.is_repeated or field.has_presence or _depth(field):
        return None
    if rules.id:
        if rules.max_bytes:
            return None
        pattern = _pattern(rules.id).pattern
        return re.compile(pattern if must else f"(?:{pattern})?").fullmatch
    if rules.max_bytes or field.name == "request_id":
        least = 1 if must and rules.not_empty else 0
        return re.compile(f"[\x01-\x7f]{{{least},{rules.max_bytes or ''}}}").fullmatch
    return len if must and rules.not_empty else None


def _message(path: str, message: Message, where: Where) -> None:
    descriptor = message.DESCRIPTOR
    plan = _plans.get(descriptor.full_name)
    if plan is None:
        plan = _plans[descriptor.full_name] = _plan(descriptor)
    for one in plan:
        one(path, message, where)


def _plan(descriptor: Any) -> list[Check]:
    if descriptor.full_name == Timestamp.DESCRIPTOR.full_name:
        return [_timestamp]
    checks = [one for field in descriptor.fields if (one := _field(field)) is not None]
    for choice in descriptor.oneofs:
        if choice.GetOptions().Extensions[options.exactly_one]:
            checks.append(_choice(choice.name))
    return checks


def _timestamp(path: str, stamp: Timestamp, where: Where) -> None:
    if not (_SECONDS_MIN <= stamp.seconds <= _SECONDS_MAX and 0 <= stamp.nanos < 1_000_000_000):
        raise fail.invalid_field(path, "is no time in the years 1 to 9999; send seconds and nanoseconds")


def _choice(name: str) -> Check:
    def run(path: str, message: Message, where: Where) -> None:
        if message.WhichOneof(name) is None:
            raise fail.invalid_field(_within(path, name), "is missing; set one of its fields")

    return run


def _field(field: FieldDescriptor) -> Check | None:
    rules = field.GetOptions().Extensions[options.field]
    stated = field.GetOptions().HasExtension(options.field)
    depth = _depth(field)
    value = _map_value(field)
    holds = (value or field).message_type is not None
    if not stated and not depth and not holds:
        return None
    if value is not None:
        return _entries(field.name, depth, holds) if depth or holds else None
    if field.is_repeated:
        return _list(field, rules, depth, holds)
    if not field.has_presence:
        return _plain(field, rules, depth)
    return _optional(field, rules, depth, holds)


def _plain(field: FieldDescriptor, rules: FieldRules, depth: int) -> Check | None:
    name, of = field.name, _scalar(field, rules, depth, presence=False)
    if of is None:
        return None
    holds = _condition(rules)

    def run(path: str, message: Any, where: Where) -> None:
        of(_within(path, name), getattr(message, name), where, holds(where))

    return run


def _optional(field: FieldDescriptor, rules: FieldRules, depth: int, holds_message: bool) -> Check:
    name, required = field.name, _condition(rules)
    choice = field.containing_oneof
    # An `optional` field is a choice of its own, which protobuf names with `_`.
    chosen = choice is not None and not choice.name.startswith("_")
    of = None if holds_message else _scalar(field, rules, depth, presence=True)

    def run(path: str, message: Any, where: Where) -> None:
        must = required(where)
        if not message.HasField(name):
            if must and not chosen:
                raise fail.invalid_field(_within(path, name), "is missing; it is REQUIRED")
        elif holds_message:
            _message(_within(path, name), getattr(message, name), where)
        elif of is not None:
            of(_within(path, name), getattr(message, name), where, must)

    return run


def _entries(name: str, depth: int, holds: bool) -> Check:
    def run(path: str, message: Any, where: Where) -> None:
        for key, value in getattr(message, name).items():
            at = f'{_within(path, name)}["{key}"]'
            if holds:
                _message(at, value, where)
            else:
                open_value.parse(at, value, depth)

    return run


def _list(field: FieldDescriptor, rules: FieldRules, depth: int, holds: bool) -> Check:
    name, required, not_empty = field.name, _condition(rules), rules.not_empty
    of = None if holds else _scalar(field, rules, depth, presence=False)

    def run(path: str, message: Any, where: Where) -> None:
        values = getattr(message, name)
        must = required(where)
        if must and not_empty and not values:
            raise fail.invalid_field(_within(path, name), "is empty; send one at least")
        for number, value in enumerate(values):
            if holds:
                _message(f"{_within(path, name)}[{number}]", value, where)
            elif of is not None:
                of(f"{_within(path, name)}[{number}]", value, where, must)

    return run


Scalar = Callable[[str, Any, Where, bool], None]


def _scalar(field: FieldDescriptor, rules: FieldRules, depth: int, *, presence: bool) -> Scalar | None:
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(field.name, rules, depth, presence)
    if field.type == FieldDescriptor.TYPE_BYTES and rules.max_bytes:
        return lambda path, value, where, must: _at_most(path, len(value), rules.max_bytes)
    kind = field.enum_type
    if kind is not None and rules.required:
        known = {value.number for value in kind.values} - {0}
        name = kind.name

        def enumeration(path: str, value: int, where: Where, must: bool) -> None:
            if must and value not in known:
                raise fail.invalid_field(path, f"is {value}; send a value of {name} other than 0")

        return enumeration
    return None


def _text(name: str, rules: FieldRules, depth: int, presence: bool) -> Scalar | None:
    kind, most, not_empty = rules.id, rules.max_bytes, rules.not_empty
    is_request_id = name == "request_id"
    if not (kind or most or not_empty or depth or is_request_id):
        return None
    pattern = _pattern(kind)

    def run(path: str, text: str, where: Where, must: bool) -> None:
        if must and not_empty and not text:
            raise fail.invalid_field(path, "is empty; it is REQUIRED")
        if most and len(text) * 4 > most:
            _at_most(path, len(text.encode()), most)
        if kind and (must or text or presence) and not pattern.fullmatch(text):
            raise fail.invalid_field(path, f"is {_shown(text)}; send {_wanted(kind)}")
        if is_request_id and where.keyed and "\0" in text:
            raise fail.invalid_field(path, "contains NUL; send a UUID")
        if depth and (must or text or presence):
            open_value.parse(path, text, depth)

    return run


def _pattern(kind: str) -> re.Pattern[str]:
    return _UUID if kind == "uuid" else re.compile(f"{kind}_[0-9a-f]{{32}}")


def _wanted(kind: str) -> str:
    if kind == "uuid":
        return "a UUID, 32 hex digits in the form 8-4-4-4-12"
    return f"`{kind}_` and 32 lower-case hex digits"


def _at_most(path: str, size: int, most: int) -> None:
    if size > most:
        raise fail.invalid_field(path, f"has {size} bytes; send {most} at most")


def _condition(rules: FieldRules) -> Callable[[Where], bool]:
    if not rules.required:
        return lambda where: False
    if rules.when == Condition.CONDITION_UNSPECIFIED:
        return lambda where: True
    if rules.when == Condition.CONDITION_KEYED:
        return lambda where: where.keyed and where.first
    if rules.when == Condition.CONDITION_FIRST_MESSAGE:
        return lambda where: where.first
    return lambda where: False


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """What a map holds; None for a field that is no map."""
    kind = field.message_type
    return kind.fields_by_name["value"] if kind is not None and kind.GetOptions().map_entry else None


def _depth(field: FieldDescriptor) -> int:
    """How deep the JSON in a field may nest; 0 if the field holds none."""
    held = _map_value(field) or field
    if held.type != FieldDescriptor.TYPE_STRING or not field.name.endswith("_json"):
        return 0
    return open_value.PAYLOAD_DEPTH_MAX if field.name == "data_json" else open_value.VALUE_DEPTH_MAX


def _shown(text: str) -> str:
    """A text that a refusal quotes, which travels in headers."""
    if len(text) > _SHOWN_MAX:
        return f"{text[:_SHOWN_MAX]!a}... ({len(text.encode())} bytes)"
    return ascii(text)


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

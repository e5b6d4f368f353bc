"""The message that an event leaves behind, from the JSON of the event. The rules are in
event_emitter.proto."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import fail, open_value, v1

T = TypeVar("T")
Json = Mapping[str, Any]

DATA = "event.data_json"
SAYS = ("input.message", "output.message.completed")
TOOL_COMPLETED = "tool.completed"

_ROLES = {
    "system": v1.MessageRole.MESSAGE_ROLE_SYSTEM,
    "user": v1.MessageRole.MESSAGE_ROLE_USER,
    "agent": v1.MessageRole.MESSAGE_ROLE_AGENT,
    "tool_result": v1.MessageRole.MESSAGE_ROLE_TOOL_RESULT,
}
# Older runtimes wrote the second of each two.
_PHASES = {
    "commentary": v1.ExecutionPhase.EXECUTION_PHASE_COMMENTARY,
    "in_progress": v1.ExecutionPhase.EXECUTION_PHASE_COMMENTARY,
    "final_answer": v1.ExecutionPhase.EXECUTION_PHASE_FINAL_ANSWER,
    "completed": v1.ExecutionPhase.EXECUTION_PHASE_FINAL_ANSWER,
}
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Left:
    """A message, and the tool whose result it is."""

    message: v1.Message
    tool: str | None = None

    @property
    def first_text(self) -> str | None:
        """The first text part, which a search looks at."""
        return next((part.text.text for part in self.message.content if part.WhichOneof("kind") == "text"), None)


def left_by(event: v1.NewEvent, event_id: str) -> Left | None:
    """The message that an event leaves behind, if its type is one that does. Raises
    INVALID_FIELD if the data is not what the type says, and repeats nothing of it."""
    if event.type not in (*SAYS, TOOL_COMPLETED):
        return None
    value = open_value.parse(DATA, event.data_json, open_value.PAYLOAD_DEPTH_MAX)
    data = _Record(DATA, value)
    if event.type == TOOL_COMPLETED:
        return _tool_result(data, event, event_id)
    return Left(_message(data.record("message")))


class _Record:
    """A JSON object, whose members are read by name and type."""

    def __init__(self, path: str, value: object) -> None:
        if not isinstance(value, dict):
            raise fail.invalid_field(path, "is no JSON object; send the payload that the event's type demands")
        self.path = path
        self.members: Json = value

    def _at(self, name: str) -> str:
        return f"{self.path}: {name}"

    def optional(self, name: str, kind: type[T]) -> T | None:
        """A member; one that is null is absent."""
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, kind):
            raise fail.invalid_field(self._at(name), f"is not of the type {kind.__name__}; send one")
        return value

    def required(self, name: str, kind: type[T]) -> T:
        value = self.optional(name, kind)
        if value is None:
            raise fail.invalid_field(self._at(name), "is missing; it is REQUIRED")
        return value

    def text(self, name: str) -> str:
        return self.required(name, str)

    def optional_text(self, name: str) -> str | None:
        return self.optional(name, str)

    def record(self, name: str) -> _Record:
        return _Record(self._at(name), self.required(name, dict))

    def optional_record(self, name: str) -> _Record | None:
        value = self.optional(name, dict)
        return None if value is None else _Record(self._at(name), value)

    def chosen(self, name: str, choices: Mapping[str, T]) -> T:
        text = self.text(name)
        if text not in choices:
            raise fail.invalid_field(self._at(name), f"is none of {', '.join(choices)}")
        return choices[text]

    def identifier(self, name: str, prefix: str) -> str:
        text = self.text(name)
        if not re.fullmatch(f"{prefix}_[0-9a-f]{{32}}", text):
            raise fail.invalid_field(self._at(name), f"is no id; send `{prefix}_` and 32 lower-case hex digits")
        return text

    def time(self, name: str) -> Timestamp:
        stamp = timestamp(self.text(name))
        if stamp is None:
            raise fail.invalid_field(self._at(name), "is no time; send one as in RFC 3339")
        return stamp

    def json(self, name: str) -> str:
        if name not in self.members:
            raise fail.invalid_field(self._at(name), "is missing; it is REQUIRED")
        return open_value.shown(self.members[name])

    def map(self, name: str) -> v1.JsonMap | None:
        values = self.optional(name, dict)
        if values is None:
            return None
        return v1.JsonMap(values_json={key: open_value.shown(value) for key, value in values.items()})

    def list(self, name: str) -> list[_Record]:
        return [_Record(self._at(name), one) for one in self.required(name, list)]


def _message(data: _Record) -> v1.Message:
    phase = data.chosen("phase", _PHASES) if data.members.get("phase") is not None else None
    return v1.Message(
        id=data.identifier("id", "message"),
        role=data.chosen("role", _ROLES),
        content=[_part(one) for one in data.list("content")],
        phase=phase,
        thinking=data.optional_text("thinking"),
        thinking_signature=data.optional_text("thinking_signature"),
        controls=_controls(data.optional_record("controls")),
        metadata=data.map("metadata"),
        external_actor=_actor(data.optional_record("external_actor")),
        created_at=data.time("created_at"),
    )


def _text_part(data: _Record) -> v1.ContentPart:
    return v1.ContentPart(text=v1.TextPart(text=data.text("text")))


def _image_part(data: _Record) -> v1.ContentPart:
    parts = {name: data.optional_text(name) for name in ("url", "base64", "media_type")}
    return v1.ContentPart(image=v1.ImagePart(**parts))


def _image_file_part(data: _Record) -> v1.ContentPart:
    image_id, name = data.identifier("image_id", "img"), data.optional_text("filename")
    return v1.ContentPart(image_file=v1.ImageFilePart(image_id=image_id, filename=name))


def _tool_call_part(data: _Record) -> v1.ContentPart:
    called = v1.ToolCallPart(id=data.text("id"), name=data.text("name"), arguments_json=data.json("arguments"))
    return v1.ContentPart(tool_call=called)


def _tool_result_part(data: _Record) -> v1.ContentPart:
    result = None if data.members.get("result") is None else data.json("result")
    part = v1.ToolResultPart(
        tool_call_id=data.text("tool_call_id"), result_json=result, error=data.optional_text("error")
    )
    return v1.ContentPart(tool_result=part)


_PARTS: Mapping[str, Callable[[_Record], v1.ContentPart]] = {
    "text": _text_part,
    "image": _image_part,
    "image_file": _image_file_part,
    "tool_call": _tool_call_part,
    "tool_result": _tool_result_part,
}


def _part(data: _Record) -> v1.ContentPart:
    return data.chosen("type", _PARTS)(data)


def _controls(data: _Record | None) -> v1.Controls | None:
    if data is None:
        return None
    reasoning = data.optional_record("reasoning")
    return v1.Controls(
        model_id=data.identifier("model_id", "model") if data.members.get("model_id") is not None else None,
        locale=data.optional_text("locale"),
        reasoning=None if reasoning is None else v1.ReasoningConfig(effort=reasoning.optional_text("effort")),
        hints=data.map("hints"),
    )


def _actor(data: _Record | None) -> v1.ExternalActor | None:
    if data is None:
        return None
    given = data.optional_record("metadata")
    metadata = None if given is None else v1.StringMap(values={key: given.text(key) for key in given.members})
    return v1.ExternalActor(
        actor_id=data.text("actor_id"),
        actor_name=data.optional_text("actor_name"),
        source=data.text("source"),
        metadata=metadata,
    )


def _tool_result(data: _Record, event: v1.NewEvent, event_id: str) -> Left:
    call, tool = data.text("tool_call_id"), data.text("tool_name")
    parts = None if data.members.get("result") is None else [_part(one) for one in data.list("result")]
    images = [v1.ContentPart(image=image) for image in map(_whole_image, parts or []) if image is not None]
    result = v1.ToolResultPart(
        tool_call_id=call,
        result_json=None if parts is None else _result(parts),
        error=None if images else data.optional_text("error"),
    )
    metadata = {"tool_name": open_value.shown(tool)}
    for name in ("tool_call_fingerprint", "tool_result_fingerprint"):
        if (given := data.optional_text(name)) is not None:
            metadata[name] = open_value.shown(given)
    message = v1.Message(
        id=f"message_{event_id.rpartition('_')[2]}",
        role=v1.MessageRole.MESSAGE_ROLE_TOOL_RESULT,
        content=[v1.ContentPart(tool_result=result), *images],
        metadata=v1.JsonMap(values_json=metadata),
        created_at=event.ts,
    )
    return Left(message, tool)


def _whole_image(part: v1.ContentPart) -> v1.ImagePart | None:
    image = part.image
    if part.WhichOneof("kind") != "image" or not (image.HasField("base64") and image.HasField("media_type")):
        return None
    return v1.ImagePart(base64=image.base64, media_type=image.media_type)


def _result(parts: list[v1.ContentPart]) -> str:
    texts = [part.text.text for part in parts if part.WhichOneof("kind") == "text"]
    if not texts:
        return "null"
    if len(texts) > 1:
        return open_value.shown([{"type": "text", "text": text} for text in texts])
    # A tool's `123` is a text, not a number.
    if texts[0].lstrip()[:1] in ("{", "[") and open_value.is_open_value(texts[0]):
        return texts[0]
    return open_value.shown(texts[0])


def timestamp(text: str) -> Timestamp | None:
    """A time of RFC 3339, to the nanosecond; None if it is none of the years 1 to 9999."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[number]) for number in range(1, 7))
    try:
        # A leap second is the second after.
        whole = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    seconds = whole.days * 86_400 + whole.seconds + (second - min(second, 59))
    if found[8]:
        offset = int(found[9]) * 3600 + int(found[10]) * 60
        seconds += -offset if found[8] == "+" else offset
    nanos = int((found[7] or "0")[:9].ljust(9, "0"))
    return Timestamp(seconds=seconds, nanos=nanos) if second <= 60 else None

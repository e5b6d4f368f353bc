"""Messages and texts for a log, without what is secret in them."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mortise_adapter.v1 import options_pb2 as options

_MARK = "[redacted]"
# A shorter text is found everywhere, and is hardly a secret.
_SECRET_CHARS_MIN = 4


class Redacted:
    """Shows a message of the contract in a log without what is secret in it:
    `log.info("got %s", Redacted(request))`."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __str__(self) -> str:
        shown = type(self._message)()
        shown.CopyFrom(self._message)
        for holder, field in list(_secrets(shown)):
            if _is_text(field):
                setattr(holder, field.name, _MARK)
            else:
                holder.ClearField(field.name)
        return json_format.MessageToJson(shown, indent=None, preserving_proto_field_name=True)


def scrubbed(text: str, request: Message) -> str:
    """A text of others for the log, such as the error of a library, without the secrets of
    the request that it may quote."""
    for holder, field in _secrets(request):
        if _is_text(field):
            secret = getattr(holder, field.name)
            if len(secret) >= _SECRET_CHARS_MIN:
                text = text.replace(secret, _MARK)
    return text


def _is_text(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated


def _secrets(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    """Each secret field of a message and of what it holds."""
    for field, value in message.ListFields():
        if field.GetOptions().Extensions[options.secret]:
            yield message, field
        elif field.message_type is None:
            continue
        elif field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for held in value.values():
                    yield from _secrets(held)
        elif field.is_repeated:
            for held in value:
                yield from _secrets(held)
        else:
            yield from _secrets(value)

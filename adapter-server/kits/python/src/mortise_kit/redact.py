"""Shows messages and texts in logs without what is secret in them."""

from collections.abc import Iterator

from google.protobuf import text_format
from google.protobuf.message import Message

from mortise.adapter.v1 import options_pb2

MARK = "[redacted]"

# A shorter text is found everywhere, and is hardly a secret.
_SECRET_CHARACTERS_MIN = 4


def _secrets(message: Message) -> Iterator[tuple[Message, object]]:
    for field, value in message.ListFields():
        if field.GetOptions().Extensions[options_pb2.secret]:
            yield message, field
        elif field.message_type is None:
            continue
        elif field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in value:
                    yield from _secrets(value[key])
        elif field.is_repeated:
            for held in value:
                yield from _secrets(held)
        else:
            yield from _secrets(value)


def redacted(message: Message) -> str:
    """A message of the contract for a log, without its secrets."""
    shown = type(message)()
    shown.CopyFrom(message)
    for holder, field in list(_secrets(shown)):
        holder.ClearField(field.name)
        if field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(holder, field.name, MARK)
    return text_format.MessageToString(shown, as_one_line=True)


def scrubbed(text: str, request: Message | None) -> str:
    """A text of others, such as the error of a library, without the secrets of the request."""
    for holder, field in _secrets(request) if request is not None else ():
        value = getattr(holder, field.name)
        if isinstance(value, str) and len(value) >= _SECRET_CHARACTERS_MIN:
            text = text.replace(value, MARK)
    return text

"""What follows from the options of the contract: the checks of fields, the grammar of JSON,
what a log may show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from odd import SESSION, context

from mortise_adapter import Redacted, fail, open_value, v1
from mortise_adapter.check import Where, check

KEYED, READ = Where(True, True), Where(False, True)


def emitting(change: Callable[[v1.NewEvent], None] = lambda _: None) -> v1.EmitRequest:
    event = v1.NewEvent(
        type="a", ts=Timestamp(seconds=1), session_id=SESSION, context=v1.EventContext(), data_json="{}"
    )
    change(event)
    return v1.EmitRequest(context=context("r"), event=event)


def setting(**fields: str) -> v1.SetValueRequest:
    return v1.SetValueRequest(context=v1.CallContext(org_id=1, **fields), session_id=SESSION)  # type: ignore[arg-type]


def leasing(**fields: str) -> v1.UpsertResourceRequest:
    given = {"session_id": SESSION, "metadata_json": "{}", **fields}
    return v1.UpsertResourceRequest(context=context("r"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("", emitting()),
        ("", leasing(owner_user_id="01234567-89AB-cdef-0123-456789abcdef")),
        ("context", v1.SetValueRequest(session_id=SESSION)),
        ("context.org_id", v1.SetValueRequest(context=v1.CallContext(request_id="r"), session_id=SESSION)),
        ("context.request_id", setting()),
        ("context.request_id", setting(request_id="x" * 65)),
        ("context.request_id", setting(request_id="ü" * 33)),
        ("context.request_id", setting(request_id="a\0b")),
        ("context.turn_id", setting(request_id="r", turn_id="t")),
        ("session_id", v1.SetValueRequest(context=context("r"))),
        ("session_id", v1.SetValueRequest(context=context("r"), session_id=SESSION.upper())),
        ("session_id", v1.SetValueRequest(context=context("r"), session_id=SESSION + "\n")),
        ("owner_user_id", leasing(owner_user_id="")),
        ("owner_user_id", leasing(owner_user_id="0123456789abcdef0123456789abcdef")),
        ("metadata_json", leasing(metadata_json="")),
        ("metadata_json", leasing(metadata_json="{} {}")),
        ("event", v1.EmitRequest(context=context("r"))),
        ("event.type", emitting(lambda event: event.ClearField("type"))),
        ("event.ts", emitting(lambda event: event.ClearField("ts"))),
        ("event.ts", emitting(lambda event: setattr(event.ts, "seconds", 1 << 60))),
        ("event.context", emitting(lambda event: event.ClearField("context"))),
        ("event.context.exec_id", emitting(lambda event: setattr(event.context, "exec_id", ""))),
        ("event.metadata_json", emitting(lambda event: setattr(event, "metadata_json", ""))),
        ("kind", v1.CreateMemoryRequest(context=context("r"), store_id=f"mst_{1:032x}")),
    ],
)
def test_fields_are_checked(path: str, request_: v1.EmitRequest) -> None:
    """Each field that breaks an option is refused by its path; what breaks none is not."""
    refused = ""
    try:
        check(request_, KEYED, False)
    except fail.Failure as failure:
        refused = failure.field
    assert refused == path


def test_reads_need_less() -> None:
    """A read needs no request_id; some services need a session in the context."""
    reading = v1.GetValueRequest(context=v1.CallContext(org_id=1), session_id=SESSION)
    check(reading, READ, False)
    with pytest.raises(fail.Failure, match=r"context\.session_id"):
        check(reading, READ, True)


GOOD = [
    *("null", "{}", "1.0", "-0.0", "1e4", "18446744073709551615", "-9223372036854775808", "0.1", "0e5"),
    *("1.7976931348623157e308", "123456789012345.6", '"\\u0000"', '"\\ud83d\\ude00"', '{"a":1,"a":2}'),
    *("[" * 100 + "]" * 100, '"\\\\ud800"', "0.30000000000000004", '"' + "[" * 300 + '"'),
]
BAD = [
    *("", "{", "NaN", "nan", "Infinity", "18446744073709551616", "-9223372036854775809", "1e309", "1e-400"),
    *("0.1234567890123456789", '"\\ud800"', '"\\udc00\\ud800"', '{"\\ud800x":1}', "[" * 101 + "]" * 101),
    *("0." + "0" * 400, "4.5e-324", "9007199254740993.0", "[" * 100_000, "1" * 5000, '"\t"', "{} {}"),
]


@pytest.mark.parametrize("text", GOOD)
def test_open_values(text: str) -> None:
    """A value that keeps the grammar is read, and comes back to the digit."""
    value = open_value.parse("f", text)
    assert open_value.parse("f", open_value.shown(value)) == value


@pytest.mark.parametrize("text", BAD)
def test_broken_open_values(text: str) -> None:
    """A value that breaks the grammar is refused, and nothing of it is repeated."""
    with pytest.raises(fail.Failure, match=r"^f: ") as caught:
        open_value.parse("f", text)
    assert caught.value.field == "f"


def test_redacted() -> None:
    """A log never holds what is secret, and the message that is shown stays as it was."""
    request = v1.SetValueRequest(context=context("r"), session_id=SESSION, key="shown", value="hidden")
    text = str(Redacted(request))
    assert "hidden" not in text and "shown" in text and request.value == "hidden"

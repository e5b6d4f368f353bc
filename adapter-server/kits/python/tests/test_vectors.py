"""The values that careless servers change, the same for every kit."""

import json
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import open_value, v1

FILE = Path(__file__).parents[4] / "tests" / "contract" / "vectors.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


M = TypeVar("M", bound=Message)


def sent(message: M) -> M:
    """What arrives of a message."""
    return type(message).FromString(message.SerializeToString())


def test_texts() -> None:
    """Every text arrives to the byte, and an empty one is not absent."""
    for one in VECTORS["texts"]:
        arrived = sent(v1.GetValueResponse(value=one["text"]))
        assert arrived.HasField("value"), one["name"]
        assert arrived.value == one["text"], one["name"]
    assert not sent(v1.GetValueResponse()).HasField("value")


def test_distinct() -> None:
    """Texts that look alike stay apart."""
    assert VECTORS["distinct"]
    for one in VECTORS["distinct"]:
        arrived = {sent(v1.KeyInfo(key=text)).key for text in one["texts"]}
        assert arrived == set(one["texts"]) and len(arrived) == len(one["texts"]) > 1, one["name"]


def test_large_texts() -> None:
    """The largest texts arrive whole."""
    assert VECTORS["large_texts"]
    for one in VECTORS["large_texts"]:
        text = one["unit"] * one["times"]
        # The texts are too long to be shown.
        is_whole = sent(v1.GetValueResponse(value=text)).value == text
        assert is_whole, one["name"]


def test_org_ids() -> None:
    """Org ids keep 64 bits."""
    for text in VECTORS["org_ids"]:
        assert str(sent(v1.CallContext(org_id=int(text))).org_id) == text


def test_open_values() -> None:
    """The kit accepts and refuses what the contract accepts and refuses, and keeps the text."""
    for one in VECTORS["open_values"]:
        assert open_value.is_open_value(one["json"]), one["name"]
        assert sent(v1.NewEvent(data_json=one["json"])).data_json == one["json"], one["name"]
    for one in VECTORS["refused_open_values"]:
        assert not open_value.is_open_value(one["json"]), one["name"]


def test_times() -> None:
    """Times keep their nanoseconds."""
    for one in VECTORS["timestamps"]:
        at = Timestamp(seconds=int(one["seconds"]), nanos=one["nanos"])
        assert sent(v1.NewEvent(ts=at)).ts == at, one["name"]


def test_unknown() -> None:
    """Types and enum values of a later version pass through."""
    for name in VECTORS["event_types"]:
        assert sent(v1.NewEvent(type=name)).type == name
    for number in VECTORS["unknown_enum_values"]:
        assert sent(v1.SetSessionStatusRequest(status=number)).status == number

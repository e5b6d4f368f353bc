"""Events over two adapters on one database, and the JSON of messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from mortise_postgres.__main__ import adapter
from mortise_postgres.message_json import left_by, timestamp

from mortise_adapter import fail, v1
from mortise_adapter.testing import served
from mortise_adapter.testing.postgres import Postgres
from mortise_adapter.v1.event_emitter_pb2_grpc import EventEmitterServiceStub
from mortise_adapter.v1.event_log_pb2_grpc import EventLogServiceStub

SESSION = f"session_{1:032x}"


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[grpc.aio.Channel]:
    async with (
        adapter(url) as one,
        served(one) as address,
        grpc.aio.insecure_channel(address) as opened,
    ):
        yield opened


def emitting(request_id: str, kind: str = "turn.started", data: str = "{}") -> v1.EmitRequest:
    event = v1.NewEvent(
        type=kind, ts=Timestamp(seconds=1), session_id=SESSION, context=v1.EventContext(), data_json=data
    )
    return v1.EmitRequest(context=v1.CallContext(org_id=1, request_id=request_id), event=event)


async def test_two_adapters(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower at one adapter gets at once what is emitted at another, each event once;
    and an event that is sent to both at once is stored once."""
    # No follower looks by itself.
    monkeypatch.setattr("mortise_postgres.feeds._LOST_SECONDS", 3600.0)
    async with connected(postgres.url) as first, connected(postgres.url) as second:
        emitters: list[Any] = [EventEmitterServiceStub(first), EventEmitterServiceStub(second)]
        await emitters[0].Emit(emitting("before"))
        request = v1.FollowEventsRequest(context=v1.CallContext(org_id=1), session_id=SESSION)
        following: Any = EventLogServiceStub(first).FollowEvents(request)
        assert (await following.read()).event.sequence == 1
        await emitters[1].Emit(emitting("other"))
        async with asyncio.timeout(60):
            assert (await following.read()).event.sequence == 2
        both = [emitter.Emit(emitting(f"both-{number}")) for number in range(20) for emitter in emitters]
        answers = await asyncio.gather(*both)
        assert sorted({answer.sequence for answer in answers}) == list(range(3, 23))
        assert [(await following.read()).event.sequence for _ in range(20)] == list(range(3, 23))


def left(kind: str, data: str) -> v1.Message:
    found = left_by(emitting("r", kind, data).event, f"event_{7:032x}")
    assert found is not None
    return found.message


def test_message_json() -> None:
    """A message keeps what JSON parsers lose, and what is wrong is named without its value."""
    said = left(
        "input.message",
        f'{{"message":{{"id":"message_{1:032x}","role":"agent","created_at":"2026-01-02T03:04:05.123456789+01:30",'
        '"phase":"in_progress","content":[{"type":"tool_call","id":"c","name":"n",'
        '"arguments":{"a":9007199254740993,"b":1.0,"c":"\\u0000","d":null}}]}}',
    )
    assert said.content[0].tool_call.arguments_json == '{"a":9007199254740993,"b":1.0,"c":"\\u0000","d":null}'
    assert (said.created_at.seconds, said.created_at.nanos) == (1767317645, 123456789)
    assert said.phase == v1.ExecutionPhase.EXECUTION_PHASE_COMMENTARY and not said.HasField("metadata")
    for data, wanted in {
        '{"message":{"id":"secret"}}': "message: id: is no id",
        '{"message":[]}': "message: is not of the type dict",
        "[]": "is no JSON object",
    }.items():
        with pytest.raises(fail.Failure, match=wanted) as caught:
            left("input.message", data)
        assert caught.value.field.startswith("event.data_json") and "secret" not in caught.value.text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", -62135596800),
        ("9999-12-31t23:59:59.5z", 253402300799),
        ("2016-12-31T23:59:60Z", 1483228800),
        ("1970-01-01 00:00:00-00:30", 1800),
        ("1970-02-30T00:00:00Z", None),
        ("1970-01-01T00:00:61Z", None),
        ("1970-01-01", None),
        ("1970-01-01T00:00:00", None),
    ],
)
def test_times(text: str, seconds: int | None) -> None:
    """Times of RFC 3339 are read, and nothing else."""
    stamp = timestamp(text)
    assert (None if stamp is None else stamp.seconds) == seconds

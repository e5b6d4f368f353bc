"""What the kit makes of calls: errors, changes that happen once, streams, stopping."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from odd import SESSION, AwayError, Odd, channel, context, detail, setting, values

from mortise_adapter import (
    Adapter,
    Change,
    Config,
    EventEmitter,
    EventLog,
    ImageArtifactStore,
    NoSecrets,
    Org,
    Session,
    SessionStorageStore,
    fail,
    v1,
)
from mortise_adapter.call import Key
from mortise_adapter.handlers import handler
from mortise_adapter.memory import MEMORY_SECONDS, ProcessMemory
from mortise_adapter.methods import facts
from mortise_adapter.stores import SERVICES
from mortise_adapter.testing import served
from mortise_adapter.v1.adapter_pb2_grpc import AdapterServiceStub
from mortise_adapter.v1.event_emitter_pb2_grpc import EventEmitterServiceStub
from mortise_adapter.v1.event_log_pb2_grpc import EventLogServiceStub
from mortise_adapter.v1.image_artifact_store_pb2_grpc import ImageArtifactStoreServiceStub
from mortise_adapter.v1.session_storage_store_pb2_grpc import SessionStorageStoreServiceStub

Code = grpc.StatusCode


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_errors(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a method raises becomes an error of the contract, nothing of it leaks, and the
    process goes on. So does one that does not return in time."""
    caplog.set_level(logging.INFO)
    wanted = {
        "odd": (Code.INTERNAL, "INTERNAL"),
        "exit": (Code.INTERNAL, "INTERNAL"),
        "away": (Code.UNAVAILABLE, "UNAVAILABLE"),
        "wrapped": (Code.UNAVAILABLE, "UNAVAILABLE"),
        "refused": (Code.UNAVAILABLE, "UNAVAILABLE"),
        "later": (Code.UNAVAILABLE, "UNAVAILABLE"),
        "store": (Code.INTERNAL, "STORE"),
    }
    async with values(Odd(), unavailable=[AwayError]) as client:
        for key, (code, reason) in wanted.items():
            error = await failure(client.SetValue(setting(key, key)))
            info = detail(error, ErrorInfo)
            assert (error.code(), info.reason, info.domain) == (code, reason, fail.DOMAIN), key
            told = error.details() or ""
            assert len(told.encode()) <= fail.TEXT_BYTES_MAX and "hunter2" not in told and "Error" not in told, key
            assert (info.metadata.get("outcome") == "not_applied") == (key == "store")
            assert (detail(error, RetryInfo) is not None) == (key == "later")
        await client.SetValue(setting("fine", "fine"))
    async with values(Odd(), call_seconds=0.2) as client:
        error = await failure(client.SetValue(setting("hang", "hang")))
        info = detail(error, ErrorInfo)
        assert (error.code(), info.reason, info.metadata.get("outcome")) == (Code.UNAVAILABLE, "UNAVAILABLE", None)
    assert "LookupError" in caplog.text and "hunter2" not in caplog.text


async def test_fields_are_refused_by_their_path() -> None:
    """A field that breaks the contract is named to the caller; an unknown method is refused
    with the reason."""
    async with channel(Adapter("odd", "1", Odd())) as opened:
        client = SessionStorageStoreServiceStub(opened)
        error = await failure(client.SetValue(v1.SetValueRequest(context=context("r"), key="k")))
        assert error.code() is Code.INVALID_ARGUMENT and "session_id: is ''" in (error.details() or "")
        assert detail(error, BadRequest).field_violations[0].field == "session_id"
        unknown: Any = opened.unary_unary("/mortise.adapter.v1.AgentStoreService/GetAgent")
        error = await failure(unknown(b""))
        assert (error.code(), detail(error, ErrorInfo).reason) == (Code.UNIMPLEMENTED, "NOT_OFFERED")


async def test_once() -> None:
    """A change happens once, though it is sent eight times at once; an error is not
    remembered; the id of another method is refused."""
    store = Odd()
    async with values(store) as client:
        await asyncio.gather(*(client.SetValue(setting("same", "k")) for _ in range(8)))
        assert store.changes == 1
        reused = v1.DeleteValueRequest(context=context("same"), session_id=SESSION, key="k")
        error = await failure(client.DeleteValue(reused))
        assert detail(error, ErrorInfo).reason == "REQUEST_ID_REUSED"
        for _ in range(2):
            await failure(client.SetValue(setting("again", "odd")))
        assert store.changes == 3


class Caller:
    """What gRPC tells of a call."""

    def time_remaining(self) -> float | None:
        return None


async def test_change_goes_on_without_its_caller() -> None:
    """A change whose caller went away is finished, and its answer is there for the next; a
    change that came before the adapter stops is waited for."""
    store = Odd()
    adapter = Adapter("odd", "1", store)
    name = "mortise.adapter.v1.SessionStorageStoreService"
    [methods] = [service.methods(store) for service in SERVICES if service.name == name]
    serve: Any = handler(adapter.core, facts(name, "SetValue"), methods["SetValue"]).unary_unary
    call = asyncio.ensure_future(serve(setting("gone", "slow"), Caller()))
    await store.began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    store.go_on.set()
    await adapter.core.idle()
    await serve(setting("gone", "slow"), Caller())
    assert store.changes == 1


async def test_process_memory_forgets() -> None:
    """An answer is kept for a day, or until there is no room."""
    now = 0.0
    memory = ProcessMemory(bytes_max=2000, clock=lambda: now)
    await memory.remember(Key(1, "a"), "m", b"1")
    assert await memory.recall(Key(1, "a")) == ("m", b"1") and await memory.recall(Key(2, "a")) is None
    now = MEMORY_SECONDS - 1
    await memory.remember(Key(1, "b"), "m", b"2")
    assert await memory.recall(Key(1, "a")) is not None
    now = MEMORY_SECONDS
    assert await memory.recall(Key(1, "a")) is None and await memory.recall(Key(1, "b")) is not None
    await memory.remember(Key(1, "c"), "m", bytes(1500))
    assert await memory.recall(Key(1, "b")) is None and await memory.recall(Key(1, "c")) is not None


def test_refuses_to_start() -> None:
    """What is missing, twice or not callable is named before anything is served."""

    class Lacking(NoSecrets, SessionStorageStore):
        async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None: ...

    class Plain(Odd):
        def get_value(self, session: Session, key: str) -> str | None:  # type: ignore[override]
            return None

    class Featured(Odd):
        features = (v1.Feature.FEATURE_TURN_SNAPSHOT,)

    with pytest.raises(TypeError, match=r"abstract methods? .*delete_value"):
        Lacking()  # type: ignore[abstract]
    refused: dict[str, list[object]] = {
        "nothing is offered": [],
        "is no store": [object()],
        "pass an object": [Odd],
        "offered twice": [Odd(), Odd()],
        r"Plain\.get_value is not `async def`": [Plain()],
        "has no FEATURE_TURN_SNAPSHOT": [Featured()],
    }
    for wanted, stores in refused.items():
        with pytest.raises(ValueError, match=wanted):
            Adapter("n", "1", *stores)


class Emitter(EventEmitter, EventLog):
    """Counts events, and refuses those of some types."""

    def __init__(self) -> None:
        self.sequence = 0

    async def emit(
        self, org: Org, change: Change[v1.EmitResponse], event: v1.NewEvent, proposed_event_id: str
    ) -> v1.EmitResponse:
        if event.type == "refused":
            raise fail.session_not_found("no such session", id=event.session_id)
        if event.type == "away":
            raise fail.unavailable("away")
        self.sequence += 1
        return v1.EmitResponse(event_id=f"event_{self.sequence:032x}", sequence=self.sequence)

    async def read_events(
        self, session: Session, after_sequence: int, limit: int
    ) -> AsyncIterator[v1.ReadEventsResponse]:
        yield v1.ReadEventsResponse(events=[v1.Event(sequence=1)])
        await asyncio.Event().wait()

    async def follow_events(self, session: Session, after_sequence: int) -> AsyncIterator[v1.FollowEventsResponse]:
        yield v1.FollowEventsResponse(event=v1.Event(sequence=1))
        await asyncio.Event().wait()


def emitting(request_id: str, kind: str) -> v1.EmitStreamRequest:
    event = v1.NewEvent(
        type=kind, ts=Timestamp(seconds=1), session_id=SESSION, context=v1.EventContext(), data_json="{}"
    )
    return v1.EmitStreamRequest(context=context(request_id), event=event)


async def test_emit_stream() -> None:
    """The stream is acknowledged in order, answers a refused event without ending, makes an
    event once that is sent again, and ends where the store is away."""
    async with channel(Adapter("emitter", "1", Emitter())) as opened:
        stream = EventEmitterServiceStub(opened).EmitStream()
        await stream.initial_metadata()
        told = []
        for event in (("a", "x"), ("b", "refused"), ("", "x"), ("a", "x"), ("c", "x")):
            await stream.write(emitting(*event))
            answer = await stream.read()
            assert isinstance(answer, v1.EmitStreamResponse)
            told.append((answer.request_id, answer.ack.sequence, answer.failure.reason))
        assert told == [
            ("a", 1, ""),
            ("b", 0, "SESSION_NOT_FOUND"),
            ("", 0, "INVALID_FIELD"),
            ("a", 1, ""),
            ("c", 2, ""),
        ]
        await stream.write(emitting("d", "away"))
        error = await failure(stream.read())
        assert error.code() is Code.UNAVAILABLE
        described = await AdapterServiceStub(opened).Describe(v1.DescribeRequest())
        features = {one.name: list(one.features) for one in described.services}
        assert features["mortise.adapter.v1.EventEmitterService"] == [v1.Feature.FEATURE_EMIT_STREAM]


async def _ended(stream: AsyncIterable[object]) -> None:
    async for _ in stream:
        pass


async def test_streams_of_a_store() -> None:
    """A stream that hangs ends as UNAVAILABLE; one that may be silent goes on for longer,
    until the adapter stops."""
    adapter = Adapter("emitter", "1", Emitter(), call_seconds=0.2)
    async with served(adapter) as address, grpc.aio.insecure_channel(address) as opened:
        client = EventLogServiceStub(opened)
        following = client.FollowEvents(v1.FollowEventsRequest(context=context(), session_id=SESSION))
        await following.read()
        silent = asyncio.ensure_future(following.read())
        reading = client.ReadEvents(v1.ReadEventsRequest(context=context(), session_id=SESSION))
        assert (await failure(_ended(reading))).code() is Code.UNAVAILABLE
        assert not silent.done()
        adapter.core.stopping.set()
        error = await failure(silent)
        assert error.code() is Code.UNAVAILABLE and "stopping" in (error.details() or "")


class Images(ImageArtifactStore):
    """Counts the bytes of uploads."""

    def __init__(self) -> None:
        self.uploads: list[int] = []

    async def create_image(
        self,
        org: Org,
        change: Change[v1.StoredImageInfo],
        request: v1.CreateImageRequest,
        rest: AsyncIterator[v1.CreateImageRequest],
    ) -> v1.StoredImageInfo:
        size = sum([len(part.chunk) async for part in rest])
        self.uploads.append(size)
        return v1.StoredImageInfo(id=f"img_{len(self.uploads):032x}", size_bytes=size)

    async def get_image(self, org: Org, image_id: str) -> AsyncIterator[v1.GetImageResponse]:
        none: tuple[v1.GetImageResponse, ...] = ()
        for message in none:
            yield message

    async def get_image_info(self, org: Org, image_id: str) -> v1.StoredImageInfo | None:
        return None


async def test_upload() -> None:
    """A change that comes in several messages happens once; each message is checked, and an
    empty stream is refused."""
    store = Images()
    header = v1.NewImage(filename="f", content_type="image/png", metadata_json="{}", size_bytes=20)
    first = v1.CreateImageRequest(context=context("r"), header=header)
    chunks = [v1.CreateImageRequest(chunk=bytes(10)) for _ in range(2)]
    async with channel(Adapter("images", "1", store)) as opened:
        client = ImageArtifactStoreServiceStub(opened)
        for _ in range(2):
            answer = await client.CreateImage(iter([first, *chunks]))
            assert (answer.image.id, answer.image.size_bytes) == (f"img_{1:032x}", 20)
        assert store.uploads == [20]
        for path, stream in {
            "context": [],
            "part": [v1.CreateImageRequest(context=context("s"))],
            "chunk": [first, v1.CreateImageRequest(chunk=bytes(262_145))],
        }.items():
            if len(stream) == 2:
                stream[0].context.request_id = "fresh"
            error = await failure(client.CreateImage(iter(stream)))
            assert detail(error, BadRequest).field_violations[0].field == path
        assert store.uploads == [20]


async def test_drain() -> None:
    """An adapter that is told to stop finishes the call that it has, and then returns."""
    store, stop = Odd(), asyncio.Event()
    adapter = Adapter("slow", "1", store)
    async with asyncio.TaskGroup() as tasks:
        ended = tasks.create_task(adapter.serve(Config(listen="127.0.0.1:0"), stop))
        await adapter.started.wait()
        async with grpc.aio.insecure_channel(adapter.address.removeprefix("http://")) as opened:
            under_way = asyncio.ensure_future(SessionStorageStoreServiceStub(opened).SetValue(setting("r", "slow")))
            await store.began.wait()
            stop.set()
            await adapter.core.stopping.wait()
            assert not ended.done()
            store.go_on.set()
            await under_way

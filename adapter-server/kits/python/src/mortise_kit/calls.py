"""What every call goes through: checks, remembered answers, time, errors, the log."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from mortise.adapter.v1 import event_emitter_pb2, options_pb2

from . import fail
from .change import Change, Memory, ProcessMemory, Turns
from .check import check
from .failure import Failure
from .redact import scrubbed
from .types import Org, Session, Shape, _calling

# What Python itself says of a store that cannot be reached. asyncio.TimeoutError is one.
_UNAVAILABLE = (ConnectionError, TimeoutError, FileNotFoundError, EOFError)


class Core:
    """The settings of an adapter, and what its calls share."""

    def __init__(self, log: logging.Logger):
        self.log = log
        self.memory: Memory = ProcessMemory()
        self.turns = Turns()
        self.unavailable: tuple[type[BaseException], ...] = ()
        self.unavailable_if: list[Callable[[BaseException], bool]] = []
        self.call_seconds = 8.0
        self.stopping = asyncio.Event()
        self.troubled = asyncio.Event()
        # Whether the store has been set up.
        self.ready = True
        self._warned: set[str] = set()

    def is_unavailable(self, error: BaseException) -> bool:
        """Whether an error means that the store cannot answer now."""
        return isinstance(error, (*_UNAVAILABLE, *self.unavailable)) or any(says(error) for says in self.unavailable_if)

    def warn_once(self, method: str) -> None:
        """Says once a method that its answers do not outlast the process."""
        if isinstance(self.memory, ProcessMemory) and method not in self._warned:
            self._warned.add(method)
            self.log.warning(
                "answers are remembered in this process alone: method=%s; use mortise_kit.postgres.once "
                "in the method, or Adapter(memory=...)",
                method,
            )


class Calls:
    """The calls of one method of a store."""

    def __init__(self, core: Core, store: Any, shape: Shape, service: Any):
        self.core = core
        self.shape = shape
        self.full = f"{store.SERVICE}/{shape.name}"
        self._function = getattr(store, shape.function)
        self._needs_session = service.GetOptions().Extensions[options_pb2.store].session_in_context
        semantics = service.methods_by_name[shape.name].GetOptions().Extensions[options_pb2.semantics]
        self._is_long = semantics.deadline == options_pb2.DEADLINE_LONG
        self._is_open = semantics.deadline == options_pb2.DEADLINE_OPEN

    def handler(self) -> grpc.RpcMethodHandler:
        """The handler for gRPC."""
        make = {
            (False, False): (grpc.unary_unary_rpc_method_handler, self._unary),
            (False, True): (grpc.unary_stream_rpc_method_handler, self._stream),
            (True, False): (grpc.stream_unary_rpc_method_handler, self._upload),
        }
        method_handler, function = make[self.shape.client_stream, self.shape.server_stream]
        return method_handler(
            function,
            request_deserializer=self.shape.request.FromString,
            response_serializer=self.shape.response.SerializeToString,
        )

    async def _unary(self, request: Message, context: grpc.aio.ServicerContext) -> Message:
        return await self._answered(request, context, lambda: self.answer(request))

    async def _upload(self, requests: AsyncIterator[Message], context: grpc.aio.ServicerContext) -> Message:
        following = aiter(requests)
        first = await anext(following, self.shape.request())

        async def rest() -> AsyncIterator[Message]:
            async for request in following:
                check(request, keyed=self.shape.keyed, first=False)
                yield request

        return await self._answered(first, context, lambda: self.answer(first, rest()))

    async def _answered(self, request: Message, context: Any, answer: Callable[[], Awaitable[Message]]) -> Message:
        began = time.monotonic()
        try:
            async with asyncio.timeout(None if self._is_long else self._seconds(context)):
                return await answer()
        except Exception as error:  # noqa: BLE001 Whatever an author's method raises.
            failure = self.failure(error, request, began)
        await context.abort_with_status(failure.status())

    def _seconds(self, context: Any) -> float:
        left = context.time_remaining()
        # Some time is left to answer in.
        return self.core.call_seconds if left is None else min(self.core.call_seconds, left * 0.9)

    async def _stream(self, request: Message, context: grpc.aio.ServicerContext) -> AsyncIterator[Message]:
        began = time.monotonic()
        try:
            self._checked(request)
            answers = self._function(*self._arguments(request))
            if self._is_open:
                await context.send_initial_metadata(())
                answers = self._until_stopped(answers)
            async for answer in answers:
                yield answer
            return
        except Exception as error:  # noqa: BLE001 Whatever an author's method raises.
            failure = self.failure(error, request, began)
        await context.abort_with_status(failure.status())

    async def _until_stopped(self, answers: AsyncIterator[Message]) -> AsyncIterator[Message]:
        stopped = asyncio.ensure_future(self.core.stopping.wait())
        upcoming = None
        try:
            while True:
                upcoming = asyncio.ensure_future(anext(answers))
                await asyncio.wait({upcoming, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not upcoming.done():
                    raise fail.unavailable("the adapter is stopping; connect again")
                try:
                    yield upcoming.result()
                except StopAsyncIteration:
                    return
        finally:
            stopped.cancel()
            if upcoming is not None and not upcoming.done():
                upcoming.cancel()
                await asyncio.wait({upcoming})
            await answers.aclose()

    async def answer(self, request: Message, *following: AsyncIterator[Message]) -> Message:
        """The answer to a request; a change happens once."""
        self._checked(request)
        if not self.shape.keyed:
            return self._wrap(await self._function(*self._arguments(request), *following))
        key = (request.context.org_id, request.context.request_id)
        async with self.core.turns.take(key):
            change = Change(*key, self.full, lambda result: self._wrap(result).SerializeToString(), self._decoded)
            found = await self.core.memory.recall(key)
            if found is not None:
                return self._wrap(change.again(*found))
            answer = self._wrap(await self._function(*self._arguments(request, change), *following))
            if not change.kept:
                self.core.warn_once(self.full)
                await self.core.memory.remember(key, self.full, answer.SerializeToString())
            return answer

    def _checked(self, request: Message) -> None:
        check(request, keyed=self.shape.keyed, needs_session=self._needs_session)
        if not self.core.ready:
            raise fail.unavailable("the store cannot answer yet")
        _calling.set(request.context)

    def _arguments(self, request: Any, *change: Change) -> list:
        shape = self.shape
        org = Org(request.context.org_id, request.context.org_public_id)
        arguments: list[Any] = [Session(org, request.session_id) if shape.session else org, *change]
        if shape.whole:
            arguments.append(request)
        for name in shape.params:
            field = shape.request.DESCRIPTOR.fields_by_name[name]
            is_absent = field.has_presence and not request.HasField(name)
            arguments.append(None if is_absent else getattr(request, name))
        return arguments

    def _wrap(self, result: Any) -> Message:
        if self.shape.empty:
            return self.shape.response()
        if self.shape.result is None:
            return result
        return self.shape.response(**{self.shape.result: result}) if result is not None else self.shape.response()

    def _decoded(self, stored: bytes) -> Any:
        try:
            answer = self.shape.response.FromString(stored)
        except DecodeError as error:
            raise ValueError(f"the stored answer of {self.full} is damaged") from error
        if self.shape.empty:
            return None
        name = self.shape.result
        if name is None:
            return answer
        field = answer.DESCRIPTOR.fields_by_name[name]
        return None if field.has_presence and not answer.HasField(name) else getattr(answer, name)

    def failure(self, error: Exception, request: Any, began: float) -> Failure:
        """The error of the contract for what was raised. Logs it."""
        if isinstance(error, Failure):
            failure = error
        elif self.core.is_unavailable(error):
            failure = fail.unavailable("the store cannot answer now")
        else:
            failure = fail.internal("the adapter failed; its log has the cause")
        level = {"UNAVAILABLE": logging.WARNING, "INTERNAL": logging.ERROR}.get(failure.reason, logging.INFO)
        if failure.reason == "UNAVAILABLE":
            self.core.troubled.set()
        cause = "" if failure is error else f" cause={scrubbed(f'{type(error).__name__}: {error}', request)}"
        context = request.context
        self.core.log.log(
            level,
            "a call failed: method=%s reason=%s org=%d session=%s turn=%s took=%.1fms text=%s%s",
            self.full,
            failure.reason,
            context.org_id,
            context.session_id,
            context.turn_id,
            (time.monotonic() - began) * 1000,
            scrubbed(failure.short(), request),
            cause,
        )
        return failure


class EmitStream:
    """Stores events one after the other through Emit, so that a request_id of both is one change."""

    def __init__(self, emit: Calls):
        self._emit = emit

    def handler(self) -> grpc.RpcMethodHandler:
        """The handler for gRPC."""
        return grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=event_emitter_pb2.EmitStreamRequest.FromString,
            response_serializer=event_emitter_pb2.EmitStreamResponse.SerializeToString,
        )

    async def _stream(self, requests: AsyncIterator[Any], context: grpc.aio.ServicerContext) -> AsyncIterator[Message]:
        # A caller waits for the headers before it sends its first event.
        await context.send_initial_metadata(())
        core = self._emit.core
        answers = self._emit._until_stopped(self._answers(requests))
        try:
            async for answer in answers:
                yield answer
            return
        except Failure as ended:
            failure = ended
        core.log.warning("a stream of events ended: %s", failure.short())
        await context.abort_with_status(failure.status())

    async def _answers(self, requests: AsyncIterator[Any]) -> AsyncIterator[Message]:
        async for event in requests:
            yield await self._one(event)

    async def _one(self, event: Any) -> Message:
        began = time.monotonic()
        request = event_emitter_pb2.EmitRequest(proposed_event_id=event.proposed_event_id)
        if event.HasField("context"):
            request.context.CopyFrom(event.context)
        if event.HasField("event"):
            request.event.CopyFrom(event.event)
        answer = event_emitter_pb2.EmitStreamResponse(request_id=event.context.request_id)
        try:
            async with asyncio.timeout(self._emit.core.call_seconds):
                stored = await self._emit.answer(request)
        except Exception as error:  # noqa: BLE001 Whatever an author's method raises.
            failure = self._emit.failure(error, request, began)
        else:
            answer.ack.event_id, answer.ack.sequence = stored.event_id, stored.sequence
            return answer
        # If the store cannot answer now, the stream ends, so that the order is kept.
        if failure.reason == "UNAVAILABLE":
            raise failure
        answer.failure.code = failure.code.value[0]
        answer.failure.reason, answer.failure.message = failure.reason, failure.short()
        answer.failure.metadata.update(failure.metadata)
        return answer

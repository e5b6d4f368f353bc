"""What every call goes through."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn, TypeVar, cast

import grpc
from google.protobuf.message import Message

from mortise_adapter import fail, trouble
from mortise_adapter.call import Change, Key, current
from mortise_adapter.check import check
from mortise_adapter.fences import NOTHING, fencing_of
from mortise_adapter.memory import Memory, ProcessMemory, Turns
from mortise_adapter.methods import Facts, Method
from mortise_adapter.redact import scrubbed
from mortise_adapter.telemetry import Outcome, trace_ids, traced
from mortise_adapter.v1 import ErrorReason, Fencing, UnfencedChanges

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]

# Of a caller's time some is left to answer in.
_SHARE_OF_DEADLINE = 0.9


class Core:
    """Checks, remembers, limits and logs the calls of an adapter."""

    def __init__(
        self, memory: Memory, unavailable: Sequence[trouble.Says], log: logging.Logger, call_seconds: float
    ) -> None:
        self.memory = memory
        self.unavailable = tuple(unavailable)
        self.log = log
        self.call_seconds = call_seconds
        self.observed = False
        """Whether spans or metrics go anywhere."""
        self.stopping = asyncio.Event()
        """Set when the adapter is told to stop: open streams end with it."""
        self.troubled: Callable[[], None] = lambda: None
        """Told when the store could not answer."""
        self.fenced: frozenset[str] = frozenset()
        """The services that check fences."""
        self.unfenced_changes = UnfencedChanges.UNFENCED_CHANGES_EXCEPT_TURN_EVENTS
        self._turns = Turns()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._warned: set[str] = set()

    async def serve(
        self, facts: Facts, context: Context, request: Any, work: Callable[[], Awaitable[T]], check_first: bool = True
    ) -> T:
        """Runs a call, and ends it with an error of the contract if it fails."""
        if not self.observed:
            return await self._served(facts, context, request, work, check_first, Outcome())
        with traced(facts.full, metadata_of(context)) as outcome:
            return await self._served(facts, context, request, work, check_first, outcome)

    async def _served(
        self,
        facts: Facts,
        context: Context,
        request: Any,
        work: Callable[[], Awaitable[T]],
        check_first: bool,
        outcome: Outcome,
    ) -> T:
        began = time.perf_counter()
        current.set(request.context)
        try:
            if check_first:
                check(request, facts.only, facts.needs_session)
            return await work()
        except asyncio.CancelledError:
            outcome.code = "CANCELLED"
            raise
        except Exception as cause:
            failure = trouble.refusal(cause, self.unavailable)
            outcome.code = failure.code.name
            self.tell(facts, context, request, cause, failure, time.perf_counter() - began)
        await abort(context, failure)

    async def once(
        self, facts: Facts, method: Method, request: Any, run: Callable[[Change[Any]], Awaitable[Any]]
    ) -> Message:
        """Makes a change once under its request_id."""
        key = Key(request.context.org_id, request.context.request_id)
        change: Change[Any] = Change(
            key,
            facts.full,
            lambda value: method.wrap(value).SerializeToString(),
            lambda stored: method.unwrap(method.answer.FromString(stored)),
            self._fencing(facts, request),
        )
        await self._turns.enter(key)
        try:
            before = await self.memory.recall(key)
            if before is not None:
                return method.wrap(change.again(*before))
            answer = method.wrap(await run(change))
            if not change.is_judged:
                self._took_no_notice(facts.full)
            if not change.kept:
                self._remembers_in_process(facts.full)
                await self.memory.remember(key, facts.full, answer.SerializeToString())
            return answer
        finally:
            self._turns.leave(key)

    def _fencing(self, facts: Facts, request: Any) -> Any:
        if facts.fencing == Fencing.FENCING_UNSPECIFIED or facts.service not in self.fenced:
            return NOTHING
        return fencing_of(request, facts.fencing == Fencing.FENCING_SESSION, self.unfenced_changes)

    def _took_no_notice(self, method: str) -> None:
        if method not in self._warned:
            self._warned.add(method)
            self.log.error(
                "a change was made without a look at its fence, which its store says it checks: method=%s "
                "remedy=make it in `change` of the database of the leases, or call `admit` there",
                method,
            )

    def limit(self, facts: Facts, context: Context) -> float | None:
        """How long the store may take: a store that hangs is one that cannot answer now, and
        the caller must hear it in time to send the call again."""
        if facts.long or self.call_seconds <= 0:
            return None
        left = cast("float | None", context.time_remaining())
        return self.call_seconds if left is None else min(self.call_seconds, left * _SHARE_OF_DEADLINE)

    async def bounded(self, work: Coroutine[Any, Any, T], limit: float | None, *, finish: bool) -> T:
        """Waits for the store, but no longer than the limit. With `finish` it goes on after
        its caller is gone, so that a change is not left without its remembered answer."""
        loop = asyncio.get_running_loop()
        task = self._task(work)
        # As asyncio.wait with a timeout, which takes twice the time.
        waiter = loop.create_future()
        task.add_done_callback(lambda _: _wake(waiter))
        timer = None if limit is None else loop.call_later(limit, _wake, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not finish:
                task.cancel()
            elif limit is not None:
                loop.call_later(limit, task.cancel)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if not task.done():
            task.cancel()
            raise trouble.SlowError
        return task.result()

    def _task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(_contained(work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # The call that waits has it as well; a call that is gone has not.
            task.exception()

    async def idle(self) -> None:
        """Waits for changes whose callers are gone."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def pumped(self, facts: Facts, context: Context, answers: AsyncIterator[Any]) -> None:
        """Sends what an author's method yields. Bounds the wait for each message, and ends an
        open stream when the adapter stops."""
        progress = _Progress()
        if facts.open:
            # A caller waits for the headers, and the first message may be long in coming.
            await context.send_initial_metadata(())
        pump = self._task(_send(context, answers, progress))
        stopping = asyncio.ensure_future(self.stopping.wait())
        limit = None if facts.open else self.limit(facts, context)
        watched: set[asyncio.Future[Any]] = {pump, stopping} if facts.open else {pump}
        try:
            while not pump.done():
                seen = progress.sent
                await asyncio.wait(watched, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
                if facts.open and stopping.done():
                    raise stopped()
                if not pump.done() and progress.waiting and progress.sent == seen:
                    raise trouble.SlowError
            await pump
        finally:
            pump.cancel()
            stopping.cancel()

    def _remembers_in_process(self, method: str) -> None:
        if isinstance(self.memory, ProcessMemory) and method not in self._warned:
            self._warned.add(method)
            self.log.warning(
                "answers are remembered in this process alone; after a restart, a change that is sent again happens "
                "again: method=%s remedy=use a memory such as mortise_adapter.postgres in the method, or pass "
                "memory= to the Adapter",
                method,
            )

    def tell(
        self, facts: Facts, context: Context, request: Any, cause: Exception, failure: fail.Failure, took: float
    ) -> None:
        """Logs a call that failed, without what its request holds."""
        level, why = logging.INFO, ""
        if failure.reason == ErrorReason.ERROR_REASON_UNAVAILABLE:
            level = logging.WARNING
            self.troubled()
        elif failure.reason == ErrorReason.ERROR_REASON_INTERNAL:
            level = logging.ERROR
        if cause is not failure and self.log.isEnabledFor(level):
            why = trouble.told(cause, request, at_length=level == logging.ERROR)
        called = request.context
        self.log.log(
            level,
            "a call failed: method=%s reason=%s org=%d session=%s turn=%s took=%.6fs text=%r%s%s",
            facts.full,
            failure.name,
            called.org_id,
            called.session_id,
            called.turn_id,
            took,
            scrubbed(failure.short, request),
            trace_ids(metadata_of(context)),
            why,
        )


def metadata_of(context: Context) -> Sequence[tuple[str, str | bytes]]:
    return tuple(context.invocation_metadata() or ())


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _Progress:
    def __init__(self) -> None:
        self.sent = 0
        self.waiting = True
        """For the store, not for the caller to take a message."""


async def _send(context: Context, answers: AsyncIterator[Any], progress: _Progress) -> None:
    async for answer in answers:
        progress.waiting = False
        await context.write(answer)
        progress.sent += 1
        progress.waiting = True


async def _contained(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as ending:
        raise trouble.EndedError("a method of the store raised SystemExit or KeyboardInterrupt") from ending


def stopped() -> fail.Failure:
    return fail.unavailable("the adapter is stopping; connect again")


async def abort(context: Context, failure: fail.Failure) -> NoReturn:
    details = (("grpc-status-details-bin", failure.status().SerializeToString()),)
    await context.abort(failure.code, failure.short, details)
    raise AssertionError  # abort has raised

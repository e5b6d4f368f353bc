"""Work that begins at once: most of what a store does from its memory ends without waiting
for anything, and then needs no turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Begun(Coroutine[Any, Any, T]):
    """Runs work to its first wait, as the task that goes on with it from there. What the work
    raises until then, the constructor raises.

    Python 3.12 has tasks that start eagerly; this does the same in 3.11."""

    __slots__ = ("_is_waiting", "_task", "_waits_for", "_work", "ended", "value")

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._waits_for: Any = None
        self._is_waiting = False
        self._task: asyncio.Task[T] | None = None
        self.ended = True
        """Whether the work has ended; `value` is then its result."""
        self.value = cast("T", None)
        loop, context, caller = asyncio.get_running_loop(), copy_context(), asyncio.current_task()
        task: asyncio.Task[T] = asyncio.Task(self, loop=loop, context=context)
        if caller is not None:
            asyncio._leave_task(loop, caller)
        asyncio._enter_task(loop, task)
        try:
            self._waits_for = context.run(work.send, None)
            self.ended, self._is_waiting, self._task = False, True, task
        except StopIteration as end:
            self.value = end.value
        finally:
            asyncio._leave_task(loop, task)
            if caller is not None:
                asyncio._enter_task(loop, caller)

    def rest(self) -> asyncio.Task[T]:
        """The task of the rest of work that has not ended. Call it once: the two would keep each
        other alive."""
        task, self._task = self._task, None
        return cast("asyncio.Task[T]", task)

    def send(self, value: Any, /) -> Any:
        if self._is_waiting:
            # The task learns what the work waits for.
            self._is_waiting = False
            waits_for, self._waits_for = self._waits_for, None
            return waits_for
        if self.ended:
            raise StopIteration(self.value)
        return self._work.send(value)

    def throw(self, *thrown: Any) -> Any:
        self._is_waiting = False
        if self.ended:
            raise thrown[0]
        return self._work.throw(*thrown)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise TypeError("its task is awaited instead")

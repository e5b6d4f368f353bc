"""Answers that are remembered, so that a change that is sent again happens once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from mortise_adapter.call import Key

MEMORY_SECONDS = 24 * 60 * 60
"""How long answers are remembered, as the contract demands."""

# What an entry takes beside its texts.
_ENTRY_BYTES = 400


class Memory(Protocol):
    """Remembers answers after a change, for stores that cannot do it in the transaction of
    the change. If the process dies between the two, a change that is sent again happens
    again."""

    async def recall(self, key: Key) -> tuple[str, bytes] | None:
        """The method and the answer under the key."""
        ...

    async def remember(self, key: Key, method: str, answer: bytes) -> None:
        """Stores them for MEMORY_SECONDS."""
        ...


class ProcessMemory:
    """Remembers answers in this process alone: for development, and for changes that do no
    harm twice. Beyond its bytes it forgets the oldest."""

    def __init__(self, bytes_max: int = 256 * 1024 * 1024, clock: Callable[[], float] = time.monotonic) -> None:
        self._bytes_max = bytes_max
        self._clock = clock
        # Plain tuples: the garbage collector forgets those that hold no objects of others.
        self._found: OrderedDict[tuple[int, str], tuple[str, bytes, float]] = OrderedDict()
        self._bytes = 0

    async def recall(self, key: Key) -> tuple[str, bytes] | None:
        self._forget()
        found = self._found.get((key.org, key.request_id))
        return None if found is None else (found[0], found[1])

    async def remember(self, key: Key, method: str, answer: bytes) -> None:
        place = (key.org, key.request_id)
        before = self._found.pop(place, None)
        if before is not None:
            self._bytes -= len(before[1]) + _ENTRY_BYTES
        self._found[place] = (method, answer, self._clock() + MEMORY_SECONDS)
        self._bytes += len(answer) + _ENTRY_BYTES
        self._forget()

    def _forget(self) -> None:
        now = self._clock()
        while self._found:
            _, answer, expires = next(iter(self._found.values()))
            if self._bytes <= self._bytes_max and now < expires:
                return
            self._found.popitem(last=False)
            self._bytes -= len(answer) + _ENTRY_BYTES


class Turns:
    """Lets one change of a key pass at a time."""

    def __init__(self) -> None:
        # An event is made by the first that waits.
        self._held: dict[Key, asyncio.Event | None] = {}

    async def enter(self, key: Key) -> None:
        while key in self._held:
            held = self._held[key]
            if held is None:
                held = self._held[key] = asyncio.Event()
            await held.wait()
        self._held[key] = None

    def leave(self, key: Key) -> None:
        held = self._held.pop(key)
        if held is not None:
            held.set()

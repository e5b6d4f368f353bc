"""Changes that a caller may send several times under one request_id, and that happen once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from . import fail

T = TypeVar("T")

# How long answers are remembered, as the contract demands.
MEMORY_SECONDS = 24 * 60 * 60

Key = tuple[int, str]


class Change(Generic[T]):
    """A change with the answer T. A memory such as `mortise_kit.postgres` stores the answer in the
    transaction of the change. If an author leaves it alone, the adapter's memory remembers the
    answer after the change."""

    def __init__(self, org: int, request_id: str, method: str, encode: Callable, decode: Callable):
        self.org = org
        self.request_id = request_id
        self.method = method
        self._encode = encode
        self._decode = decode
        self.kept = False

    def answer(self, result: T) -> bytes:
        """What to store under org and request_id, beside method, in the transaction of the change."""
        stored = self._encode(result)
        self.kept = True
        return stored

    def again(self, method: str, answer: bytes) -> T:
        """The answer of a change that has happened, from what was stored. Fails if the id belongs to
        another method."""
        self.kept = True
        if method != self.method:
            raise fail.request_id_reused(
                f"context.request_id: was used with {method} before {self.method}; send a fresh UUID with every change"
            )
        return self._decode(answer)


class Memory(Protocol):
    """Remembers answers after a change, for stores that cannot do it in its transaction."""

    async def recall(self, key: Key) -> tuple[str, bytes] | None:
        """The method and the answer under the key."""

    async def remember(self, key: Key, method: str, answer: bytes) -> None:
        """Stores them for MEMORY_SECONDS."""


class ProcessMemory:
    """Remembers answers in this process alone. Beyond its bytes it forgets the oldest."""

    ENTRY_BYTES = 400

    def __init__(self, bytes_max: int = 256 * 1024 * 1024):
        self._bytes_max = bytes_max
        self._bytes = 0
        self._held: OrderedDict[Key, tuple[float, str, bytes]] = OrderedDict()

    async def recall(self, key: Key) -> tuple[str, bytes] | None:
        """As Memory says."""
        self._forget()
        found = self._held.get(key)
        return found and found[1:]

    async def remember(self, key: Key, method: str, answer: bytes) -> None:
        """As Memory says."""
        self._held[key] = (time.monotonic() + MEMORY_SECONDS, method, answer)
        self._bytes += self.ENTRY_BYTES + len(answer)
        self._forget()

    def _forget(self) -> None:
        while self._held:
            expires, _, answer = next(iter(self._held.values()))
            if self._bytes <= self._bytes_max and time.monotonic() < expires:
                return
            self._held.popitem(last=False)
            self._bytes -= self.ENTRY_BYTES + len(answer)


class Turns:
    """Lets one change of a key pass at a time."""

    def __init__(self) -> None:
        self._held: dict[Key, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def take(self, key: Key) -> AsyncIterator[None]:
        """Waits for the key and holds it."""
        lock, waiting = self._held.get(key, (asyncio.Lock(), 0))
        self._held[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._held[key]
            if waiting == 1:
                del self._held[key]
            else:
                self._held[key] = (lock, waiting - 1)

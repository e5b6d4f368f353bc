"""Who follows which session. Followers are woken when an event is stored, here or by
another adapter on the database; the events themselves are read from the database, so none
is lost. Ephemeral events reach the followers of this process alone."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

from mortise_adapter import Session, v1
from mortise_adapter.postgres import Database, unavailable
from mortise_postgres.ids import uuid_of

CHANNEL = "mortise_events"
ANY = 0
"""In place of a number: events may have come, up to a number that is not known."""

_WAITING_BYTES_MAX = 4 * 1024 * 1024
_AGAIN_SECONDS = 1.0
_LOST_SECONDS = 5.0
_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"

Place = tuple[int, UUID]


def place_of(session: Session) -> Place:
    return session.org.id, uuid_of(session.id)


class Follower:
    """What one follower has not seen yet: numbers of stored events, and ephemeral events
    between them. Of a slow follower's, ephemeral events are dropped."""

    def __init__(self) -> None:
        self._items: deque[int | v1.Event] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def stored(self, sequence: int) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(last, int):
            self._items[-1] = ANY if ANY in (last, sequence) else max(last, sequence)
        else:
            self._items.append(sequence)
        self._filled.set()

    def passed(self, event: v1.Event) -> None:
        size = event.ByteSize()
        if self._bytes + size <= _WAITING_BYTES_MAX:
            self._items.append(event)
            self._bytes += size
            self._filled.set()

    async def next(self) -> int | v1.Event:
        """The next item. After some time without one, it is ANY: a message between adapters
        may be lost."""
        if not self._items:
            self._filled.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._filled.wait(), _LOST_SECONDS)
        if not self._items:
            return ANY
        item = self._items.popleft()
        if isinstance(item, v1.Event):
            self._bytes -= item.ByteSize()
        return item


class Feeds:
    """The followers of this process, and the messages between adapters."""

    def __init__(self, database: Database, log: logging.Logger) -> None:
        self._database = database
        self._log = log
        self._followers: dict[Place, set[Follower]] = {}
        # Messages of its own are no news to a process.
        self._me = uuid4().hex
        self._told: set[Place] = set()
        self._tell = asyncio.Event()

    @contextmanager
    def following(self, session: Session) -> Iterator[Follower]:
        place, follower = place_of(session), Follower()
        self._followers.setdefault(place, set()).add(follower)
        try:
            yield follower
        finally:
            others = self._followers[place]
            others.discard(follower)
            if not others:
                del self._followers[place]

    def stored(self, place: Place, sequence: int) -> None:
        """Says that an event was stored."""
        for follower in self._followers.get(place, ()):
            follower.stored(sequence)
        self._told.add(place)
        self._tell.set()

    def passed(self, place: Place, event: v1.Event) -> None:
        """Passes an ephemeral event on."""
        for follower in self._followers.get(place, ()):
            follower.passed(event)

    async def run(self) -> None:
        """Sends and takes messages between adapters until it is cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._forever(self._notify))
            both.create_task(self._forever(self._listen))

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as cause:
                if not unavailable(cause) and not isinstance(cause, OSError | TimeoutError):
                    self._log.exception("messages between adapters were interrupted")
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _notify(self) -> None:
        """Tells others which sessions have new events. A message of its own transaction: as a
        part of that of an event, it would let one event of all sessions commit at a time."""
        while True:
            await self._tell.wait()
            self._tell.clear()
            told, self._told = self._told, set()
            payloads = [f"{self._me} {org} {session}" for org, session in told]
            await self._database.query(_NOTIFY, CHANNEL, payloads)

    async def _listen(self) -> None:
        connection = await self._database.connect()
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._heard)
            # Messages were missed while nothing listened.
            for followers in self._followers.values():
                for follower in followers:
                    follower.stored(ANY)
            await lost.wait()
        finally:
            connection.terminate()

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        sender, org, session = str(payload).split(" ")
        if sender != self._me:
            for follower in self._followers.get((int(org), UUID(session)), ()):
                follower.stored(ANY)

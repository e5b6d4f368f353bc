"""Changes in PostgreSQL that happen once under their request_id: the answer is a row that is
written in the transaction of the change. It needs the package mortise-adapter[postgres]."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg

from mortise_adapter import answers, leases, v1
from mortise_adapter.call import Change, Org, Session
from mortise_adapter.fences import Lease

T = TypeVar("T")

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Make: TypeAlias = "Callable[[Connection], Awaitable[T]]"

_CONNECT_SECONDS = 2.0
_FORGET_EVERY_SECONDS = 3600.0
_WAIT_MAX = 0.05
# The classes of SQLSTATE for no connection, no room and stopping, and a read-only server.
_UNAVAILABLE = ("08", "53", "57P", "25006")

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('mortise_answers'))"
_CLAIM = """INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING 1"""
_FIND = "SELECT method, answer FROM mortise_answers WHERE org = $1 AND request_id = $2"
# A change shares the lock of its session, and a grant has it alone: when a grant is answered,
# the changes under the fence before are over. Locks of rows would not do: those who share one
# do not queue behind a grant that waits, which could wait for ever.
_TO_CHANGE = "SELECT pg_advisory_xact_lock_shared(hashtextextended($2, $1))"
_TO_GRANT = "SELECT pg_advisory_xact_lock(hashtextextended($2, $1))"
_ALONE = " FOR UPDATE"
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_KEEP = "UPDATE mortise_answers SET answer = $3 WHERE org = $1 AND request_id = $2"


class Database:
    """A database, with the tables that the statements of its schema make if they are not
    there. It connects when it is used: an adapter starts, and says that it is not ready,
    while the database is away.

        async with postgres.Database(url, "CREATE TABLE IF NOT EXISTS ...") as db:
            await Adapter("acme", "1.0.0", Values(db), ping=db.ping, unavailable=[postgres.unavailable]).serve(config)
    """

    def __init__(self, url: str, *schema: str, size: int = 20, **options: Any) -> None:
        """The options go to asyncpg."""
        self.url = url
        self._options = options
        self._schema = schema
        self._pool = asyncpg.create_pool(url, min_size=0, max_size=size, timeout=_CONNECT_SECONDS, **options)
        self._preparing = asyncio.Lock()
        self._prepared = False
        self._forgotten = 0.0

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), _CONNECT_SECONDS)
        except TimeoutError:
            self._pool.terminate()

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection beside the pool, such as for LISTEN."""
        return await asyncpg.connect(self.url, timeout=_CONNECT_SECONDS, **self._options)

    @asynccontextmanager
    async def acquired(self) -> AsyncIterator[Connection]:
        """A connection of the pool."""
        if not self._prepared:
            await self._prepare()
        async with self._acquired() as connection:
            yield connection

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.acquire(timeout=_CONNECT_SECONDS)
        except OSError as cause:
            # Such as a unix socket that is not there.
            raise ConnectionError("the database cannot be reached") from cause
        try:
            yield connection
        finally:
            # A server that hangs must not hold up the end of a call. What the call has done
            # stands: the pool ends a connection that it cannot take back.
            with suppress(TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._pool.release(connection, timeout=_CONNECT_SECONDS)

    async def _prepare(self) -> None:
        async with self._preparing:
            if self._prepared:
                return
            async with self._acquired() as connection, connection.transaction():
                # Two programs that start at once would both make the tables.
                await connection.execute(_LOCK)
                text = 'TEXT COLLATE "C"'
                for statement in (answers.table(text, "BYTEA"), answers.INDEX, leases.table(text), *self._schema):
                    await connection.execute(statement)
            self._prepared = True

    async def query(self, sql: str, *values: Any) -> Sequence[asyncpg.Record]:
        """The rows of a query."""
        async with self.acquired() as connection:
            return await connection.fetch(sql, *values)

    async def ping(self) -> None:
        """Asks the database whether it can answer."""
        async with self.acquired() as connection:
            await connection.execute("SELECT 1")

    async def change(self, change: Change[T], make: Make[T]) -> T:
        """Makes a change once, in a transaction that also holds its answer and, where the store
        says that it checks fences, looks at the lease of the session. The row of the answer
        is written first: the same change over another connection waits for it. `make`
        is called again where the database could not order two transactions; it must do
        nothing else."""
        return await self.transaction(lambda connection: self._made(connection, change, make))

    async def admit(self, change: Change[Any]) -> None:
        """Looks at the fence of a change that stores nothing here."""
        if change.fencing.sessions:
            await self.transaction(lambda connection: _admit(connection, change))

    async def transaction(self, make: Make[T]) -> T:
        """Makes a change that may happen again in one transaction. `make` is called again where the
        database could not order two."""
        wait = 0.001
        while True:
            try:
                async with self.acquired() as connection, connection.transaction():
                    return await make(connection)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                await asyncio.sleep(random.uniform(0, wait))  # noqa: S311 (no secret depends on it)
                wait = min(2 * wait, _WAIT_MAX)

    async def _made(self, connection: Connection, change: Change[T], make: Make[T]) -> T:
        claim = (change.org, change.request_id, change.method, answers.expires())
        if await connection.fetchval(_CLAIM, *claim) is None:
            found = await connection.fetchrow(_FIND, change.org, change.request_id)
            if found is None:
                raise asyncpg.SerializationError("the remembered answer was forgotten meanwhile")
            return change.again(found["method"], found["answer"])
        await _admit(connection, change)
        value = await make(connection)
        await connection.execute(_KEEP, change.org, change.request_id, change.answer(value))
        await self._forget(connection)
        return value

    async def _forget(self, connection: Connection) -> None:
        """Deletes answers that need not be kept any longer, every hour."""
        if not self._forgotten or time.monotonic() - self._forgotten >= _FORGET_EVERY_SECONDS:
            self._forgotten = time.monotonic()
            await connection.execute(answers.FORGET + "$1", int(time.time()))


async def _admit(connection: Connection, change: Change[Any]) -> None:
    """Raises FENCED unless the leases admit a change. They stay as they are until its end."""
    if not change.fencing.sessions:
        return
    found = {}
    for session in change.fencing.sessions:
        await connection.execute(_TO_CHANGE, change.org, session)
        lease = await _find(connection, change.org, session)
        if lease is not None:
            found[session] = lease
    change.judge(found, await connection.fetchval(_NOW))


async def _find(connection: Connection, org: int, session: str, lock: str = "") -> Lease | None:
    row = await connection.fetchrow(leases.FIND + lock, org, session)
    return None if row is None else Lease(*row)


class Leases(leases.StoredLeases):
    """SessionLeaseService in the database: offer it beside the stores that keep what belongs to
    sessions in the same database, and give these FEATURE_FENCED as a feature.

    exists: raises SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased; for
        an adapter that keeps sessions."""

    def __init__(
        self, database: Database, exists: Callable[[Connection, Session], Awaitable[None]] | None = None
    ) -> None:
        super().__init__()
        self._database = database
        self._exists = exists

    async def grant(self, session: Session, change: Change[v1.SessionLease], wanted: leases.Wanted) -> v1.SessionLease:
        place = (session.org.id, session.id)

        async def make(connection: Connection) -> v1.SessionLease:
            # Nothing is gained by waiting for the changes of another's lease.
            last = await _find(connection, *place)
            self.refuse_if_held(session.org.id, last, wanted.holder, await connection.fetchval(_NOW))
            if self._exists is not None:
                await self._exists(connection, session)
            await connection.execute(_TO_GRANT, *place)
            await connection.execute(leases.BEGIN, *place)
            last = await _find(connection, *place, _ALONE)
            now = await connection.fetchval(_NOW)
            self.refuse_if_held(session.org.id, last, wanted.holder, now)
            one = self.granted(session, last, wanted, now)
            row = (one.fence, one.ends_at, one.time_left_max, one.holder, one.address)
            await connection.execute(leases.GRANT, *place, *row)
            return leases.answer(one)

        return await self._database.change(change, make)

    async def renew(self, session: Session, fence: int, ttl: int) -> Lease:
        place = (session.org.id, session.id)

        async def make(connection: Connection) -> Lease:
            last = await _find(connection, *place, _ALONE)
            one = self.renewed(session, last, fence, ttl, await connection.fetchval(_NOW))
            await connection.execute(leases.RENEW, *place, one.ends_at, one.time_left_max)
            return one

        return await self._database.transaction(make)

    async def release(self, session: Session, fence: int) -> bool:
        if fence > leases.FENCE_MAX:
            return False
        return bool(await self._database.query(leases.RELEASE, session.org.id, session.id, fence))

    async def stored(self, org: Org, session_id: str | None) -> tuple[Sequence[Lease], int]:
        async with self._database.acquired() as connection:
            now = await connection.fetchval(_NOW)
            if session_id is None:
                return [Lease(*row) for row in await connection.fetch(leases.RUNNING, org.id, now)], now
            lease = await _find(connection, org.id, session_id)
            return [] if lease is None else [lease], now


def unavailable(cause: BaseException) -> bool:
    """Whether an exception means that the database cannot answer now, for Adapter's
    `unavailable`: it has no connection, no room or is stopping."""
    if isinstance(cause, asyncpg.PostgresError):
        return str(getattr(cause, "sqlstate", "")).startswith(_UNAVAILABLE)
    # What the driver says of a connection that broke before a call.
    return isinstance(cause, asyncpg.InterfaceError) and "connection is closed" in str(cause)

"""Changes in an SQLite file that happen once under their request_id: the answer is a row
that is written in the transaction of the change."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from mortise_adapter import answers, leases, v1
from mortise_adapter.call import Change, Org, Session
from mortise_adapter.fences import Lease

T = TypeVar("T")

_FORGET_EVERY_SECONDS = 3600.0
_BUSY_SECONDS = 5.0
_UNAVAILABLE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
)


class Database:
    """A file, which one thread works on, so that nothing waits for a disk but the calls that
    need it. What is committed survives a loss of power."""

    def __init__(self, path: str | Path, *schema: str) -> None:
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._forgotten = 0.0
        self._db = self._thread.submit(self._open, path, schema).result()

    def _open(self, path: str | Path, schema: tuple[str, ...]) -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            answers.table("TEXT", "BLOB"),
            answers.INDEX,
            leases.table("TEXT"),
            *schema,
        ):
            db.execute(statement)
        return db

    async def query(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        return await self._run(lambda: self._db.execute(sql, values).fetchall())

    async def execute(self, change: Change[None], sql: str, *values: Any) -> None:
        """Makes a change of one statement once."""

        def make(db: sqlite3.Connection) -> None:
            db.execute(sql, values)

        await self.change(change, make)

    async def change(self, change: Change[T], make: Callable[[sqlite3.Connection], T]) -> T:
        """Makes a change once, in a transaction that also holds its answer and, where the store
        says that it checks fences, looks at the lease of the session."""
        return await self._run(lambda: self._together(lambda db: self._made(db, change, make)))

    async def admit(self, change: Change[Any]) -> None:
        """Looks at the fence of a change that stores nothing here."""
        if change.fencing.sessions:
            await self.transaction(lambda db: _admit(db, change))

    async def transaction(self, make: Callable[[sqlite3.Connection], T]) -> T:
        """Makes a change that may happen again in one transaction."""
        return await self._run(lambda: self._together(make))

    async def ping(self) -> None:
        """Asks the file whether it can be written to."""
        await self._run(lambda: self._db.executescript("BEGIN IMMEDIATE; ROLLBACK"))

    def close(self) -> None:
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _together(self, make: Callable[[sqlite3.Connection], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            value = make(self._db)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return value

    def _made(self, db: sqlite3.Connection, change: Change[T], make: Callable[[sqlite3.Connection], T]) -> T:
        found = db.execute(
            "SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?",
            (change.org, change.request_id),
        ).fetchone()
        if found is not None:
            return change.again(*found)
        self._forget()
        _admit(db, change)
        value = make(db)
        db.execute(
            "INSERT INTO mortise_answers (org, request_id, method, answer, expires_at) VALUES (?, ?, ?, ?, ?)",
            (change.org, change.request_id, change.method, change.answer(value), answers.expires()),
        )
        return value

    def _forget(self) -> None:
        if time.monotonic() - self._forgotten >= _FORGET_EVERY_SECONDS or not self._forgotten:
            self._db.execute(answers.FORGET + "?", (int(time.time()),))
            self._forgotten = time.monotonic()


def _admit(db: sqlite3.Connection, change: Change[Any]) -> None:
    """Raises FENCED unless the leases admit a change. The file has one writer at a time."""
    if change.fencing.sessions:
        found = {one: _find(db, change.org, one) for one in change.fencing.sessions}
        change.judge({session: lease for session, lease in found.items() if lease is not None}, _now())


def _find(db: sqlite3.Connection, org: int, session: str) -> Lease | None:
    row = db.execute(_own(leases.FIND), (org, session)).fetchone()
    return None if row is None else Lease(*row)


def _own(statement: str) -> str:
    """A statement with the parameters of SQLite."""
    return statement.replace("$", "?")


def _now() -> int:
    return time.time_ns() // 1000


class Leases(leases.StoredLeases):
    """SessionLeaseService in the file: offer it beside the stores that keep what belongs to
    sessions in the same file, and give these FEATURE_FENCED as a feature."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def grant(self, session: Session, change: Change[v1.SessionLease], wanted: leases.Wanted) -> v1.SessionLease:
        place = (session.org.id, session.id)

        def make(db: sqlite3.Connection) -> v1.SessionLease:
            last, now = _find(db, *place), _now()
            self.refuse_if_held(session.org.id, last, wanted.holder, now)
            one = self.granted(session, last, wanted, now)
            db.execute(_own(leases.BEGIN), place)
            row = (one.fence, one.ends_at, one.time_left_max, one.holder, one.address)
            db.execute(_own(leases.GRANT), (*place, *row))
            return leases.answer(one)

        return await self._database.change(change, make)

    async def renew(self, session: Session, fence: int, ttl: int) -> Lease:
        place = (session.org.id, session.id)

        def make(db: sqlite3.Connection) -> Lease:
            one = self.renewed(session, _find(db, *place), fence, ttl, _now())
            db.execute(_own(leases.RENEW), (*place, one.ends_at, one.time_left_max))
            return one

        return await self._database.transaction(make)

    async def release(self, session: Session, fence: int) -> bool:
        if fence > leases.FENCE_MAX:
            return False
        place = (session.org.id, session.id, fence)
        return await self._database.transaction(lambda db: bool(db.execute(_own(leases.RELEASE), place).fetchall()))

    async def stored(self, org: Org, session_id: str | None) -> tuple[Sequence[Lease], int]:
        now = _now()
        if session_id is None:
            rows = await self._database.query(_own(leases.RUNNING), org.id, now)
        else:
            rows = await self._database.query(_own(leases.FIND), org.id, session_id)
        return [Lease(*row) for row in rows], now


def unavailable(cause: BaseException) -> bool:
    """Whether an exception means that the file cannot be used now, for Adapter's
    `unavailable`."""
    code = getattr(cause, "sqlite_errorcode", None)
    # The low byte is the primary code.
    return isinstance(cause, sqlite3.Error) and code is not None and code & 0xFF in _UNAVAILABLE

"""Changes in an SQLite file that happen once under their request_id: the answer is a row
that is written in the transaction of the change."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from mortise_adapter import answers
from mortise_adapter.call import Change

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
        """Makes a change once, in a transaction that also holds its answer."""
        return await self._run(lambda: self._once(change, make))

    async def ping(self) -> None:
        """Asks the file whether it can be written to."""
        await self._run(lambda: self._db.executescript("BEGIN IMMEDIATE; ROLLBACK"))

    def close(self) -> None:
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _once(self, change: Change[T], make: Callable[[sqlite3.Connection], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            value = self._made(change, make)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return value

    def _made(self, change: Change[T], make: Callable[[sqlite3.Connection], T]) -> T:
        found = self._db.execute(
            "SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?",
            (change.org, change.request_id),
        ).fetchone()
        if found is not None:
            return change.again(*found)
        self._forget()
        value = make(self._db)
        self._db.execute(
            "INSERT INTO mortise_answers (org, request_id, method, answer, expires_at) VALUES (?, ?, ?, ?, ?)",
            (change.org, change.request_id, change.method, change.answer(value), answers.expires()),
        )
        return value

    def _forget(self) -> None:
        if time.monotonic() - self._forgotten >= _FORGET_EVERY_SECONDS or not self._forgotten:
            self._db.execute(answers.FORGET + "?", (int(time.time()),))
            self._forgotten = time.monotonic()


def unavailable(cause: BaseException) -> bool:
    """Whether an exception means that the file cannot be used now, for Adapter's
    `unavailable`."""
    code = getattr(cause, "sqlite_errorcode", None)
    # The low byte is the primary code.
    return isinstance(cause, sqlite3.Error) and code is not None and code & 0xFF in _UNAVAILABLE

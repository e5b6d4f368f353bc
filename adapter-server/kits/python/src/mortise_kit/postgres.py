"""Makes a change in PostgreSQL once under its request_id: the answer is a row that is written in the
transaction of the change. Needs the extra `postgres` (asyncpg)."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from .change import MEMORY_SECONDS, Change

T = TypeVar("T")

# Exceptions that mean that PostgreSQL cannot answer now, for Adapter.unavailable_on: no connection,
# no room, stopping or read-only after a failover.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
)

_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

TABLE = """
CREATE TABLE IF NOT EXISTS mortise_answers (
    org BIGINT NOT NULL, request_id TEXT COLLATE "C" NOT NULL, method TEXT NOT NULL,
    answer BYTEA, expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id)
);
CREATE INDEX IF NOT EXISTS mortise_answers_by_age ON mortise_answers (expires_at);
"""


async def once(pool: asyncpg.Pool, change: Change[T], body: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Makes a change in a transaction that also holds its answer. The row of the answer is written
    first: the same change over another connection waits for it. body is called again where two
    transactions could not be ordered; it must do nothing but work with its connection."""
    pause = 0.001
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await _once(connection, change, body)
        except _CONFLICTS:
            await asyncio.sleep(random.uniform(0, pause))
            pause = min(2 * pause, 0.05)


async def _once(connection: asyncpg.Connection, change: Change[T], body) -> T:
    is_new = await connection.fetchval(
        "INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING true",
        change.org,
        change.request_id,
        change.method,
        int(time.time()) + MEMORY_SECONDS,
    )
    if not is_new:
        found = await connection.fetchrow(
            "SELECT method, answer FROM mortise_answers WHERE org = $1 AND request_id = $2",
            change.org,
            change.request_id,
        )
        return change.again(found["method"], found["answer"])
    result = await body(connection)
    await connection.execute(
        "UPDATE mortise_answers SET answer = $3 WHERE org = $1 AND request_id = $2",
        change.org,
        change.request_id,
        change.answer(result),
    )
    return result


async def forget(pool: asyncpg.Pool) -> None:
    """Deletes answers that are older than they must be kept. Call it now and then."""
    await pool.execute("DELETE FROM mortise_answers WHERE expires_at < $1", int(time.time()))

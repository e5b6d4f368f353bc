"""Connections of the kit to a database that goes away."""

from mortise_adapter.postgres import Database
from mortise_adapter.testing.postgres import Postgres


async def test_hangs_after_the_answer() -> None:
    """What a call got from the database stands, though the database hangs before it takes its
    connection back; afterwards there is another connection."""
    with Postgres() as postgres:
        async with Database(postgres.url) as db:
            try:
                async with db.acquired() as connection:
                    assert await connection.fetchval("SELECT 1") == 1
                    postgres.run(postgres.pause)
            finally:
                postgres.run(postgres.resume)
            assert [tuple(row) for row in await db.query("SELECT 2")] == [(2,)]

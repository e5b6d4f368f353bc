"""mortise-postgres keeps events, messages and memories in PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mortise_adapter import Adapter, arguments, config_of, log_to_stderr, postgres, v1
from mortise_postgres import schema
from mortise_postgres.events import Events
from mortise_postgres.feeds import Feeds
from mortise_postgres.memories import Memories
from mortise_postgres.messages import Messages
from mortise_postgres.seed import Seed

NAME, VERSION = "mortise-postgres", "0.1.0"


@asynccontextmanager
async def adapter(url: str, *, leases: bool = False, seed: bool = False) -> AsyncIterator[Adapter]:
    """All that this adapter is. With leases it grants those of sessions and checks fences."""
    features = [v1.Feature.FEATURE_FENCED] if leases else []
    async with postgres.Database(url, *schema.ALL) as database, asyncio.TaskGroup() as tasks:
        feeds = Feeds(database, logging.getLogger(NAME))
        messages = tasks.create_task(feeds.run())
        stores = [Events(database, feeds, features), Messages(database), Memories(database, features)]
        try:
            yield Adapter(
                NAME,
                VERSION,
                *stores,
                *([postgres.Leases(database)] if leases else []),
                *([Seed()] if seed else []),
                ping=database.ping,
                unavailable=[postgres.unavailable],
            )
        finally:
            messages.cancel()


async def run(parsed: argparse.Namespace) -> None:
    async with adapter(parsed.postgres, leases=parsed.leases, seed=parsed.test_seed) as one:
        await one.serve(config_of(parsed))


def main() -> None:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    arguments(parser)
    parser.add_argument(
        "--postgres",
        metavar="URL",
        default=os.environ.get("POSTGRES_URL", "postgres://127.0.0.1:5432/mortise"),
        help="the database (default: POSTGRES_URL, which hides a password from lists of processes)",
    )
    parser.add_argument(
        "--leases",
        action="store_true",
        help="grant the leases of sessions and check fences: for hosts that take their leases here",
    )
    parser.add_argument(
        "--test-seed",
        action="store_true",
        help="offer TestSeedService: for the contract suite, never in production",
    )
    parsed = parser.parse_args()
    log_to_stderr()
    try:
        asyncio.run(run(parsed))
    except* (OSError, ValueError) as faults:
        sys.exit(f"{NAME}: {'; '.join(map(str, faults.exceptions))}")


if __name__ == "__main__":
    main()

"""The adapter on PostgreSQL keeps the contract, also when it is killed and when its database
goes away."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mortise_adapter.testing import Program, Subtests, judge
from mortise_adapter.testing.postgres import Postgres

HERE = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "mortise_postgres", "--test-seed", "--leases"]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


def test_contract(subtests: Subtests, postgres: Postgres) -> None:
    """The program keeps every rule at level full; it is killed, and its database crashes."""
    with Program([*COMMAND, "--postgres", postgres.url], cwd=HERE) as program:
        outage = ("--outage-command", postgres.stop, "--recover-command", postgres.start)
        judge(subtests, program.contract(*outage))


def test_database_hangs(subtests: Subtests, postgres: Postgres) -> None:
    """A database that takes calls and answers none is away as well."""
    with Program([*COMMAND, "--postgres", postgres.url], cwd=HERE) as program:
        outage = ("--outage-command", postgres.pause, "--recover-command", postgres.resume)
        judge(subtests, program.contract("--only", "OUT-*", *outage))

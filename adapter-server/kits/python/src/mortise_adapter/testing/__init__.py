"""Holds an adapter against the contract in a test. It runs the suite, the program
mortise-contract, which MORTISE_CONTRACT names or the path has.

    contract = Contract([sys.executable, "keyvalue.py"], offers=["session_storage_store"])

    @contract.rules
    def test_rule(rule):
        rule.check()
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from mortise_adapter.testing.suite import SUITE, Report, Rule, Suite, listed, run
from mortise_adapter.testing.turn import HOST, turn

__all__ = [
    "HOST",
    "SUITE",
    "Case",
    "Contract",
    "Program",
    "Report",
    "Rule",
    "Subtests",
    "contract",
    "judge",
    "served",
    "turn",
    "wait_for_socket",
]

# A runtime takes that long to start on a machine that is busy.
_START_SECONDS = 180.0


class Subtests(Protocol):
    """The fixture `subtests` of pytest."""

    def test(self, msg: str | None = None) -> AbstractContextManager[Any]: ...


def contract(endpoint: str, *arguments: str) -> Report:
    """Runs the suite against a server that is there, at level full. The arguments go to the
    suite, such as "--only", "KV-*"."""
    return run(["--endpoint", endpoint, *arguments])


def judge(subtests: Subtests, report: Report) -> None:
    """Makes each rule that applies a test of its own. A broken soft rule and a skipped one
    are skipped tests that say why."""
    import pytest

    for rule in report.rules:
        if not rule.offered:
            continue
        with subtests.test(msg=rule.id):
            rule.check()
    if report.count("failed"):
        sys.stdout.write(report.log)
    if not report.count("passed"):
        pytest.fail(f"no rule passed\n{report.log}", pytrace=False)


class Case:
    """One rule of a run that may not have begun."""

    def __init__(self, contract: Contract, rule_id: str) -> None:
        self._contract = contract
        self.id = rule_id

    def check(self) -> None:
        """Waits until the rule has ended, and fails or skips the test as it says."""
        self._contract.verdict(self.id).check()


class Contract:
    """The rules for a program, each a case that pytest collects. The first case starts the
    run; each waits for its own rule. The suite starts the program, kills it and starts it
    again."""

    def __init__(
        self,
        command: Sequence[str],
        offers: Sequence[str],
        *arguments: str,
        env: dict[str, str] | None = None,
    ) -> None:
        self._command = list(command)
        self._arguments = list(arguments)
        self._offers = list(offers)
        self._env = env
        self._suite: Suite | None = None

    @property
    def rules(self) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Decorates a test with the parameter `rule`."""
        import pytest

        ids = listed(self._offers)
        mark = pytest.mark.parametrize("rule", [Case(self, one) for one in ids], ids=ids)
        decorate: Callable[[Callable[..., None]], Callable[..., None]] = mark
        return decorate

    def verdict(self, rule_id: str) -> Rule:
        """What became of a rule."""
        if self._suite is None:
            work = tempfile.TemporaryDirectory(prefix="kit")
            self._suite = Suite([*self._arguments, "--", *self._command], work, self._env)
        return self._suite.verdict(rule_id)


class Program:
    """An adapter as a process of its own, which the suite starts, kills and starts again. It
    listens where MORTISE_LISTEN says, as the kit does."""

    def __init__(
        self, command: Sequence[str], cwd: str | Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self._work = Path(tempfile.mkdtemp(prefix="kit"))
        self._command = list(command)
        self._cwd = Path(cwd or self._work)
        self._env = env

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._work)

    def contract(self, *arguments: str) -> Report:
        """Runs the suite with the rules about restarts."""
        return run([*arguments, "--", *self._command], self._cwd, self._env)


def wait_for_socket(path: Path) -> None:
    """Waits until something listens on a unix socket."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing listens on {path}")
        time.sleep(0.02)


@asynccontextmanager
async def served(adapter: Any, **config: Any) -> AsyncIterator[str]:
    """Serves an adapter in this process, on a private socket; the value is its address."""
    import asyncio

    from mortise_adapter.serve import Config

    with tempfile.TemporaryDirectory(prefix="kit") as folder:
        address, stop = f"unix:{folder}/a.sock", asyncio.Event()
        task = asyncio.create_task(adapter.serve(Config(listen=address, drain=5.0, **config), stop))
        try:
            ready = asyncio.ensure_future(adapter.started.wait())
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield address
        finally:
            stop.set()
            await task

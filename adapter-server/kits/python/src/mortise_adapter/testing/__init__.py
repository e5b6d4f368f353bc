"""Holds an adapter against the contract in a test. It runs the suite, the program
mortise-contract, which MORTISE_CONTRACT names or the path has.

    def test_contract(subtests):
        with Program([sys.executable, "keyvalue.py"]) as program:
            judge(subtests, program.contract())
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

SUITE = "MORTISE_CONTRACT"
"""The variable that names the program of the suite."""

_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the suite, and how a server kept it."""

    id: str
    demand: str
    verdict: str
    """passed, failed, warned or skipped."""
    reason: str
    """Why it was skipped."""
    failure: str
    """What was looked at, expected and got."""

    @property
    def offered(self) -> bool:
        return not self.reason.startswith("the server does not offer")


@dataclass(frozen=True, slots=True)
class Report:
    rules: Sequence[Rule]
    table: str
    """What the suite printed."""
    log: str = ""
    """The end of what the adapter logged."""

    def count(self, verdict: str) -> int:
        return sum(rule.verdict == verdict for rule in self.rules)


class Subtests(Protocol):
    """The fixture `subtests` of pytest."""

    def test(self, msg: str | None = None) -> AbstractContextManager[Any]: ...


def contract(endpoint: str, *arguments: str) -> Report:
    """Runs the suite against a server that is there, at level full. The arguments go to the
    suite, such as "--only", "KV-*"."""
    program = os.environ.get(SUITE) or shutil.which("mortise-contract")
    if not program:
        raise FileNotFoundError(f"the suite is missing: build mortise-contract and name it in {SUITE}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        command = [program, "--endpoint", endpoint, "--json", str(path), *arguments]
        run = subprocess.run(command, text=True, capture_output=True, check=False)
        if run.returncode not in (0, 1):
            raise RuntimeError(f"the suite did not run:\n{run.stdout}{run.stderr}")
        told = json.loads(path.read_text(encoding="utf-8"))
    return Report([_rule(one) for one in told["rules"]], run.stdout)


def _rule(told: dict[str, Any]) -> Rule:
    failure = told.get("failure") or {}
    lines = [f"{key}: {failure[key]}" for key in ("what", "expected", "got") if failure.get(key)]
    return Rule(told["id"], told["demand"], told["verdict"], told.get("reason") or "", "\n".join(lines))


def judge(subtests: Subtests, report: Report) -> None:
    """Makes each rule that applies a test of its own. A broken soft rule and a skipped one
    are skipped tests that say why."""
    import pytest

    for rule in report.rules:
        if not rule.offered:
            continue
        with subtests.test(msg=rule.id):
            if rule.verdict == "failed":
                pytest.fail(f"{rule.demand}\n{rule.failure}\nmore: docs/rules.md#{rule.id.lower()}", pytrace=False)
            if rule.verdict == "warned":
                pytest.skip(f"soft rule not kept: {rule.demand}\n{rule.failure}")
            if rule.verdict == "skipped":
                pytest.skip(rule.reason)
    if report.count("failed"):
        sys.stdout.write(f"{report.table}\n{report.log}\n")
    if not report.count("passed"):
        pytest.fail(f"no rule passed\n{report.table}", pytrace=False)


class Program:
    """An adapter as a process of its own, started with `--listen unix:...` after its
    arguments, and killed and started again by the rules about what survives."""

    def __init__(
        self, command: Sequence[str], cwd: str | Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        # The path of a socket has 107 bytes at most.
        self._work = Path(tempfile.mkdtemp(prefix="kit"))
        self.endpoint = f"unix:{self._work}/a.sock"
        self._command = [*command, "--listen", self.endpoint]
        self._cwd = Path(cwd or self._work)
        self._env = {"PYTHONPATH": os.pathsep.join(sys.path), **(env or {})}
        self._script = self._work / "restart.sh"

    def __enter__(self) -> Self:
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self._env.items())
        self._script.write_text(
            _RESTART.format(
                work=shlex.quote(str(self._work)),
                cwd=shlex.quote(str(self._cwd)),
                exports=exports,
                command=shlex.join(self._command),
            ),
            encoding="utf-8",
        )
        self._script.chmod(0o700)
        try:
            self._restart()
            wait_for_socket(self._work / "a.sock")
        except BaseException as fault:
            fault.add_note(f"the adapter's log:\n{self.log()}")
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is not None:
            fault.add_note(f"the adapter's log:\n{self.log()}")
        self._end()

    def contract(self, *arguments: str) -> Report:
        """Runs the suite with the rules about restarts."""
        report = contract(self.endpoint, "--restart-command", shlex.quote(str(self._script)), *arguments)
        return replace(report, log=self.log())

    def log(self) -> str:
        """The end of what the adapter has logged."""
        path = self._work / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-10_000:] if path.exists() else ""

    def _restart(self, *arguments: str) -> None:
        subprocess.run([str(self._script), *arguments], check=True)

    def _end(self) -> None:
        self._restart("stop")
        shutil.rmtree(self._work)


# It kills the adapter without warning, as a crash does, and starts it again.
_RESTART = """#!/bin/sh
cd {work} || exit 1
if [ -f pid ]; then
  old=$(cat pid)
  kill -9 "$old" 2>/dev/null
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
[ "$1" = stop ] && exit 0
{exports}cd {cwd} || exit 1
setsid {command} </dev/null >>{work}/log 2>&1 &
echo $! >{work}/pid
"""


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

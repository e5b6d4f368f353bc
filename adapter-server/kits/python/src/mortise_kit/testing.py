"""Holds an adapter against the contract inside pytest, each rule as a test of its own.

    report = testing.program([sys.executable, "-m", "acme"])
    @pytest.mark.parametrize("rule", report.rules, ids=str)
    def test_contract(rule): rule.check()

MORTISE_CONTRACT names the suite, the program mortise-contract, or the path has it.
"""

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE = "MORTISE_CONTRACT"

# Kills the adapter without warning, as a crash does, and starts it again.
_RESTART = """#!/bin/sh
cd {folder} || exit 1
if [ -f pid ]; then
  old=$(cat pid)
  kill -9 "$old" 2>/dev/null
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
[ "$1" = stop ] && exit 0
setsid {command} </dev/null >>log 2>&1 &
echo $! >pid
"""


@dataclass(frozen=True)
class Rule:
    """A rule of the contract, and whether the adapter keeps it."""

    id: str
    demand: str
    verdict: str
    reason: str
    failure: dict
    page: str

    def __str__(self) -> str:
        return self.id

    def check(self) -> None:
        """Fails where a hard rule is broken; skips, with the reason, what was not kept or broken."""
        import pytest

        if self.verdict == "skipped":
            pytest.skip(self.reason)
        told = f"{self.demand}\n  looked at {self.failure.get('what')}\n  expected  {self.failure.get('expected')}\n"
        told += f"  got       {self.failure.get('got')}\n  more      {self.page}"
        if self.verdict == "warned":
            pytest.skip(f"soft rule not kept: {told}")
        assert self.verdict == "passed", told


def contract(endpoint: str, *arguments: str) -> list[Rule]:
    """Runs the suite against a server that is there: the rules about what it offers."""
    suite = os.environ.get(SUITE) or shutil.which("mortise-contract")
    if suite is None:
        raise RuntimeError(f"the suite is missing: build mortise-contract and name it in {SUITE}")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [suite, "--endpoint", endpoint, "--json", str(report), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"the suite did not run: {done.stderr}")
        rules = json.loads(report.read_text())["rules"]
    return [
        Rule(one["id"], one["demand"], one["verdict"], one.get("reason", ""), one.get("failure", {}), one["page"])
        for one in rules
        if not one.get("reason", "").startswith("the server does not offer")
    ]


@contextlib.contextmanager
def program(command: list[str]) -> Iterator[tuple[str, str]]:
    """Starts a program with `--listen unix:...`, and ends it afterwards. Gives the endpoint and the
    command that kills and restarts it."""
    with tempfile.TemporaryDirectory(prefix="kit") as folder:
        path = Path(folder, "a.sock")
        restart = Path(folder, "restart.sh")
        started = shlex.join([*command, "--listen", f"unix:{path}"])
        restart.write_text(_RESTART.format(folder=shlex.quote(folder), command=started))
        restart.chmod(0o700)
        subprocess.run([str(restart)], check=True)
        try:
            _await(path, Path(folder, "log"))
            yield f"unix:{path}", shlex.quote(str(restart))
        finally:
            subprocess.run([str(restart), "stop"], check=False)


def _await(path: Path, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the adapter does not listen; its log:\n{log.read_text()}") from error
        time.sleep(0.05)

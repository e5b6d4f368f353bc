"""Runs the program mortise-contract and reads what it says of each rule."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITE = "MORTISE_CONTRACT"
"""The variable that names the program of the suite."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the suite, and how a server kept it."""

    id: str
    demand: str
    verdict: str
    """passed, failed, warned or skipped."""
    skip: str
    """The kind of reason for which it was skipped: not_offered, needs, level, ..."""
    reason: str
    """Why it was skipped."""
    failure: str
    """What was looked at, expected and got, why the rule is there and how it is kept, and the
    last calls, each with the grpcurl command that makes it again."""
    known_failure: bool = False
    """Whether a file of known failures lists it."""

    @property
    def offered(self) -> bool:
        return self.skip != "not_offered"

    def check(self) -> None:
        """Fails the test if the rule is broken. A broken soft rule, a known failure and a
        skipped rule skip it, and say why."""
        import pytest

        if self.verdict == "failed" and not self.known_failure:
            pytest.fail(f"{self.demand}\n{self.failure}\nmore: docs/rules.md#{self.id.lower()}", pytrace=False)
        if self.verdict == "failed":
            pytest.skip(f"a known failure: {self.failure}")
        if self.verdict == "warned":
            pytest.skip(f"soft rule not kept: {self.demand}\n{self.failure}")
        if self.verdict == "skipped":
            pytest.skip(self.reason)


@dataclass(frozen=True, slots=True)
class Report:
    rules: Sequence[Rule]
    log: str
    """What the suite logged, with the end of the adapter's log if something failed."""

    def count(self, verdict: str) -> int:
        return sum(rule.verdict == verdict for rule in self.rules)


class Suite:
    """A run of the suite, in the background."""

    def __init__(
        self,
        arguments: Sequence[str],
        work: tempfile.TemporaryDirectory[str] | Path,
        env: dict[str, str] | None = None,
    ) -> None:
        self._work = work
        self._rules: dict[str, Rule] = {}
        self._changed = threading.Condition()
        self._has_ended = False
        # It is closed with the run, which others ask for its log.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [_program(), "--ndjson", "-", *arguments],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=work if isinstance(work, Path) else work.name,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                told = json.loads(line)
                if told["type"] == "rule":
                    with self._changed:
                        self._rules[told["id"]] = _rule(told)
                        self._changed.notify_all()
        self._process.wait()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def verdict(self, rule_id: str) -> Rule:
        """Waits until a rule has ended."""
        with self._changed:
            self._changed.wait_for(lambda: rule_id in self._rules or self._has_ended)
            found = self._rules.get(rule_id)
        if found is None:
            raise RuntimeError(f"the suite did not run {rule_id}:\n{self.log()}")
        return found

    def report(self) -> Report:
        """Waits for the end of the run."""
        self._reader.join()
        if self._process.returncode not in (0, 1):
            raise RuntimeError(f"the suite did not run:\n{self.log()}")
        return Report(list(self._rules.values()), self.log())

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()


def run(arguments: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> Report:
    """Runs the suite to its end."""
    return Suite(arguments, cwd or Path.cwd(), env).report()


def listed(offers: Sequence[str]) -> list[str]:
    """The ids of the rules that apply to a server of these stores."""
    command = [_program(), "list", "--json", "--offers", ",".join(offers)]
    told = subprocess.run(command, text=True, capture_output=True, check=False)
    if told.returncode != 0:
        raise RuntimeError(f"the suite does not list its rules:\n{told.stderr}")
    return [rule["id"] for rule in json.loads(told.stdout)]


def _program() -> str:
    program = os.environ.get(SUITE) or shutil.which("mortise-contract")
    if not program:
        raise FileNotFoundError(f"the suite is missing: build mortise-contract and name it in {SUITE}")
    return program


def _rule(told: dict[str, Any]) -> Rule:
    failure = told.get("failure") or {}
    keys = ("what", "expected", "got", "why", "mend")
    lines = [f"{key}: {failure[key]}" for key in keys if failure.get(key)]
    for call in failure.get("exchanges", []):
        lines += [call["method"], f"  sent     {call['sent']}", f"  received {call['received']}"]
        if call.get("grpcurl"):
            lines.append(f"  by hand  {call['grpcurl']}")
    return Rule(
        told["id"],
        told["demand"],
        told["verdict"],
        told.get("skip") or "",
        told.get("reason") or "",
        "\n".join(lines),
        told.get("known_failure", False),
    )

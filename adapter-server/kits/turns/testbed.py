"""The five servers and the host, as processes, and what takes away the stores of the servers."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from mortise_adapter.testing import wait_for_socket
from mortise_adapter.testing.postgres import Postgres

KITS = Path(__file__).resolve().parents[1]
PAGE = KITS.parents[1] / "docs/five-languages.md"
START_SECONDS = 120
JAVA_DATABASE = "java"

Away = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Stage:
    """All that runs before the host does."""

    work: Path
    env: dict[str, str]
    postgres: Postgres
    servers: list[Server]


class Server:
    """A program of the page, and what takes its store away."""

    def __init__(self, work: Path, name: str, command: str, env: dict[str, str], away: Away) -> None:
        self.name = name
        self.away = away
        self._command = command
        self._env = env
        self._socket = work / f"{name}.sock"
        self._log = work / f"{name}.log"
        self.endpoint = f"unix:{self._socket}"
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        # The shell gives way to the program, so that what is killed is the program.
        command = ["sh", "-c", f"exec env {self._command}"]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, cwd=self._log.parent
            )

    def wait(self) -> None:
        try:
            wait_for_socket(self._socket)
        except TimeoutError:
            raise TimeoutError(f"{self.name} does not listen:\n{self.log()}") from None

    def kill_and_start(self) -> None:
        """Kills it as a crash does, and starts it again on the same data."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = self._started()
        self.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def program(variable: str) -> str:
    named = os.environ.get(variable)
    if not named:
        pytest.skip(f"{variable} names no program; kits/test.sh sets it")
    return named


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds an SQLite file, so that nothing can be written to it."""
    with closing(sqlite3.connect(database, timeout=START_SECONDS, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


@contextmanager
def unmounted(directory: Path) -> Iterator[None]:
    elsewhere = directory.with_name(f"{directory.name}.away")
    directory.rename(elsewhere)
    yield
    elsewhere.rename(directory)


@contextmanager
def between(postgres: Postgres, begin: str, end: str) -> Iterator[None]:
    postgres.run(begin)
    yield
    postgres.run(end)


def commands(begin: str) -> list[str]:
    """The commands of the page that begin so, each on one line."""
    lines = PAGE.read_text().replace("\\\n", "").splitlines()
    return [line for line in lines if line.startswith(begin)]


def environment(work: Path, postgres: str, port: int) -> dict[str, str]:
    """What the page takes for granted: the programs on the path, and what its names stand for."""
    path = work / "bin"
    path.mkdir()
    for name in ("MORTISE_ADAPTER", "MORTISE_HOST"):
        (path / name.lower().replace("_", "-")).symlink_to(program(name))
    (path / "values").symlink_to(program("MORTISE_GO_VALUES"))
    started = path / "mortise-postgres"
    started.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mortise_postgres "$@"\n')
    started.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{path}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "KITS": str(KITS),
        "POSTGRES": postgres,
        "JDBC": f"jdbc:postgresql://127.0.0.1:{port}/{JAVA_DATABASE}?user=mortise",
        # C1 alone compiles sooner; nothing runs here for long.
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
    }


def servers_of(work: Path, env: dict[str, str], postgres: Postgres) -> list[Server]:
    away: dict[str, Away] = {
        "go": partial(locked, work / "values.db"),
        # It hangs.
        "python": partial(between, postgres, postgres.pause, postgres.resume),
        "typescript": partial(unmounted, work / "files"),
        # It crashes.
        "java": partial(between, postgres, postgres.stop, postgres.start),
        "rust": partial(locked, work / "rest.db"),
    }
    started = []
    for command in commands("MORTISE_LISTEN="):
        name = command.removeprefix("MORTISE_LISTEN=unix:").split(".sock")[0]
        started.append(Server(work, name, command, env, away.pop(name)))
    assert not away, f"{PAGE} does not start {list(away)}"
    return started


@contextmanager
def running() -> Iterator[Stage]:
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="turns")))
        port = free_port()
        postgres = stack.enter_context(Postgres(port))
        asyncio.run(database_made(postgres.url, JAVA_DATABASE))
        env = environment(work, postgres.url, port)
        for once in (*commands("head "), *commands("node ")):
            subprocess.run(["sh", "-c", once], check=True, cwd=work, env=env)
        servers = servers_of(work, env, postgres)
        for server in servers:
            stack.callback(server.end)
        for server in servers:
            server.wait()
        yield Stage(work, env, postgres, servers)


async def database_made(url: str, name: str) -> None:
    """Two adapters have tables of one name, and each has its database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def hosted(stage: Stage) -> Iterator[str]:
    """A host with the configuration of this folder; the address of its HTTP API."""
    log = stage.work / "host.log"
    [command] = commands("mortise-host serve")
    with log.open("wb") as output:
        words = ["sh", "-c", f"exec {command}"]
        process = subprocess.Popen(words, cwd=stage.work, env=stage.env, stdout=output, stderr=output)
    try:
        wait_for_socket(stage.work / "host.sock")
        deadline = time.monotonic() + START_SECONDS
        while not (told := re.search(r"http listening at (\S+)", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        while not is_ready(told[1]):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield told[1]
    finally:
        process.kill()
        process.wait()
        sys.stdout.write(log.read_text(errors="replace")[-6000:])


def is_ready(http: str) -> bool:
    """Whether the host reaches all of its adapters."""
    try:
        with urllib.request.urlopen(f"{http}/ready", timeout=START_SECONDS):
            return True
    except urllib.error.HTTPError:
        return False

"""One turn across five languages: each store has its server, each server is killed and its
store is taken away while turns run, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import grpc
from mortise_adapter import v1
from mortise_adapter.testing.postgres import Postgres
from mortise_adapter.v1.memory_store_pb2_grpc import MemoryStoreServiceStub
from mortise_adapter.v1.session_file_system_pb2_grpc import SessionFileSystemServiceStub
from mortise_adapter.v1.session_storage_store_pb2_grpc import SessionStorageStoreServiceStub
from testbed import Server, Stage, commands, hosted, running

# A multiple of 10: each of five servers is killed and its store taken away.
TURNS = int(os.environ.get("MORTISE_TURNS", "10"))
AWAY_SECONDS = 3
# The code with which mortise-host says that there was no turn.
NO_TURN = 3
TURN_SECONDS = 600
# The demo agent of mortise-host.
HARNESS = "harness_6d6f7274000000000000000000000001"
AGENT = "agent_6d6f7274000000000000000000000002"
TOOLS = 5
CONTEXT = v1.CallContext(org_id=1)


@dataclass(frozen=True)
class Turn:
    session: str
    factor: int

    @property
    def question(self) -> str:
        return f"What is {self.factor} times 34?"

    @property
    def product(self) -> str:
        return str(self.factor * 34)

    @property
    def fact(self) -> str:
        return f"{self.factor} × 34 = {self.product}"

    @property
    def answer(self) -> str:
        return f"{self.fact}. I wrote your question to /workspace/question.txt and read it back."


def seeded(stage: Stage) -> None:
    """Gives the servers the agent. A store that makes its first connections and tables on a
    busy machine may not answer in time: then there is no turn, and the command runs again."""
    for command in commands("mortise-host run"):
        deadline = time.monotonic() + TURN_SECONDS
        while (ended := ran(stage, command)).returncode == NO_TURN and time.monotonic() < deadline:
            sys.stdout.write(ended.stderr)
        assert ended.returncode == 0, ended.stderr + ended.stdout


def ran(stage: Stage, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        text=True,
        capture_output=True,
        timeout=TURN_SECONDS,
        check=False,
        cwd=stage.work,
        env=stage.env,
    )


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TURN_SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"{url}: {refused.code} {refused.read().decode()}") from None


def begun(http: str, factor: int) -> Turn:
    body = {"harness_id": HARNESS, "agent_id": AGENT, "capabilities": [{"ref": "memory"}]}
    return Turn(post(f"{http}/v1/sessions", body)["id"], factor)


def answers(http: str, turns: list[Turn], servers: list[Server]) -> list[str]:
    """Runs the turns. At each step some begin, while those of the step before may go on, and
    a server is killed, or its store is taken away."""

    def one(turn: Turn) -> str:
        told = post(f"{http}/v1/sessions/{turn.session}/turns", {"text": turn.question})
        text: str = told["message"]["content"][0]["text"]
        return text

    steps = [disturb for server in servers for disturb in (server.kill_and_start, partial(without_store, server))]
    at_once = len(turns) // len(steps)
    with ThreadPoolExecutor(2 * at_once) as pool:
        begun: list[Future[str]] = []
        for number, disturb in enumerate(steps):
            wait(begun[: max(0, number - 1) * at_once], TURN_SECONDS)
            begun += [pool.submit(one, turn) for turn in turns[number * at_once :][:at_once]]
            disturb()
        return [future.result() for future in begun]


def without_store(server: Server) -> None:
    with server.away():
        time.sleep(AWAY_SECONDS)


def test_turns() -> None:
    """Turns complete while each server is killed once and each store is away once for 3 s.
    Every session then has its value in Go's server, its file in TypeScript's, and in Python's
    its fact, and each event once and in order."""
    with running() as stage:
        seeded(stage)
        with hosted(stage) as http:
            turns = [begun(http, 12 + number) for number in range(TURNS)]
            said = answers(http, turns, stage.servers)
        assert said == [turn.answer for turn in turns]
        with ExitStack() as stack:
            at = {server.name: stack.enter_context(grpc.insecure_channel(server.endpoint)) for server in stage.servers}
            for turn in turns:
                value_is_there(SessionStorageStoreServiceStub(at["go"]), turn)
                file_is_there(SessionFileSystemServiceStub(at["typescript"]), turn)
                events_are_there(turn, stage.postgres)
            facts_are_there(MemoryStoreServiceStub(at["python"]), turns)


def value_is_there(values: SessionStorageStoreServiceStub, turn: Turn) -> None:
    keys = values.ListKeys(v1.ListKeysRequest(context=CONTEXT, session_id=turn.session)).keys
    # A value that was set twice was updated after it was made.
    assert [(key.key, key.updated_at) for key in keys] == [("last_product", key.created_at) for key in keys[:1]], keys
    found = values.GetValue(v1.GetValueRequest(context=CONTEXT, session_id=turn.session, key="last_product"))
    assert found.value == turn.product


def file_is_there(files: SessionFileSystemServiceStub, turn: Turn) -> None:
    entries = files.ListDirectory(v1.ListDirectoryRequest(context=CONTEXT, session_id=turn.session, path="/")).entries
    assert [entry.path for entry in entries] == ["/question.txt"], entries
    assert entries[0].created_at == entries[0].updated_at, entries
    parts = files.ReadFile(v1.ReadFileRequest(context=CONTEXT, session_id=turn.session, path="/question.txt"))
    assert b"".join(part.chunk for part in parts).decode() == turn.question


def facts_are_there(memories: MemoryStoreServiceStub, turns: list[Turn]) -> None:
    recalled = memories.Recall(v1.RecallRequest(context=CONTEXT, limit=10 * TURNS))
    facts = sorted(memory.content for part in recalled for memory in part.memories)
    assert facts == sorted(turn.fact for turn in turns)


def events_are_there(turn: Turn, postgres: Postgres) -> None:
    log = asyncio.run(stored(postgres.url, turn.session))
    assert [number for number, _, _ in log] == list(range(1, len(log) + 1)), turn
    once = dict.fromkeys(("input.message", "turn.started", "turn.completed"), 1)
    expected = once | dict.fromkeys(("tool.started", "tool.completed"), TOOLS)
    kinds = [kind for _, kind, _ in log]
    assert {kind: kinds.count(kind) for kind in expected} == expected, log
    ends = [json.loads(data) for _, kind, data in log if kind == "tool.completed"]
    assert all(end["success"] for end in ends), ends


async def stored(url: str, session: str) -> list[tuple[int, str, bytes]]:
    connection = await asyncpg.connect(url)
    try:
        statement = "SELECT sequence, type, data FROM events WHERE session = $1 ORDER BY sequence"
        rows = await connection.fetch(statement, session.removeprefix("session_"))
        return [(row["sequence"], row["type"].decode(), row["data"]) for row in rows]
    finally:
        await connection.close()

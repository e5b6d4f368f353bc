"""The example with values in an SQLite file, which the README shows."""

import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from mortise_adapter.testing import Case, Contract, turn, wait_for_socket

KIT = Path(__file__).parents[1]
EXAMPLE = KIT / "examples" / "keyvalue" / "keyvalue.py"


contract = Contract([sys.executable, str(EXAMPLE)], offers=["session_storage_store"])


@contract.rules
def test_contract(rule: Case) -> None:
    """The example keeps every rule of values at level full, also when it is killed."""
    rule.check()


def test_turn(tmp_path: Path) -> None:
    """A turn of the runtime keeps a value in the example."""
    command = [sys.executable, str(EXAMPLE), "--listen", "unix:a.sock"]
    with subprocess.Popen(command, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)}) as process:
        wait_for_socket(tmp_path / "a.sock")
        events = turn(f"unix:{tmp_path}/a.sock", "What is 12 times 34?", "session_storage_store")
        process.terminate()
    assert any(event.get("type") == "turn.completed" for event in events)
    with sqlite3.connect(tmp_path / "values.db") as db:
        kept = db.execute("SELECT key, value FROM kept").fetchall()
    assert kept == [("last_product", "408")], kept


def test_sigterm(tmp_path: Path) -> None:
    """The program ends by itself when it is told to."""
    command = [sys.executable, str(EXAMPLE), "--listen", "unix:a.sock"]
    with subprocess.Popen(command, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)}) as process:
        wait_for_socket(tmp_path / "a.sock")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_readme() -> None:
    """The README shows the example as it is, and the rest of its Python compiles."""
    shown = re.findall(r"```python\n(.*?)```", (KIT / "README.md").read_text(), re.DOTALL)
    assert EXAMPLE.read_text() in shown
    for block in shown:
        compile(block, "README.md", "exec")

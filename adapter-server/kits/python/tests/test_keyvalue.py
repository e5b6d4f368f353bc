"""The example with values in an SQLite file, which the README shows."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from mortise_adapter.testing import Program, Subtests, judge, wait_for_socket

KIT = Path(__file__).parents[1]
EXAMPLE = KIT / "examples" / "keyvalue" / "keyvalue.py"


def test_contract(subtests: Subtests) -> None:
    """The example keeps every rule of values at level full, also when it is killed."""
    with Program([sys.executable, str(EXAMPLE)]) as program:
        judge(subtests, program.contract())


def test_sigterm(tmp_path: Path) -> None:
    """The program ends by itself when it is told to."""
    command = [sys.executable, str(EXAMPLE), "--listen", "unix:a.sock"]
    with subprocess.Popen(command, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)}) as process:
        wait_for_socket(tmp_path / "a.sock")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_readme() -> None:
    """The README shows the example as it is, and the rest of its Python compiles."""
    shown = re.findall(r"```python\n(.*?)```", (KIT / "README.md").read_text(), re.DOTALL)
    assert EXAMPLE.read_text() in shown
    for block in shown:
        compile(block, "README.md", "exec")

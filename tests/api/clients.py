"""Has the programs of docs/clients run a turn with a token, each with types that are made
from the API's description."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from host import TOKEN

DOCS = Path(__file__).resolve().parents[2] / "docs" / "clients"

# What each program prints of its turn.
EXPECTED = [
    "the model calls ask_person",
    "the turn: waiting_for_tool_results",
    "I wrote your question",
    "ask_person gave me",
    "blue",
    "the turn: completed",
]


def run(url: str) -> list[str]:
    """What went wrong."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder, "openapi.json")
        with urllib.request.urlopen(f"{url}/openapi.json") as answer:
            description.write_bytes(answer.read())
        for language, program in [("python", python), ("typescript", typescript)]:
            print(f"== api: the client in {language}", flush=True)
            own = Path(folder, language)
            shutil.copytree(DOCS / language, own, ignore=shutil.ignore_patterns("node_modules", "dist"))
            printed = program(own, description, url)
            print(printed, end="")
            missing = [line for line in EXPECTED if line not in printed]
            failed += [f"the client in {language} does not print {line!r}" for line in missing]
    return failed


def python(folder: Path, description: Path, url: str) -> str:
    bin = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}"}
    output([folder / "generate.sh", description, folder], folder, environment)
    return output([sys.executable, "client_tool.py", url, TOKEN], folder)


def typescript(folder: Path, description: Path, url: str) -> str:
    shutil.copy(description, folder / "openapi.json")
    output(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], folder)
    output(["npm", "run", "--silent", "generate"], folder)
    output(["npm", "run", "--silent", "build"], folder)
    return output(["node", "dist/client_tool.js", url, TOKEN], folder)


def output(command: list, folder: Path, environment: dict | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout

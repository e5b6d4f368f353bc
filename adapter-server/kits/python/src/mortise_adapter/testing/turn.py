"""Runs a real turn of the runtime with an adapter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

HOST = "MORTISE_HOST"
"""The variable that names the program mortise-host."""


def turn(endpoint: str, question: str, *stores: str) -> Sequence[dict[str, Any]]:
    """Runs a turn: mortise-host with a database of the test's own, and the server at endpoint
    for the stores, named as in routes (session_storage_store). The built-in simulator asks
    for tools as a model would. The turn must complete; its events come back."""
    host = os.environ.get(HOST) or shutil.which("mortise-host")
    if not host:
        raise FileNotFoundError(f"the host is missing: build mortise-host and name it in {HOST}")
    routes = [word for store in stores for word in ("--route", f"{store}={endpoint}")]
    with tempfile.TemporaryDirectory(prefix="turn") as data:
        command = [host, "run", "--json", "--provider", "simulator", "--data", data, *routes, question]
        ended = subprocess.run(command, text=True, capture_output=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"the turn did not complete:\n{ended.stderr}{ended.stdout}")
    return [json.loads(line) for line in ended.stdout.splitlines()]

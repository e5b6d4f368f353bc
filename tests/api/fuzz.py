"""Calls a host with what its description allows and what it does not (schemathesis)."""

import subprocess
import sys
from pathlib import Path

# Examples of each operation, and of each walk through several.
SHORT, LONG = 12, 150


def run(url: str, seed: int, is_long: bool) -> bool:
    """Whether the host did as it promises."""
    print(f"== api: schemathesis, seed {seed}", flush=True)
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file", Path(__file__).with_name("schemathesis.toml"),
        "run", f"{url}/openapi.json",
        "--seed", str(seed),
        "--max-examples", str(LONG if is_long else SHORT),
        "--no-color",
    ]
    return subprocess.run(command, check=False).returncode == 0

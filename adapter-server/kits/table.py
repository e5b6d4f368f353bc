"""Makes a table of what the suite says of the examples. `table.sh` runs it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

KITS = Path(__file__).parent
MADE = ("generated", "gen", "v1", "adapterv1", "dist", "target", "node_modules", "test", "tests", "testing", "kittest")


@dataclass(frozen=True)
class Example:
    """A server that the tests run: its name in the handshake, its kit and its own files."""

    server: str
    kit: str
    folder: str


EXAMPLES = (
    Example("mortise-values", "go", "go/examples/keyvalue"),
    Example("mortise-redis", "go", "go/examples/redis"),
    Example("acme-values", "python", "python/examples/keyvalue"),
    Example("mortise-postgres", "python", "python/examples/postgres"),
    Example("key-value", "typescript", "typescript/examples/key-value"),
    Example("mortise-files", "typescript", "typescript/examples/files"),
    Example("mortise-jdbc", "java", "java/examples/jdbc"),
    Example("mortise-ruby", "", "../../examples/ruby"),
)
KIT_SOURCES = {
    "go": ("go/kit", "go/fail", "go/leases", "go/sqlmemory", "go/redismemory"),
    "python": ("python/src",),
    "typescript": ("typescript/src",),
    "java": ("java/kit/src/main",),
}
SUFFIXES = {".go", ".py", ".ts", ".java", ".rb", ".sql"}


def lines(*folders: str) -> int:
    """The lines with something in them, without tests, the suite's seed and what is generated."""
    count = 0
    for folder in folders:
        root = KITS / folder
        for path in root.rglob("*"):
            inside = path.relative_to(root)
            is_made = any(part in MADE for part in inside.parts[:-1]) or ".gen." in path.name
            is_test = "test" in path.stem.lower() or path.stem.lower() == "seed"
            is_generated = path.name in ("stores.py", "reasons.py")
            if path.suffix in SUFFIXES and path.is_file() and not (is_made or is_test or is_generated):
                count += sum(1 for line in path.read_text().splitlines() if line.strip())
    return count


def judged(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rules of each server, each as the last run found it that judged it."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
        if path.stat().st_size == 0:
            continue  # The run is not over.
        report = json.loads(path.read_text())
        rules = found.setdefault(report["server"]["name"], {})
        for rule in report["rules"]:
            is_asked = rule.get("skip") not in ("not_offered", "stopped")
            if is_asked and (rule["verdict"] != "skipped" or rule["id"] not in rules):
                rules[rule["id"]] = rule
    return {name: list(rules.values()) for name, rules in found.items()}


def table(folder: Path) -> str:
    out = [
        "| kit | example | service | passed | warned | failed | skipped | author's lines | kit's lines |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    reports = judged(folder)
    for example in EXAMPLES:
        rules = reports.get(example.server)
        if rules is None:
            print(f"no report of {example.server}", file=sys.stderr)
            continue
        own = str(lines(example.folder))
        kit = str(lines(*KIT_SOURCES[example.kit])) if example.kit else ""
        counts: dict[str, Counter[str]] = {}
        for rule in rules:
            counts.setdefault(rule["service"], Counter())[rule["verdict"]] += 1
        first = (example.kit or "none (Ruby)", example.folder.rpartition("/")[2])
        for service, count in counts.items():
            figures = [str(count[verdict]) for verdict in ("passed", "warned", "failed", "skipped")]
            out.append(f"| {' | '.join([*first, service, *figures, own, kit])} |")
            first, own, kit = ("", ""), "", ""
    return "\n".join(out)


def record(suite: str, folder: Path) -> None:
    """Makes a program that stands for the suite and keeps its reports."""
    program = folder / "record.sh"
    report = f'"$(mktemp {shlex.quote(str(folder))}/XXXXXXXX.json)"'
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1" in list | new | explain) exec {shlex.quote(suite)} "$@" ;; esac\n'
        f'exec {shlex.quote(suite)} --json {report} "$@"\n'
    )
    os.chmod(program, 0o755)


if __name__ == "__main__":
    if sys.argv[1] == "--record":
        record(sys.argv[2], Path(sys.argv[3]).resolve())
    else:
        sys.stdout.write(table(Path(sys.argv[1])) + "\n")

"""A PostgreSQL of a test's own: made from the installed programs in a temporary folder, on a
unix socket alone, and gone afterwards.

    with Postgres() as postgres:
        ...postgres.url...
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

_PROGRAMS = Path("/usr/lib/postgresql")
# The server refuses to run as root.
_UNPRIVILEGED = "postgres"
_USER = "mortise"

_STOP = """#!/bin/sh
exec {run} {bin}/pg_ctl --pgdata={data} --wait --mode=immediate stop
"""
# No fsync: what tests kill is processes, never the machine.
_START = """#!/bin/sh
exec {run} {bin}/pg_ctl --pgdata={data} --wait --log={data}/log \\
  --options="-k {folder} -c listen_addresses={listen} -c fsync=off" start </dev/null >/dev/null 2>&1
"""
_SIGNAL = """#!/bin/sh
read -r server <{data}/postmaster.pid
for one in "$server" $(cat /proc/"$server"/task/"$server"/children); do
  kill -{signal} "$one" || true
done
"""


class Postgres:
    """A cluster, and scripts that take it away and give it back, for the suite's rules about
    outages."""

    def __init__(self, port: int | None = None) -> None:
        """With a port it listens on 127.0.0.1 as well, for clients without unix sockets."""
        found = sorted(_PROGRAMS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not found:
            raise FileNotFoundError(f"no PostgreSQL in {_PROGRAMS} (Debian: apt-get install postgresql)")
        self._bin = found[-1].parent
        # The path of a socket has 107 bytes at most.
        self._folder = Path(tempfile.mkdtemp(prefix="kitpg"))
        is_root = os.getuid() == 0
        if is_root:
            shutil.chown(self._folder, _UNPRIVILEGED, _UNPRIVILEGED)
        self._run = ["runuser", "-u", _UNPRIVILEGED, "--"] if is_root else []
        self.url = f"postgres://{_USER}@/postgres?host={self._folder}" + (f"&port={port}" if port else "")
        self.stop = self._script("stop", _STOP)
        """Ends the server as a crash does."""
        self.start = self._script("start", _START, listen=f"127.0.0.1 -p {port}" if port else "")
        self.pause = self._script("pause", _SIGNAL, signal="STOP")
        """Lets the server hang: it takes connections and answers nothing."""
        self.resume = self._script("resume", _SIGNAL, signal="CONT")

    def _script(self, name: str, text: str, **values: str) -> str:
        path = self._folder / f"{name}.sh"
        folder = shlex.quote(str(self._folder))
        filled = text.format(run=shlex.join(self._run), bin=self._bin, folder=folder, data=f"{folder}/data", **values)
        path.write_text(filled, encoding="utf-8")
        path.chmod(0o755)
        return shlex.quote(str(path))

    def __enter__(self) -> Self:
        # A locale whose order is not that of bytes: what must be ordered by bytes says so.
        locale = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=und", "--locale=C.UTF-8"]
        options = ["--auth=trust", f"--username={_USER}", "--no-sync", f"--pgdata={self._folder}/data"]
        made = subprocess.run(
            [*self._run, str(self._bin / "initdb"), *locale, *options], text=True, capture_output=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stderr}")
        self.run(self.start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self.stop)
        finally:
            shutil.rmtree(self._folder)

    def run(self, script: str) -> None:
        """Runs one of the scripts."""
        subprocess.run(["sh", "-c", script], check=True, capture_output=True)

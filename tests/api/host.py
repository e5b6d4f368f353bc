"""Starts a host with its own storage, and the demo's platform in it, on free ports."""

import contextlib
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# How long a host may take until it can run turns, in seconds.
READY_WITHIN = 60


@contextlib.contextmanager
def running(program: str) -> Iterator[str]:
    """The address of the HTTP API of a host that runs as long as the block."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "host.log")
        # It has no key of a provider: the simulator answers.
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        with log.open("wb") as stderr:
            host = subprocess.Popen(
                [program, "serve", "--data", folder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment,
            )
        try:
            assert host.stdout is not None
            addresses = dict(host.stdout.readline().split(" listening at ") for _ in range(2))
            url = addresses["http"].strip()
            wait_until_ready(url)
            yield url
            if host.poll() is not None:
                raise RuntimeError(f"the host ended with {host.returncode}")
        except BaseException:
            print(log.read_text(errors="replace")[-4000:])
            raise
        finally:
            host.terminate()
            try:
                host.wait(10)
            except subprocess.TimeoutExpired:
                host.kill()
                host.wait()


def wait_until_ready(url: str) -> None:
    """Returns once the host can run turns."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ready"):
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)

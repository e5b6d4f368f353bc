"""Starts a host with its own storage, and the demo's platform in it, on free ports."""

import contextlib
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# How long a host may take until it can run turns, in seconds.
READY_WITHIN = 60


README = Path(__file__).resolve().parents[2] / "README.md"

# The token that the host of `configured` asks for.
TOKEN = "token-of-the-tests"


@contextlib.contextmanager
def running(program: str) -> Iterator[str]:
    """The address of the HTTP API of a host that runs as long as the block, for everyone."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--data", folder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        with served(program, arguments, 2, Path(folder)) as url:
            yield url


@contextlib.contextmanager
def configured(program: str) -> Iterator[str]:
    """The same of a host with the configuration of the README, for callers with `TOKEN`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app-token").write_text(f"{TOKEN}\n")
        Path(folder, "host.toml").write_text(readme_configuration())
        with served(program, ["--config", "host.toml"], 3, Path(folder)) as url:
            yield url


def readme_configuration() -> str:
    """The `host.toml` of the README, on free ports."""
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    [text] = [block for block in blocks if "[access.tokens.app]" in block]
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text)


@contextlib.contextmanager
def served(program: str, arguments: list[str], listeners: int, folder: Path) -> Iterator[str]:
    """The same of a host with these arguments, which listens so often."""
    log = folder / "host.log"
    # It has no key of a provider: the simulator answers.
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    with log.open("wb") as stderr:
        host = subprocess.Popen(
            [program, "serve", *arguments],
            stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment, cwd=folder,
        )
    try:
        assert host.stdout is not None
        addresses = dict(host.stdout.readline().split(" listening at ") for _ in range(listeners))
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

"""Writes a service of compose.yaml into the configuration of an unpacked image: command,
variables, secrets and files as an engine mounts them, with the owner and mode that they have.

usage: service.py FOLDER SERVICE BUNDLE VOLUME HOSTS
"""

import os
import pathlib
import re
import subprocess
import sys

import yaml


def main(folder: pathlib.Path, name: str, bundle: str, volume: str, hosts: str) -> None:
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    service = compose["services"][name]
    values = dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines())
    variables = {
        key: substituted(str(value), values) for key, value in service.get("environment", {}).items()
    }
    mounts = [f"{hosts}:/etc/hosts"]
    for secret in service.get("secrets", []):
        mounts.append(f"{folder / compose['secrets'][secret]['file']}:/run/secrets/{secret}")
    for mount in service.get("volumes", []):
        source, target, *_ = mount.split(":")
        if source.startswith("."):
            mounts.append(f"{(folder / source).resolve()}:{target}")
        else:
            assert source in compose["volumes"] and target == "/var/lib/mortise", mount
    # Without an entrypoint of its own, the image's entrypoint and command run.
    command = [*service["entrypoint"], *service["command"]] if "entrypoint" in service else []
    environment = {
        **os.environ,
        "MORTISE_ENV": "\n".join(f"{key}={value}" for key, value in variables.items()),
        "MORTISE_MOUNTS": "\n".join(mounts),
    }
    bundled = pathlib.Path(__file__).with_name("bundle.py")
    subprocess.run([sys.executable, bundled, bundle, volume, *command], env=environment, check=True)


def substituted(text: str, values: dict) -> str:
    """`${NAME:-default}` and `${NAME:?error}`, as Compose replaces them."""

    def value(found: re.Match) -> str:
        name, operator, rest = found.groups()
        if name in values:
            return values[name]
        if operator == ":?":
            sys.exit(f"{name}: {rest}")
        return rest or ""

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


if __name__ == "__main__":
    folder, name, bundle, volume, hosts = sys.argv[1:]
    main(pathlib.Path(folder), name, bundle, volume, hosts)

"""Writes what an engine would into the configuration of an unpacked image: the command, the
volumes, and how it is locked in. The user, and the command where none is given, are the
image's.

usage: bundle.py BUNDLE DATA [COMMAND...]
       The environment MORTISE_ENV holds KEY=VALUE lines, MORTISE_MOUNTS lines FROM:TO.
"""

import json
import os
import pathlib
import sys


def main(bundle: pathlib.Path, data: str, command: list[str]) -> None:
    file = bundle / "config.json"
    spec = json.loads(file.read_text())
    process = spec["process"]
    if command:
        process["args"] = command
    process["terminal"] = False
    process["noNewPrivileges"] = True
    process["capabilities"] = {}
    process["env"] += lines("MORTISE_ENV")
    spec["root"]["readonly"] = True
    mounts = [f"{data}:/var/lib/mortise:rw", *(f"{mount}:ro" for mount in lines("MORTISE_MOUNTS"))]
    for mount in mounts:
        source, target, mode = mount.split(":")
        options = ["bind", mode, "nosuid", "nodev"]
        spec["mounts"].append({"destination": target, "type": "bind", "source": source, "options": options})
    tmp = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}
    spec["mounts"].append(tmp)
    # The network is that of the test.
    kept = ("mount", "pid", "ipc", "uts")
    spec["linux"]["namespaces"] = [{"type": kind} for kind in kept]
    spec["linux"].pop("resources", None)
    file.write_text(json.dumps(spec))


def lines(variable: str) -> list[str]:
    return [line for line in os.environ.get(variable, "").splitlines() if line]


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])

"""Prints the package.json of an npm package.

usage: npm_package.py platform VERSION ARCH
       npm_package.py main VERSION ARCH...
"""

import json
import sys

PROGRAMS = ("mortise-host", "mortise-adapter", "mortise-contract")


def common(name: str, version: str) -> dict:
    return {
        "name": name,
        "version": version,
        "description": "gRPC adapters that plug your storage into an Everruns agent runtime",
        "license": "Apache-2.0",
    }


def platform(version: str, arch: str) -> dict:
    """The programs of one architecture. npm installs it where `os` and `cpu` fit."""
    package = common(f"@mortise/linux-{arch}", version)
    return {**package, "os": ["linux"], "cpu": [arch], "files": ["bin"]}


def main(version: str, archs: list[str]) -> dict:
    """The commands, and the packages of the architectures."""
    return {
        **common("mortise", version),
        "bin": {name: f"bin/{name}.js" for name in PROGRAMS},
        "files": ["bin", "run.js"],
        "engines": {"node": ">=18"},
        "optionalDependencies": {f"@mortise/linux-{arch}": version for arch in archs},
    }


if __name__ == "__main__":
    kind, version, *archs = sys.argv[1:]
    package = platform(version, archs[0]) if kind == "platform" else main(version, archs)
    print(json.dumps(package, indent=2))

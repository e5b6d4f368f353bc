"""Runs the parts of test.sh, whose head says which."""

import argparse
import os
import random
import sys

import clients
import fuzz
from host import configured, running


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/api/test.sh")
    parser.add_argument("part", nargs="?", choices=["fuzz", "clients"])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--long", action="store_true")
    asked = parser.parse_args()
    program = os.path.abspath(os.environ["MORTISE_HOST"])
    failed = []
    if asked.part != "clients":
        with running(program) as url:
            if not fuzz.run(url, asked.seed, asked.long):
                failed.append(f"the API and its description differ: repeat with fuzz --seed {asked.seed}")
    if asked.part != "fuzz":
        with configured(program) as url:
            failed += clients.run(url)
    for problem in failed:
        print(f"api: {problem}", file=sys.stderr)
    return 1 if failed else 0


sys.exit(main())

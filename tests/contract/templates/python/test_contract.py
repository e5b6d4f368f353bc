"""Holds the adapter against the contract: each rule is a test."""

import sys
from pathlib import Path

from mortise_adapter.testing import Program, Subtests, judge

ADAPTER = Path(__file__).with_name("keyvalue.py")


def test_contract(subtests: Subtests) -> None:
    """The program keeps every rule of what it offers, also when it is killed."""
    with Program([sys.executable, str(ADAPTER)]) as program:
        judge(subtests, program.contract())

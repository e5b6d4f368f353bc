"""The example with values in an SQLite file."""

import sys
from pathlib import Path

from mortise_adapter.testing import Program, Subtests, judge

EXAMPLE = Path(__file__).parents[1] / "examples" / "keyvalue" / "keyvalue.py"


def test_contract(subtests: Subtests) -> None:
    """The example keeps every rule of values at level full, also when it is killed."""
    with Program([sys.executable, str(EXAMPLE)]) as program:
        judge(subtests, program.contract())

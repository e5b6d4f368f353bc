"""The example with values in an SQLite file, with leases in the same file."""

import runpy
from pathlib import Path

from mortise_adapter import Adapter, sqlite, v1

example = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "keyvalue" / "keyvalue.py"))
db = sqlite.Database("values.db", example["TABLE"])
values = example["Values"](db)
values.features = [v1.Feature.FEATURE_FENCED]
Adapter("leased", "1", values, sqlite.Leases(db), ping=db.ping, unavailable=[sqlite.unavailable]).main()

#!/usr/bin/env bash
# Prints the table of README.md: runs the tests of the kits and of their examples, and reads
# what the suite reports. table.sh FOLDER reads reports that are there. `record.sh`, which
# it makes in the folder, stands for the suite in MORTISE_CONTRACT and keeps its reports.
set -euo pipefail
cd "$(dirname "$0")"
if [ $# = 1 ]; then
  exec python3 table.py "$1"
fi
: "${MORTISE_CONTRACT:?names the suite; build mortise-contract}"
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
python3 table.py --record "$MORTISE_CONTRACT" "$reports"
MORTISE_CONTRACT=$reports/record.sh ./test.sh >&2
python3 table.py "$reports"

#!/usr/bin/env bash
# Holds the HTTP API of a host against its own description, and has clients that are
# generated from it run a turn. MORTISE_HOST names the program.
#
#   tests/api/test.sh                    both
#   tests/api/test.sh fuzz               schemathesis: what is promised, and what is refused
#   tests/api/test.sh fuzz --seed 7      the same calls again; each run prints its seed
#   tests/api/test.sh fuzz --long        some minutes
#   tests/api/test.sh clients            the programs of docs/clients
set -euo pipefail
cd "$(dirname "$0")"
: "${MORTISE_HOST:?names the program mortise-host}"
bin=$(./venv.sh)/bin
export PYTHONDONTWRITEBYTECODE=1
exec "$bin/python" run.py "$@"

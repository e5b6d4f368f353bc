#!/usr/bin/env bash
# The wheel, in an environment of Python.
. /test/first.sh
python3 -m venv /opt/venv
/opt/venv/bin/pip install --quiet --no-index --find-links /dist mortise
first_turn /opt/venv/bin
/opt/venv/bin/pip uninstall --quiet --yes mortise
[ ! -e /opt/venv/bin/mortise-host ] || die "the programs stayed"

#!/usr/bin/env bash
# units.sh ROOT DIST: boots a Debian with systemd, which runs units_inside.sh.
set -euo pipefail
cd "$(dirname "$0")"
MORTISE_OUT=$(mktemp -d)
export MORTISE_OUT
trap 'rm -rf "$MORTISE_OUT"' EXIT
code=0
timeout --kill-after=10 300 ./in_root.sh "$1" "$2" /bin/sh /test/boot.sh </dev/null >"$MORTISE_OUT/boot" 2>&1 || code=$?
if [ "$code" != 0 ]; then cat "$MORTISE_OUT/boot" >&2; fi
cat "$MORTISE_OUT/log" || true
exit "$code"

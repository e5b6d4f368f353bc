#!/usr/bin/env bash
# Prints the folder of a virtual environment with what requirements.lock states, which it
# makes outside of the clone if it is not there. MORTISE_CACHE names another place.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
stamp=$(sha256sum requirements.lock | cut -c1-16)
cache=${MORTISE_CACHE:-$HOME/.cache/mortise}
folder=$cache/api-$version-$stamp
mkdir -p "$cache"
exec 9>"$folder.lock"
flock 9
if [ ! -f "$folder/ready" ]; then
  rm -rf "$folder"
  "$python" -m venv "$folder" >&2
  "$folder/bin/python" -m pip install --quiet --requirement requirements.lock >&2
  touch "$folder/ready"
fi
echo "$folder"

#!/usr/bin/env bash
# Writes everything under the kits that comes from the .proto files: stubs and the
# generated half of each kit. With --check it writes nothing and fails if something
# differs.
set -euo pipefail
cd "$(dirname "$0")"
buf() { npx --yes --package @bufbuild/buf@1.75.0 -- buf "$@"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/kits"

(cd go && buf generate --output "$work/kits/go")
(cd typescript && buf generate --output "$work/kits/typescript")
(cd ../../proto && buf build --output "$work/contract.binpb")
python/stubs.sh "$work/kits/python/src/mortise_adapter/v1"
(cd generate && go run . -image "$work/contract.binpb" -out "$work/kits")
"$(python/venv.sh)/bin/ruff" format --quiet --config python/pyproject.toml \
  "$work/kits/python/src/mortise_adapter/stores.py" "$work/kits/python/src/mortise_adapter/fail/reasons.py"

# Prints what lies in the folders and under the names of generated files.
generated() {
  find go/adapterv1 python/src/mortise_adapter/v1 typescript/src/gen java/*/src/generated -type f ! -name '*.pyc'
  find go typescript/src -type f \( -name '*.gen.go' -o -name '*.gen.ts' \)
}

if [ "${1-}" != --check ]; then
  generated | tr '\n' '\0' | xargs -0 rm -f
  cp -r "$work/kits/." .
  exit
fi
stale=0
while read -r path; do
  cmp -s "$work/kits/$path" "$path" || { echo "kits: $path differs from the .proto files" >&2; stale=1; }
done < <(cd "$work/kits" && find . -type f)
# What the .proto files do not give any more, such as after a service was renamed.
while read -r path; do
  [ -f "$work/kits/$path" ] || { echo "kits: $path comes from no .proto file: delete it" >&2; stale=1; }
done < <(generated)
[ "$stale" = 0 ] || { echo "kits: run adapter-server/kits/generate.sh and commit" >&2; exit 1; }
echo "kits: generated files are up to date" >&2

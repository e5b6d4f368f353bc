#!/usr/bin/env bash
# Writes everything under the kits that comes from the .proto files: stubs and the
# generated half of each kit. `cargo xtask kits --check` runs it and compares.
set -euo pipefail
cd "$(dirname "$0")"
buf() { npx --yes --package @bufbuild/buf@1.75.0 -- buf "$@"; }

(cd go && buf generate)

image=$(mktemp --suffix=.binpb)
trap 'rm -f "$image"' EXIT
(cd ../../proto && buf build --output "$image")
(cd generate && go run . -image "$image" -out ..)

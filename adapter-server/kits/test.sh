#!/usr/bin/env bash
# Holds every kit and its examples against their tests. MORTISE_CONTRACT names the suite,
# MORTISE_POSTGRES a database; `cargo xtask test` sets both.
set -euo pipefail
cd "$(dirname "$0")"
for module in generate go go/examples/redis; do
  echo "== kits: $module"
  (
    cd "$module"
    unformatted=$(gofmt -l .)
    [ -z "$unformatted" ] || { echo "run gofmt -w on: $unformatted" >&2; exit 1; }
    go vet ./...
    go test ./...
  )
done

echo "== kits: python"
python/test.sh

echo "== kits: typescript"
(
  cd typescript
  for package in . examples/key-value examples/files; do
    (cd "$package" && npm ci --ignore-scripts --no-audit --no-fund --silent && rm -rf dist && npm run --silent build && npm test)
  done
)

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

echo "== kits: java"
(
  cd java
  cache="${MORTISE_CACHE:-$HOME/.cache/mortise}"
  maven=(mvn --batch-mode --no-transfer-progress --quiet -Dmaven.repo.local="$cache/maven")
  # The stubs take a minute to compile: their classes are kept, once a contract.
  stamp=$(cat pom.xml adapter-v1/pom.xml $(find adapter-v1/src ../../../proto/proto -type f | LC_ALL=C sort) | sha256sum | cut -c1-16)
  stubs="$cache/java-stubs/$stamp"
  if [ -d "$stubs" ]; then
    mkdir -p adapter-v1/target
    cp -a "$stubs/." adapter-v1/target/classes
    "${maven[@]}" -Dstubs.skip=true verify
  else
    "${maven[@]}" verify
    mkdir -p "$cache/java-stubs"
    made=$(mktemp -d "$cache/java-stubs/new.XXXXXX")
    cp -a adapter-v1/target/classes/. "$made"
    # Another run may have been first.
    mv -T "$made" "$stubs" 2>/dev/null || rm -rf "$made"
  fi
)

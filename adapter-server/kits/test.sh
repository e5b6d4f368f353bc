#!/usr/bin/env bash
# Holds every kit and its examples against their tests, and the projects that the suite
# writes, and runs turns across all of them. MORTISE_CONTRACT names the suite, MORTISE_HOST
# the host, MORTISE_ADAPTER the reference, MORTISE_POSTGRES a database; `cargo xtask test`
# sets all four.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Writes a project with the kit of this folder.
new() { "$MORTISE_CONTRACT" new --language "$1" --kit "$1" "$work/$1"; }

for module in generate bench go go/examples/keyvalue go/examples/redis; do
  echo "== kits: $module"
  (
    cd "$module"
    unformatted=$(gofmt -l .)
    [ -z "$unformatted" ] || { echo "run gofmt -w on: $unformatted" >&2; exit 1; }
    go vet ./...
    go test ./...
  )
done
new go
(cd "$work/go" && go mod tidy && go test ./...)

echo "== kits: python"
python/test.sh
new python
# The kit's own environment has what the project requires.
(cd "$work/python" && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$OLDPWD/python/src "$("$OLDPWD/python/venv.sh")/bin/python" -m pytest -q -p no:cacheprovider)

echo "== kits: typescript"
(
  cd typescript
  for package in . examples/key-value examples/files; do
    (cd "$package" && npm ci --ignore-scripts --no-audit --no-fund --silent && rm -rf dist && npm run --silent build && npm test)
  done
)

new typescript
(cd "$work/typescript" && npm install --ignore-scripts --no-audit --no-fund --silent && npm run --silent build && npm test)

# A server on the plain stubs, in a language that has no kit.
if command -v grpc_ruby_plugin >/dev/null && ruby -e 'require "grpc"; require "sqlite3"' 2>/dev/null; then
  echo "== kits: none, in ruby"
  ../../examples/ruby/test.sh
else
  echo "== kits: the server in Ruby is not tested: install ruby ruby-grpc ruby-sqlite3 protobuf-compiler protobuf-compiler-grpc" >&2
fi

echo "== kits: java"
(
  cd java
  cache="${MORTISE_CACHE:-$HOME/.cache/mortise}"
  maven() { mvn --batch-mode --no-transfer-progress --quiet -Dmaven.repo.local="${repository:-$cache/maven}" "$@"; }
  # The stubs take a minute to compile: their classes are kept, once a contract.
  stamp=$(cat pom.xml adapter-v1/pom.xml $(find adapter-v1/src ../../../proto/proto -type f | LC_ALL=C sort) | sha256sum | cut -c1-16)
  stubs="$cache/java-stubs/$stamp"
  if [ -d "$stubs" ]; then
    mkdir -p adapter-v1/target
    cp -a "$stubs/." adapter-v1/target/classes
    maven -Dstubs.skip=true verify
  else
    maven verify
    mkdir -p "$cache/java-stubs"
    made=$(mktemp -d "$cache/java-stubs/new.XXXXXX")
    cp -a adapter-v1/target/classes/. "$made"
    # Another run may have been first.
    mv -T "$made" "$stubs" 2>/dev/null || rm -rf "$made"
  fi
  # A repository of its own: what is installed there is this clone's.
  repository=$work/repository
  cp -a --reflink=auto "$cache/maven" "$repository"
  maven -Dstubs.skip=true -DskipTests -pl .,adapter-v1,kit,kittest install
  cd .. && new java && cd "$work/java"
  maven verify
)

echo "== kits: turns across five languages"
(
  (cd go/examples/keyvalue && go build -o "$work/values" .)
  bin=$(python/venv.sh)/bin
  ruff() { "$bin/ruff" "$@" --no-cache --quiet --config python/pyproject.toml turns bench; }
  ruff format --check && ruff check
  cd turns
  MORTISE_GO_VALUES=$work/values PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=../python/src:../python/examples/postgres "$bin/python" -m pytest
)

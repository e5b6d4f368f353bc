#!/usr/bin/env bash
# Holds the server against the contract suite, which MORTISE_CONTRACT names. It needs Ruby
# with gRPC and SQLite (Debian: ruby ruby-grpc ruby-sqlite3 protobuf-compiler
# protobuf-compiler-grpc).
set -euo pipefail
cd "$(dirname "$0")"
: "${MORTISE_CONTRACT:?names the suite; build mortise-contract}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./stubs.sh "$work/stubs"
"$MORTISE_CONTRACT" "$@" -- ruby -I "$work/stubs" server.rb --database "$work/values.db"

#!/usr/bin/env bash
# Writes the Python stubs of the contract, with their types, to the folder that is named.
set -euo pipefail
out=$1
cd "$(dirname "$0")"
bin=$(./venv.sh)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin/python" -m grpc_tools.protoc -I ../../../proto/proto \
  --plugin=protoc-gen-mypy="$bin/protoc-gen-mypy" --plugin=protoc-gen-mypy_grpc="$bin/protoc-gen-mypy_grpc" \
  --python_out="$work" --grpc_python_out="$work" --mypy_out="quiet:$work" --mypy_grpc_out="quiet:$work" \
  ../../../proto/proto/mortise/adapter/v1/*.proto
mkdir -p "$out"
for path in "$work"/mortise/adapter/v1/*; do
  name=$(basename "$path")
  # A file without a service has no client.
  case $name in *_pb2_grpc.py*) grep -q '^class .*Stub' "$path" || continue ;; esac
  # The stubs are part of the kit's package: they must not claim a package `mortise`.
  sed -e 's/from mortise\.adapter\.v1 import/from mortise_adapter.v1 import/' "$path" >"$out/$name"
done

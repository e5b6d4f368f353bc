#!/bin/sh
# Makes Ruby stubs of the contract: stubs.sh DIR. It needs protoc and its plugin for gRPC in
# Ruby (Debian: protobuf-compiler, protobuf-compiler-grpc).
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../../proto/proto"
v1=mortise/adapter/v1
protoc --proto_path=. --proto_path=/usr/include --ruby_out="$out" --grpc_out="$out" \
  --plugin=protoc-gen-grpc="$(command -v grpc_ruby_plugin)" \
  $v1/adapter.proto $v1/session_storage_store.proto $v1/context.proto $v1/options.proto \
  google/protobuf/descriptor.proto

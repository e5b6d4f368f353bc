#!/usr/bin/env bash
# Measures the kits. MORTISE_ADAPTER names the Rust reference; the kits in TypeScript and Java
# must be built (test.sh beside this folder builds them). Arguments go to the bench: --calls, --rounds.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bench" .
go build -o "$work/go-server" ./server
java_path=$(printf '%s:' ../java/examples/jdbc/target/lib/*.jar)
javac -d "$work/java" -cp "$java_path" Server.java
java=(java -cp "$work/java:$java_path" Server)
python="env PYTHONPATH=../python/src $(../python/venv.sh)/bin/python server.py"
"$work/bench" "$@" \
  "Go=$work/go-server|$work/go-server -bare" \
  "Python=$python|$python --bare" \
  "TypeScript=node server.mjs|node server.mjs --bare" \
  "Java=${java[*]}|${java[*]} --bare" \
  "Rust reference on SQLite=$MORTISE_ADAPTER --listen {address} --database sqlite:$work/rest.db"

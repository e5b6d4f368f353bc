#!/usr/bin/env bash
# Writes api.py, the types of the API, from a host's openapi.json: generate.sh FILE FOLDER
set -euo pipefail
datamodel-codegen --input "$1" --input-file-type openapi --output "$2/api.py" \
  --output-model-type pydantic_v2.BaseModel --target-python-version 3.11 \
  --use-annotated --enum-field-as-literal all --use-union-operator --use-standard-collections \
  --formatters builtin

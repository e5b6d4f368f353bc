#!/usr/bin/env bash
# Holds the kit and its examples against their tests. MORTISE_CONTRACT names the suite.
set -euo pipefail
cd "$(dirname "$0")"
bin=$(./venv.sh)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1 MYPY_CACHE_DIR=$work/mypy RUFF_CACHE_DIR=$work/ruff

"$bin/ruff" format --check --quiet . || { echo "run: $bin/ruff format $PWD" >&2; exit 1; }
"$bin/ruff" check --quiet .
"$bin/python" -m mypy

# What is published can be installed, and says that it is typed.
cp -r pyproject.toml README.md src "$work"
"$bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/wheel" "$work"
"$bin/python" -m pip install --quiet --no-deps --target "$work/installed" "$work"/wheel/*.whl
(cd "$work" && PYTHONPATH=$work/installed "$bin/python" -c 'import mortise_adapter, importlib.resources as r
assert mortise_adapter.__file__.startswith("'"$work"'"), mortise_adapter.__file__
assert r.files("mortise_adapter").joinpath("py.typed").is_file()')

"$bin/python" -m pytest

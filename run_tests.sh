#!/usr/bin/env bash
# Runs all tests. Installs what it needs and does not find, at fixed versions: the test runner by cargo, and a Python
# environment with the official SDKs (in `.venv`).
set -euo pipefail
cd "$(dirname "$0")"

NEXTEST=0.9.143
cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked --version "$NEXTEST"

REQUIREMENTS=crates/baton/tests/sdk/requirements.txt
if ! cmp -s "$REQUIREMENTS" .venv/installed.txt; then
  python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$REQUIREMENTS"
  cp "$REQUIREMENTS" .venv/installed.txt
fi
export BATON_TEST_PYTHON="$PWD/.venv/bin/python"

# Unit, integration and end-to-end tests; the layers and the generated documents are among them.
cargo nextest run --workspace --all-features --no-fail-fast "$@"

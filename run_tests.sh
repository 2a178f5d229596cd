#!/usr/bin/env bash
# Runs all tests. Installs what it needs and does not find: the test runner, by cargo, at a fixed version.
set -euo pipefail
cd "$(dirname "$0")"

NEXTEST=0.9.143
cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked --version "$NEXTEST"

# Unit, integration and end-to-end tests, the layers and the generated documents among them.
cargo nextest run --workspace --all-features --no-fail-fast "$@"

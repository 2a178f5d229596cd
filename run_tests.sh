#!/usr/bin/env bash
# Runs all tests. Installs what it needs and does not find, at fixed versions: the test runner by cargo, a Python
# environment with the official SDKs and tools (in `.venv`), the SDKs for JavaScript (in `target/sdk`; Node itself, 20 or
# newer, must be there), the agents (in `target/agents`, 1.1 GB), and Debian's PostgreSQL, Redis and NATS. Servers that answer on the standard ports are used as
# they are (each test takes a database or a prefix of its own there); others are started for this run and stopped with it.
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

PACKAGES_OF_NODE=crates/baton/tests/sdk/js
if ! cmp -s "$PACKAGES_OF_NODE/package-lock.json" target/sdk/package-lock.json; then
  mkdir -p target/sdk
  cp "$PACKAGES_OF_NODE"/package*.json target/sdk/
  npm ci --prefix target/sdk --ignore-scripts --no-audit --no-fund --silent || { rm target/sdk/package-lock.json; exit 1; }
fi
export BATON_TEST_NODE="$PWD/target/sdk"

AGENTS=crates/baton/tests/agents
if ! cmp -s "$AGENTS/package-lock.json" target/agents/package-lock.json; then
  mkdir -p target/agents
  cp "$AGENTS"/package*.json target/agents/
  # Their scripts would copy the programs, 400 MB more; the tests start them where they are.
  npm ci --prefix target/agents --ignore-scripts --no-audit --no-fund --silent || { rm target/agents/package-lock.json; exit 1; }
fi
export BATON_TEST_AGENTS="$PWD/target/agents"

PACKAGES=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] || PACKAGES+=(postgresql)
command -v redis-server >/dev/null || PACKAGES+=(redis-server)
[ -x /usr/sbin/nats-server ] || command -v nats-server >/dev/null || PACKAGES+=(nats-server)
if [ ${#PACKAGES[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi
  $SUDO apt-get install -y --no-install-recommends "${PACKAGES[@]}" >/dev/null
fi

SERVERS=$(mktemp -d)
PIDS=()
stop_servers() {
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait "${PIDS[@]}" 2>/dev/null || true
  rm -rf "$SERVERS"
}
trap stop_servers EXIT
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
started() { for _ in $(seq 300); do answers "$1" && return; sleep 0.1; done; echo "$2 does not answer on port $1" >&2; exit 1; }

if ! psql -X -q -h 127.0.0.1 -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1; then
  BIN=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
  AS=()
  if [ "$(id -u)" = 0 ]; then # It refuses to run as root.
    AS=(setpriv --reuid=postgres --regid=postgres --init-groups --)
    chmod 755 "$SERVERS" && mkdir "$SERVERS/postgres" && chown postgres "$SERVERS/postgres"
  fi
  "${AS[@]}" "$BIN/initdb" -D "$SERVERS/postgres/data" --username=postgres --auth=trust --no-sync >/dev/null
  "${AS[@]}" "$BIN/postgres" -D "$SERVERS/postgres/data" -p 15432 -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c max_connections=300 >"$SERVERS/postgres.log" 2>&1 &
  PIDS+=($!)
  started 15432 PostgreSQL
  export BATON_TEST_POSTGRES=postgresql://postgres@127.0.0.1:15432
fi
if ! answers 6379; then
  redis-server --bind 127.0.0.1 --port 16379 --save "" --appendonly no --dir "$SERVERS" >/dev/null &
  PIDS+=($!)
  started 16379 Redis
  export BATON_TEST_REDIS=redis://127.0.0.1:16379
fi
if ! answers 4222; then
  PATH=$PATH:/usr/sbin nats-server -a 127.0.0.1 -p 14222 -js -sd "$SERVERS/nats" >/dev/null 2>&1 &
  PIDS+=($!)
  started 14222 NATS
  export BATON_TEST_NATS=nats://127.0.0.1:14222
fi

# Unit, integration and end-to-end tests; the layers and the generated documents are among them.
cargo nextest run --workspace --all-features --no-fail-fast "$@"

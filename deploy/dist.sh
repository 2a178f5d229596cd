#!/usr/bin/env bash
# Builds the program that containers and packages ship, `baton`, and its debug information, `baton.debug`, beside it.
#
#   deploy/dist.sh [TARGET]        # TARGET as rustc names it; by default this machine's
#
# Prints where the program is. Debuggers, profilers and the backtraces of a panic find the debug information by itself
# if both files lie in one folder.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-}
cargo build --locked --profile dist --package baton --bin baton ${target:+--target "$target"}
folder=${CARGO_TARGET_DIR:-target}/${target:+$target/}dist

# Binutils of one architecture don't read programs of another: a cross compiler brings its own.
prefix=
if [ -n "$target" ] && command -v "${target/-unknown/}-objcopy" >/dev/null; then prefix=${target/-unknown/}-; fi

# Not left to the compiler (`strip`): with its debug information split off it can't be found again by what is left.
# What Cargo built stays as it is, so that the next call has nothing to build; what is shipped has a folder of its own.
ship=$folder/ship
mkdir -p "$ship"
"${prefix}objcopy" --only-keep-debug "$folder/baton" "$ship/baton.debug"
"${prefix}objcopy" --strip-all --add-gnu-debuglink="$ship/baton.debug" "$folder/baton" "$ship/baton"
ls -l "$ship" >&2
echo "$ship/baton"

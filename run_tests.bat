@echo off
rem Runs all tests. Installs what it needs and does not find: the test runner, by cargo, at a fixed version.
cd /d "%~dp0"
cargo nextest --version >nul 2>&1 || cargo install cargo-nextest --locked --version 0.9.143 || exit /b 1
cargo nextest run --workspace --all-features --no-fail-fast %*

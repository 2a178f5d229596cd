@echo off
rem Runs all tests. Installs what it needs and does not find, at fixed versions: the test runner by cargo, and a Python
rem environment with the official SDKs (in .venv).
cd /d "%~dp0"
cargo nextest --version >nul 2>&1 || cargo install cargo-nextest --locked --version 0.9.143 || exit /b 1
set REQUIREMENTS=crates\baton\tests\sdk\requirements.txt
fc /b %REQUIREMENTS% .venv\installed.txt >nul 2>&1
if errorlevel 1 (
  python -m venv .venv || exit /b 1
  .venv\Scripts\python -m pip install --quiet --disable-pip-version-check -r %REQUIREMENTS% || exit /b 1
  copy /y %REQUIREMENTS% .venv\installed.txt >nul
)
set BATON_TEST_PYTHON=%CD%\.venv\Scripts\python.exe
cargo nextest run --workspace --all-features --no-fail-fast %*

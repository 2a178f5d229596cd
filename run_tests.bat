@echo off
rem Runs all tests. Installs what it needs and does not find, at fixed versions: the test runner by cargo, and a Python
rem environment with the official SDKs (in .venv), and those for JavaScript (in target\sdk; Node itself must be there).
cd /d "%~dp0"
cargo nextest --version >nul 2>&1 || cargo install cargo-nextest --locked --version 0.9.143 || exit /b 1
set REQUIREMENTS=crates\baton\tests\sdk\requirements.txt
fc /b %REQUIREMENTS% .venv\installed.txt >nul 2>&1
if errorlevel 1 (
  python -m venv .venv || exit /b 1
  .venv\Scripts\python -m pip install --quiet --disable-pip-version-check -r %REQUIREMENTS% || exit /b 1
  copy /y %REQUIREMENTS% .venv\installed.txt >nul
)
set LOCK=crates\baton\tests\sdk\js\package-lock.json
fc /b %LOCK% target\sdk\package-lock.json >nul 2>&1
if errorlevel 1 (
  if not exist target\sdk mkdir target\sdk
  copy /y crates\baton\tests\sdk\js\package*.json target\sdk >nul
  call npm ci --prefix target\sdk --ignore-scripts --no-audit --no-fund --silent || (del target\sdk\package-lock.json & exit /b 1)
)
set BATON_TEST_NODE=%CD%\target\sdk
set BATON_TEST_PYTHON=%CD%\.venv\Scripts\python.exe
cargo nextest run --workspace --all-features --no-fail-fast %*

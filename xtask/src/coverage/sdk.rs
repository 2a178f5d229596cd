//! The names that the types of the SDKs have, as `wire_names.py` lists them.

use super::root::ROOT;
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names of each format.
///
/// # Errors
/// If there is no Python with the SDKs.
pub fn names() -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let script = Path::new(ROOT).join("crates/baton/tests/sdk/python/wire_names.py");
    let python = python();
    let output = Command::new(&python).arg(script).output().with_context(|| {
        format!("{}: ./run_tests.sh makes a Python with the SDKs, and BATON_TEST_PYTHON may name one", python.display())
    })?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("what wire_names.py prints")
}

fn python() -> PathBuf {
    std::env::var_os("BATON_TEST_PYTHON").map_or_else(|| Path::new(ROOT).join(".venv/bin/python"), PathBuf::from)
}

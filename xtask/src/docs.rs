//! The documents that are generated from the code. The binary prints each, but for the formats', which needs no binary;
//! here they are put in their places.

use anyhow::{Context, bail};
use std::process::Command;

/// A command of the binary, and the file that holds what it prints.
const DOCUMENTS: [(&[&str], &str); 4] = [
    (&["openapi"], "openapi.json"),
    (&["docs", "configuration"], "docs/configuration.md"),
    (&["docs", "limits"], "docs/limits.md"),
    (&["docs", "metrics"], "docs/metrics.md"),
];

/// Writes them all.
///
/// # Errors
/// If the binary can't be built, or a file not be written.
pub fn run() -> anyhow::Result<()> {
    let formats = baton_dialect::fidelity::document::dialects();
    std::fs::write("docs/dialects.md", formats).context("writing docs/dialects.md")?;
    for (arguments, file) in DOCUMENTS {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "baton", "--"])
            .args(arguments)
            .output()
            .context("the binary")?;
        if !output.status.success() {
            bail!("baton {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        std::fs::write(file, &output.stdout).with_context(|| format!("writing {file}"))?;
    }
    Ok(())
}

//! The documents that are generated from the code. The binary prints each, but for the formats', which needs no binary;
//! here they are put in their places.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of the binary, and the file that holds what it prints.
const DOCUMENTS: [(&[&str], &str); 4] = [
    (&["openapi"], "openapi.json"),
    (&["docs", "configuration"], "docs/configuration.md"),
    (&["docs", "limits"], "docs/limits.md"),
    (&["docs", "metrics"], "docs/metrics.md"),
];

/// The marks around the table of limits in a document that is otherwise written by hand.
const LIMITS: (&str, &str) = ("<!-- The limits, made by `cargo xtask docs`. -->", "<!-- The end of the limits. -->");

/// Writes them all.
///
/// # Errors
/// If the binary can't be built, or a file not be written.
pub fn run() -> anyhow::Result<()> {
    let binary = binary()?;
    let printed = |arguments: &[&str]| printed(&binary, arguments);
    // The formats first, then the vendors, which only the binary knows.
    let formats = baton_dialect::fidelity::document::dialects();
    let formats = format!("{formats}\n{}", printed(&["docs", "vendors"])?.trim_end());
    std::fs::write("docs/dialects.md", format!("{formats}\n")).context("writing docs/dialects.md")?;
    for (arguments, file) in DOCUMENTS {
        std::fs::write(file, printed(arguments)?).with_context(|| format!("writing {file}"))?;
    }
    put_limits("docs/security.md", &printed(&["docs", "setting-limits"])?)
}

/// Builds the binary and says where it is. It is asked and not linked: this tool would otherwise be built anew with every
/// change of Baton.
fn binary() -> anyhow::Result<PathBuf> {
    // As the tests build it, tests included: with other features, half of the dependencies would be built anew.
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--all-features", "--all-targets"])
        .status()
        .context("building the binary")?;
    if !built.success() {
        bail!("the binary could not be built");
    }
    let own = std::env::current_exe().context("where this tool is")?;
    Ok(own.with_file_name("baton"))
}

/// What a command of the binary prints.
fn printed(binary: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary).args(arguments).output().context("the binary")?;
    if !output.status.success() {
        bail!("baton {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Puts the table of limits between its marks.
fn put_limits(file: &str, table: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let (begin, end) = LIMITS;
    // Without its marks the document stays as it is: a table in the wrong place would not be noticed.
    let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.with_context(|| format!("{file} has no `{begin}` … `{end}`"))?;
    let text = format!("{before}{begin}\n\n{}\n\n{end}{after}", table.trim_end());
    std::fs::write(file, text).with_context(|| format!("writing {file}"))
}

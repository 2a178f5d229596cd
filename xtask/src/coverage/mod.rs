//! What the codecs make of every name that the official SDKs' types know, compared with those types: an update of an
//! SDK shows what is new. The declarations are `crates/dialect/coverage/*.txt`.

mod claims;
mod declaration;
mod root;
mod sdk;

use anyhow::{Context, bail};
use clap::Subcommand;
use declaration::{Class, Declaration};
use root::ROOT;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Checks of the formats.
#[derive(Subcommand)]
pub enum Dialects {
    /// Compares what the codecs declare with the types of the SDKs that the tests use
    Coverage,
}

impl Dialects {
    /// Does it.
    ///
    /// # Errors
    /// Lists every name that is declared wrongly, or not at all.
    pub fn run(self) -> anyhow::Result<()> {
        let faults = check()?;
        if !faults.is_empty() {
            bail!("{}\nCONTRIBUTING.md says what to do (\"When an SDK knows more\")", faults.join("\n"));
        }
        Ok(())
    }
}

/// Everything that is wrong; prints how many names each format has in each class.
fn check() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (format, known) in sdk::names()? {
        let declaration = read(&format)?;
        for class in Class::ALL {
            println!("{format:10} {:8} {:5}", class.word(), declaration.count(class));
        }
        faults.extend(compare(&format, &known, &declaration.names));
        faults.extend(claims::faults(&format, &declaration)?);
    }
    Ok(faults)
}

fn read(format: &str) -> anyhow::Result<Declaration> {
    let file = file(format);
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    Declaration::read(&text).with_context(|| format!("in crates/dialect/coverage/{format}.txt"))
}

fn file(format: &str) -> PathBuf {
    Path::new(ROOT).join(format!("crates/dialect/coverage/{format}.txt"))
}

/// Names that one side has and the other has not.
fn compare(format: &str, known: &BTreeSet<String>, declared: &BTreeMap<String, Class>) -> Vec<String> {
    let new = known.iter().filter(|name| !declared.contains_key(*name));
    let gone = declared.keys().filter(|name| !known.contains(*name));
    let new = new.map(|name| format!("{format}: the SDK has `{name}`, which is not declared"));
    new.chain(gone.map(|name| format!("{format}: `{name}` is declared, but the SDK has it no more"))).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_sdks_is_declared() {
        assert_eq!(check().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_new_and_what_is_gone_is_found() {
        let known = BTreeSet::from(["request.a".to_owned(), "request.new".to_owned()]);
        let declared = Declaration::read("mapped\n    request .a .gone\n").unwrap();
        assert_eq!(
            compare("f", &known, &declared.names),
            [
                "f: the SDK has `request.new`, which is not declared",
                "f: `request.gone` is declared, but the SDK has it no more",
            ]
        );
    }
}

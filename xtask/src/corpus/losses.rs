//! What was lost, counted by what it is.

use anyhow::bail;
use std::collections::BTreeMap;

/// Losses by kind, and how much was checked.
#[derive(Default)]
pub struct Losses {
    checked: BTreeMap<String, usize>,
    kinds: BTreeMap<String, Vec<String>>,
}

impl Losses {
    /// One more thing of that kind was looked at.
    pub fn checked(&mut self, kind: impl Into<String>) {
        *self.checked.entry(kind.into()).or_default() += 1;
    }

    /// Something is lost: of what kind, and which.
    pub fn add(&mut self, kind: impl Into<String>, id: &str, what: &str) {
        let shown: String = what.chars().take(300).collect();
        self.kinds.entry(kind.into()).or_default().push(format!("{id} {shown}"));
    }

    /// Prints all of it.
    ///
    /// # Errors
    /// If anything was lost.
    pub fn report(self, examples: usize) -> anyhow::Result<()> {
        for (kind, count) in &self.checked {
            println!("{count:6} {kind}");
        }
        for (kind, all) in &self.kinds {
            println!("{:6} LOST {kind}", all.len());
            for example in all.iter().take(examples) {
                println!("            {example}");
            }
        }
        let total: usize = self.kinds.values().map(Vec::len).sum();
        if total > 0 {
            bail!("{total} losses");
        }
        Ok(())
    }
}

//! What valgrind's callgrind has counted.

use anyhow::{Context, bail, ensure};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// The instructions of a dump.
pub struct Counts {
    total: u64,
    /// By function, with what it calls.
    inclusive: HashMap<String, u64>,
}

impl Counts {
    /// Reads the dump in a folder, which goes away: each is a file with that prefix and the next number.
    ///
    /// # Errors
    /// If there is none.
    pub fn take(folder: &Path, prefix: &str) -> anyhow::Result<Self> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // The file without a number is written when the process ends.
            if name.strip_prefix(prefix).is_some_and(|number| !number.is_empty()) {
                let text = std::fs::read_to_string(&path)?;
                std::fs::remove_file(&path)?;
                return Self::read(&text);
            }
        }
        bail!("valgrind wrote no counts")
    }

    /// Reads the text of a dump.
    ///
    /// Functions are numbered where they are named first: `fn=(7) name`, later `fn=(7)`. The lines below have places and counts. The
    /// line below `calls=` counts what was called, with all that it called.
    fn read(text: &str) -> anyhow::Result<Self> {
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut counts: HashMap<&str, u64> = HashMap::new();
        let (mut function, mut total) = (None, None);
        for line in text.lines() {
            if let Some(called) = line.strip_prefix("cfn=") {
                note_name(&mut names, called);
            } else if let Some(begun) = line.strip_prefix("fn=") {
                function = note_name(&mut names, begun);
            } else if let Some(sum) = line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")) {
                total.get_or_insert(sum.trim().parse().context("a total")?);
            } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
                && let (Some(function), Some((_, count))) = (function, line.split_once(' '))
            {
                *counts.entry(function).or_default() += count.parse::<u64>().context("a count")?;
            }
        }
        let mut inclusive: HashMap<String, u64> = HashMap::new();
        for (number, count) in counts {
            let name = *names.get(number).context("a function without a name")?;
            *inclusive.entry(name.to_owned()).or_default() += count;
        }
        Ok(Self { total: total.context("no total")?, inclusive })
    }

    /// All instructions.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Those of a function with what it calls. It must not call itself.
    ///
    /// # Errors
    /// If nothing of that name ran; the error names what is called similarly.
    pub fn inclusive(&self, function: &str) -> anyhow::Result<u64> {
        let of =
            |name: &&String| name.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with("::h"));
        let counts: Vec<u64> = self.inclusive.iter().filter(|(name, _)| of(name)).map(|(_, count)| *count).collect();
        let module = function.rsplit_once("::").map_or(function, |(module, _)| module);
        let like: BTreeSet<&String> = self.inclusive.keys().filter(|name| name.contains(module)).collect();
        ensure!(!counts.is_empty(), "no function `{function}` was counted; there are {like:?}");
        Ok(counts.iter().sum())
    }
}

/// The number of a function, whose name is noted if it stands there.
fn note_name<'t>(names: &mut HashMap<&'t str, &'t str>, function: &'t str) -> Option<&'t str> {
    let (number, name) = function.split_once(' ').unwrap_or((function, ""));
    if !name.is_empty() {
        names.insert(number, name);
    }
    Some(number)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_with_what_it_calls() {
        let dump = "events: Ir\nsummary: 70\n\nfn=(1) serve\n10 5\n+2 6\ncfn=(2) parse\ncalls=3 7\n* 40\n\nfn=(2)\n7 40\n\n\
                    fn=(3) tick\n-1 19\n\ntotals: 70\n";
        let counts = Counts::read(dump).unwrap();
        assert_eq!(counts.total(), 70);
        assert_eq!(counts.inclusive("serve").unwrap(), 51);
        assert_eq!(counts.inclusive("parse").unwrap(), 40);
        assert!(counts.inclusive("pars").is_err());
    }
}

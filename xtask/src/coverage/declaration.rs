//! What is declared of a format's names.
//!
//! A file has groups. A group's first line has the class of its names and, behind a colon, what holds for all of them;
//! its other lines are indented and have a path and what stands below it: `request.thinking [adaptive] .display =high`.
//! Lines that begin with `#` are comments.

use anyhow::{Context, bail};
use std::collections::BTreeMap;

/// What the codecs make of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Read into the canonical vocabulary, or written from it.
    Mapped,
    /// Goes to a provider of the same format, and is named as dropped for others.
    Kept,
    /// Usage, which the meter counts.
    Counted,
    /// Left alone, for the reason that its group gives.
    Ignored,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mapped, Self::Kept, Self::Counted, Self::Ignored];

    /// The word for it in the files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Kept => "kept",
            Self::Counted => "counted",
            Self::Ignored => "ignored",
        }
    }
}

/// One format's.
pub struct Declaration {
    /// The class of each name.
    pub names: BTreeMap<String, Class>,
}

impl Declaration {
    /// Reads a file.
    ///
    /// # Errors
    /// If a line has another form, a name is there twice, or names are ignored without a reason.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let mut names = BTreeMap::new();
        let mut class = None;
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let read =
                || -> anyhow::Result<_> { if line.starts_with(' ') { Ok(None) } else { read_heading(line).map(Some) } };
            if let Some(heading) = read().with_context(|| format!("line {number}"))? {
                class = Some(heading);
                continue;
            }
            let class = class.with_context(|| format!("line {number}: a name without a group"))?;
            let mut words = line.split_whitespace();
            let path = words.next().unwrap_or_default();
            for below in words {
                if !below.starts_with(['.', '[', '=']) {
                    bail!("line {number}: `{below}` must begin with `.`, `[` or `=`");
                }
                if names.insert(format!("{path}{below}"), class).is_some() {
                    bail!("line {number}: `{path}{below}` is declared twice");
                }
            }
        }
        Ok(Self { names })
    }

    /// How many names are of a class.
    pub fn count(&self, class: Class) -> usize {
        self.of(class).count()
    }

    /// The names of a class.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &str> {
        self.names.iter().filter(move |(_, of)| **of == class).map(|(name, _)| name.as_str())
    }
}

fn read_heading(line: &str) -> anyhow::Result<Class> {
    let (word, reason) = line.split_once(':').unwrap_or((line, ""));
    let class = Class::ALL.into_iter().find(|class| class.word() == word.trim());
    let class = class.with_context(|| format!("`{word}` is not mapped, kept, counted or ignored"))?;
    if class == Class::Ignored && reason.trim().is_empty() {
        bail!("names are ignored for a reason");
    }
    Ok(class)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn groups_give_their_names_a_class() {
        let text = "# A comment.\nmapped\n    request .a =b\n\nignored: nobody asks\n    request.a [c]\n";
        let declaration = Declaration::read(text).unwrap();
        let names: Vec<_> = declaration.names.iter().map(|(name, class)| (name.as_str(), *class)).collect();
        assert_eq!(
            names,
            [("request.a", Class::Mapped), ("request.a[c]", Class::Ignored), ("request=b", Class::Mapped)]
        );
        assert_eq!(declaration.count(Class::Ignored), 1);
    }

    #[test]
    fn what_can_not_be_read_is_refused() {
        for (text, problem) in [
            ("    request .a\n", "line 1: a name without a group"),
            ("said\n", "line 1"),
            ("ignored\n", "line 1"),
            ("mapped\n    request a\n", "line 2: `a` must begin with `.`, `[` or `=`"),
            ("mapped\n    request .a .a\n", "line 2: `request.a` is declared twice"),
        ] {
            assert_eq!(Declaration::read(text).err().unwrap().to_string(), problem, "{text}");
        }
    }
}

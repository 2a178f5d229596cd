//! Strongly connected files: each set of files of which every one leads to every other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One file uses something that another defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    /// The file that uses it, from the crate's `src`.
    pub(super) from: String,
    /// The file that defines it.
    pub(super) to: String,
    /// What is used, as it is written.
    pub(super) item: String,
}

/// Files that lead to each other.
#[derive(Debug)]
pub(super) struct Circle {
    /// In alphabetical order.
    pub(super) files: Vec<String>,
    /// The arrows between them.
    arrows: Vec<Arrow>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a circle of {} files", self.files.len())?;
        for Arrow { from, to, item } in &self.arrows {
            write!(f, "\n  {from} -> {to} ({item})")?;
        }
        Ok(())
    }
}

/// The circles, in alphabetical order of their first file.
pub(super) fn circles(arrows: &[Arrow]) -> Vec<Circle> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        next.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    // A crate has a few hundred files, so the closure is simpler than Tarjan's algorithm and quick enough.
    let reach: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|from| (*from, reachable(from, &next))).collect();
    let reaches = |from: &str, to: &str| reach.get(from).is_some_and(|files| files.contains(to));
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for file in next.keys().copied() {
        if !reaches(file, file) || !seen.insert(file) {
            continue;
        }
        let files: BTreeSet<&str> =
            next.keys().copied().filter(|other| reaches(file, other) && reaches(other, file)).collect();
        seen.extend(&files);
        let inside = |arrow: &&Arrow| files.contains(arrow.from.as_str()) && files.contains(arrow.to.as_str());
        let inner: BTreeSet<Arrow> = arrows.iter().filter(inside).cloned().collect();
        circles.push(Circle {
            files: files.into_iter().map(str::to_owned).collect(),
            arrows: inner.into_iter().collect(),
        });
    }
    circles
}

/// The files to which a file leads, itself among them only if it leads back.
fn reachable<'a>(from: &str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}

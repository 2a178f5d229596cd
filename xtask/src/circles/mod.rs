//! Import circles between the files of one crate: `a.rs` uses something of `b.rs`, and `b.rs` of `a.rs`.
//!
//! The compiler allows them; a reader has to know both files to understand either. What counts as an arrow:
//!
//! - a path in code, or a private `use`, from the file it stands in to the file that *defines* the item;
//! - a re-export (`pub use`, `pub(crate) use` and the like) is no arrow by itself. Whoever uses the re-exported name has
//!   an arrow to the file that defines it, not to the file that re-exports it. So `mod.rs` may list its children and the
//!   children may use each other through `super::`, as long as `mod.rs` does not define what a child uses *and* use
//!   that child;
//! - `mod child;` is no arrow, nor is a `use` of a whole module: the paths that begin with its name are;
//! - tests are left out: items under `#[cfg(test)]`, and the files that belong to them.
//!
//! Paths inside of macros are read from their tokens. What only a macro of another crate writes is not seen.

mod graph;
mod modules;
mod paths;
mod resolve;

use anyhow::{Context, bail};
use graph::Arrow;
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that still have circles. To shrink to nothing.
const NOT_YET: [&str; 0] = [];

/// Arrows that may close a circle: crate, from, to, and why. At most [`MOST_ALLOWED`].
const ALLOWED: &[(&str, &str, &str, &str)] = &[];

/// How many arrows may be allowed. A longer list would be a second code base to know.
const MOST_ALLOWED: usize = 5;
const _: () = assert!(ALLOWED.len() <= MOST_ALLOWED, "too many arrows are allowed");

/// Checks every crate but those of [`NOT_YET`], and prints how many circles those have.
///
/// # Errors
/// Lists the circles.
pub fn run() -> anyhow::Result<()> {
    let root = root();
    for name in NOT_YET {
        let circles = circles(&root.join("crates").join(name))?;
        let files: usize = circles.iter().map(|circle| circle.files.len()).sum();
        println!("{name}: {} circles of {files} files, not checked yet", circles.len());
    }
    let faults = faults(&root)?;
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The circles of every crate that must have none, and lists that are longer than they need be.
fn faults(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for folder in folders(root)? {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let circles = circles(&folder)?;
        if !NOT_YET.contains(&name.as_str()) {
            faults.extend(circles.iter().map(|circle| format!("{name}: {circle}")));
        // So that the list only gets shorter: a crate that is clean can't become a circle again unseen.
        } else if circles.is_empty() {
            faults.push(format!("{name} has no circles any more: take it off `NOT_YET` in xtask/src/circles/mod.rs"));
        }
    }
    Ok(faults)
}

/// Every crate of the workspace.
fn folders(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = vec![root.join("xtask")];
    for entry in fs::read_dir(root.join("crates")).context("the folder of the crates")? {
        folders.push(entry?.path());
    }
    folders.retain(|folder| folder.join("Cargo.toml").exists());
    folders.sort();
    Ok(folders)
}

/// The circles of one crate, without the arrows that are allowed.
fn circles(folder: &Path) -> anyhow::Result<Vec<graph::Circle>> {
    let mut arrows = arrows(folder)?;
    let name = folder.file_name().unwrap_or_default();
    arrows.retain(|arrow| {
        !ALLOWED.iter().any(|(krate, from, to, _)| name == *krate && arrow.from == *from && arrow.to == *to)
    });
    Ok(graph::circles(&arrows))
}

/// The arrows between the files of one crate.
fn arrows(folder: &Path) -> anyhow::Result<Vec<Arrow>> {
    let source = folder.join("src");
    let mut arrows = Vec::new();
    // A library and a program of one package are two crates, and share files only by mistake.
    for entry in ["lib.rs", "main.rs"].map(|name| source.join(name)).into_iter().filter(|path| path.exists()) {
        let tree = modules::read(&source, &entry)?;
        arrows.extend(resolve::arrows(&tree));
    }
    Ok(arrows)
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn no_crate_has_circles() {
        assert_eq!(faults(&root()).expect("every file is Rust"), Vec::<String>::new());
    }

    /// The arrows of a crate whose files are given as (path, text).
    fn check(name: &str, files: &[(&str, &str)], expected: &[&str]) {
        let folder = std::env::temp_dir().join(format!("baton-circles-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = folder.join("src").join(path);
            fs::create_dir_all(path.parent().expect("inside `src`")).expect("a folder is made");
            fs::write(path, text).expect("a file is written");
        }
        let arrows = arrows(&folder).expect("every file is Rust");
        fs::remove_dir_all(&folder).expect("the folder is removed");
        let circles: Vec<_> = graph::circles(&arrows).iter().map(|circle| circle.files.join(" ")).collect();
        assert_eq!(circles, expected, "{name}: {arrows:?}");
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b; pub fn one() { b::two() }"),
            ("b.rs", "pub fn two() { super::a::one() }"),
        ];
        check("pair", &files, &["a.rs b.rs"]);
    }

    #[test]
    fn a_re_export_leads_to_the_file_that_defines_the_item() {
        let files = [
            ("lib.rs", "pub mod shapes;"),
            ("shapes/mod.rs", "mod circle; mod round; pub use circle::Circle; pub(crate) use round::Round;"),
            ("shapes/circle.rs", "use super::Round; pub struct Circle(Round);"),
            ("shapes/round.rs", "pub struct Round;"),
        ];
        check("re-export", &files, &[]);
    }

    #[test]
    fn a_child_that_uses_what_its_user_defines_is_a_circle() {
        let files = [
            ("lib.rs", "pub mod shapes;"),
            ("shapes/mod.rs", "mod circle; pub struct Round; pub fn area() { circle::area() }"),
            ("shapes/circle.rs", "pub fn area() { let _ = super::Round; }"),
        ];
        check("child", &files, &["shapes/circle.rs shapes/mod.rs"]);
    }

    #[test]
    fn macros_and_re_exported_names_are_looked_into() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::one; pub struct Top; fn all() { one() }"),
            ("a.rs", "use crate::b::two; pub fn one() { assert!(two(), \"{}\", crate::b::Two); }"),
            ("b.rs", "pub struct Two; pub fn two() -> bool { matches!(crate::Top, _) }"),
        ];
        check("macros", &files, &["a.rs b.rs lib.rs"]);
    }

    #[test]
    fn tests_do_not_count() {
        let files = [
            ("lib.rs", "mod a; mod b; #[cfg(test)] mod tests;"),
            ("a.rs", "pub fn one() {} #[cfg(test)] mod tests { use crate::b::two; }"),
            ("b.rs", "pub fn two() { crate::a::one() }"),
            // A file of tests is not even read.
            ("tests.rs", "this is no Rust"),
        ];
        check("tests", &files, &[]);
    }
}

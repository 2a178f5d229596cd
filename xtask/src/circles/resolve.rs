//! Which file defines what a path names.

use super::graph::Arrow;
use super::modules::{Id, Module, Tree};

/// What a path leads to inside of the crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A module.
    Module(Id),
    /// An item that this module defines, or something that belongs to it: a variant, an associated function.
    Item(Id),
}

/// How many re-exports are followed; a path that needs more names itself.
const MOST_STEPS: u8 = 16;

/// The arrows between files.
pub(super) fn arrows(tree: &Tree) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (id, module) in tree.modules.iter().enumerate() {
        let imports = module.imports.iter().filter(|import| !import.is_re_export).map(|import| &import.path);
        for path in imports.chain(&module.paths) {
            let Some(Found::Item(defined)) = resolve(tree, id, path, MOST_STEPS) else { continue };
            let Some(to) = tree.modules.get(defined).map(|module| &module.file) else { continue };
            if *to != module.file {
                arrows.push(Arrow { from: module.file.clone(), to: to.clone(), item: path.join("::") });
            }
        }
    }
    arrows
}

/// What a path names in a module; `None` of what other crates define.
fn resolve(tree: &Tree, from: Id, path: &[String], steps: u8) -> Option<Found> {
    let (first, mut rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => 0,
        "self" => from,
        "super" => tree.modules.get(from)?.parent?,
        // A name of this module. For one of another crate, nothing is found.
        _ => return look_up(tree, from, path, steps),
    };
    while let Some((_, after)) = rest.split_first().filter(|(next, _)| *next == "super") {
        at = tree.modules.get(at)?.parent?;
        rest = after;
    }
    if rest.is_empty() { Some(Found::Module(at)) } else { look_up(tree, at, rest, steps) }
}

/// What the names of a path lead to, each inside of the one before.
fn look_up(tree: &Tree, at: Id, path: &[String], steps: u8) -> Option<Found> {
    // Re-exports may lead in a circle themselves.
    let steps = steps.checked_sub(1)?;
    let (name, rest) = path.split_first()?;
    let module: &Module = tree.modules.get(at)?;
    let child = module.children.get(name).map(|child| Found::Module(*child));
    let own = module.items.contains(name).then_some(Found::Item(at));
    let named = || module.imports.iter().filter(|import| import.name.as_ref() == Some(name));
    let imported = || named().filter_map(|import| resolve(tree, at, &import.path, steps));
    let globs = || module.imports.iter().filter(|import| import.name.is_none());
    let from_globs = || {
        globs().filter_map(|import| match resolve(tree, at, &import.path, steps)? {
            Found::Module(id) if id != at => look_up(tree, id, std::slice::from_ref(name), steps),
            _ => None,
        })
    };
    // A module and a function may have one name; a path that goes on means the module.
    let found: Vec<Found> = child.into_iter().chain(own).chain(imported()).chain(from_globs()).collect();
    let wants_module = !rest.is_empty();
    let fits = |found: &&Found| matches!(found, Found::Module(_)) == wants_module;
    match *found.iter().find(fits).or(found.first())? {
        Found::Module(id) if wants_module => look_up(tree, id, rest, steps),
        found => Some(found),
    }
}

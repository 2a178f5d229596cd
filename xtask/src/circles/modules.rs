//! The modules of a crate: what each defines, imports and uses, read from its files.

use super::paths::{self, Import};
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Item};

/// A module of a [`Tree`], by its place there.
pub(super) type Id = usize;

/// A crate's modules; the first is its root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
}

/// One module: a file, or a `mod name { … }` inside of one.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The file that holds it, from the crate's `src`.
    pub(super) file: String,
    pub(super) parent: Option<Id>,
    pub(super) children: BTreeMap<String, Id>,
    /// The names that it defines itself.
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// The paths in its code.
    pub(super) paths: BTreeSet<Vec<String>>,
}

/// Reads a crate from its root file on.
///
/// # Errors
/// If a file is missing, or is not Rust.
pub(super) fn read(source: &Path, entry: &Path) -> anyhow::Result<Tree> {
    let mut reader = Reader { source, tree: Tree::default() };
    let folder = entry.parent().unwrap_or(source);
    reader.file(entry, folder, None)?;
    Ok(reader.tree)
}

struct Reader<'a> {
    source: &'a Path,
    tree: Tree,
}

impl Reader<'_> {
    /// Reads a file as a module whose own children lie in `folder`.
    fn file(&mut self, path: &Path, folder: &Path, parent: Option<Id>) -> anyhow::Result<Id> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let file = path.strip_prefix(self.source).unwrap_or(path).to_string_lossy().replace('\\', "/");
        self.module(file, parsed.items, folder, parent)
    }

    fn module(&mut self, file: String, items: Vec<Item>, folder: &Path, parent: Option<Id>) -> anyhow::Result<Id> {
        let id = self.tree.modules.len();
        // Before its children are read: they take their places behind it, and name it as their parent.
        self.tree.modules.push(Module { file: file.clone(), parent, ..Module::default() });
        for item in items {
            if paths::is_test(paths::attributes(&item)) {
                continue;
            }
            let Item::Mod(module) = item else {
                let Some(own) = self.tree.modules.get_mut(id) else { bail!("a module that is not there") };
                own.items.extend(name(&item));
                paths::collect(&item, &mut own.imports, &mut own.paths);
                continue;
            };
            let name = module.ident.to_string();
            let child = match module.content {
                // A module inside of a file is of the same file: arrows between the two are none.
                Some((_, items)) => self.module(file.clone(), items, &folder.join(&name), Some(id))?,
                None => {
                    let (path, inner) = place(folder, &name, &module.attrs)?;
                    self.file(&path, &inner, Some(id))?
                }
            };
            if let Some(own) = self.tree.modules.get_mut(id) {
                own.children.insert(name, child);
            }
        }
        Ok(id)
    }
}

/// Where the file of a module is, and the folder of its children.
fn place(folder: &Path, name: &str, attributes: &[Attribute]) -> anyhow::Result<(PathBuf, PathBuf)> {
    if attributes.iter().any(|attribute| attribute.path().is_ident("path")) {
        // Guessing would leave out a file without a word, and with it its arrows.
        bail!("`#[path]` of `mod {name}` in {} is not understood", folder.display());
    }
    let inner = folder.join(name);
    let beside = folder.join(format!("{name}.rs"));
    let path = if beside.exists() { beside } else { inner.join("mod.rs") };
    Ok((path, inner))
}

/// The name that an item defines in its module.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

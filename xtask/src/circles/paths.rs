//! The imports of an item, and the paths in its code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Path, TraitItem, UseTree, Visibility};

/// One name that a `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The name; `None` of a `*`.
    pub(super) name: Option<String>,
    /// What it stands for.
    pub(super) path: Vec<String>,
    /// Whether it is visible outside of the module, and so a re-export.
    pub(super) is_re_export: bool,
}

/// Adds what an item imports and uses. Tests within it are left out.
pub(super) fn collect(item: &Item, imports: &mut Vec<Import>, paths: &mut BTreeSet<Vec<String>>) {
    Collector { imports, paths }.visit_item(item);
}

/// Whether an item is there for tests alone.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

struct Collector<'a> {
    imports: &'a mut Vec<Import>,
    paths: &'a mut BTreeSet<Vec<String>>,
}

impl Visit<'_> for Collector<'_> {
    fn visit_item(&mut self, item: &Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &TraitItem) {
        if !matches!(item, TraitItem::Fn(function) if is_test(&function.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        // `::name` is a crate and never a file of this one.
        if item.leading_colon.is_none() {
            let is_re_export = !matches!(item.vis, Visibility::Inherited);
            flatten(&item.tree, &mut Vec::new(), is_re_export, self.imports);
        }
    }

    /// `pub(in crate::openai)` uses nothing.
    fn visit_visibility(&mut self, _visibility: &Visibility) {}

    /// Attributes name what their macros know.
    fn visit_attribute(&mut self, _attribute: &Attribute) {}

    fn visit_path(&mut self, path: &Path) {
        if path.leading_colon.is_none() {
            self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &Macro) {
        visit::visit_macro(self, invocation);
        // A macro's tokens are no syntax tree: `assert!(a::b(), …)` holds paths that nothing else would see.
        tokens(invocation.tokens.clone(), self.paths);
    }
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, is_re_export: bool, imports: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, is_re_export, imports);
            before.pop();
        }
        // `use a::{self}` brings in `a`.
        UseTree::Name(name) if name.ident == "self" => {
            imports.push(Import { name: before.last().cloned(), path: before.clone(), is_re_export });
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let path = before.iter().cloned().chain([name.clone()]).collect();
            imports.push(Import { name: Some(name), path, is_re_export });
        }
        UseTree::Rename(rename) => {
            let mut path = before.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            imports.push(Import { name: Some(rename.rename.to_string()), path, is_re_export });
        }
        UseTree::Glob(_) => imports.push(Import { name: None, path: before.clone(), is_re_export }),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, is_re_export, imports);
            }
        }
    }
}

/// Adds the paths among tokens. A single name counts if it looks like a type or is called: others are variables, as a
/// rule.
fn tokens(stream: TokenStream, paths: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in stream {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    finish(&mut path, false, paths);
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Group(group) => {
                finish(&mut path, group.delimiter() == Delimiter::Parenthesis, paths);
                colons = 0;
                tokens(group.stream(), paths);
            }
            _ => {
                finish(&mut path, false, paths);
                colons = 0;
            }
        }
    }
    finish(&mut path, false, paths);
}

fn finish(path: &mut Vec<String>, is_called: bool, paths: &mut BTreeSet<Vec<String>>) {
    let path = std::mem::take(path);
    let looks_like_type = path.first().is_some_and(|name| name.starts_with(char::is_uppercase));
    if path.len() > 1 || (path.len() == 1 && (is_called || looks_like_type)) {
        paths.insert(path);
    }
}

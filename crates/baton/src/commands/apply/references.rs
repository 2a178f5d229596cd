//! Names of other things: whether they lead somewhere when a plan is carried out.

use super::file::{Declarations, Problems};
use super::kinds::{ALL, Kind, Reference};
use super::registered::Origin;
use super::step::{Action, Plan, ServerState};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Checks the names in a file, and those of what stays that name something which goes.
pub fn check(declarations: &Declarations, state: &ServerState, plan: &mut Plan, problems: &mut Problems) {
    for kind in &ALL {
        for reference in kind.references {
            let Some(left) = remaining_names(declarations, state, plan, reference.kind) else { continue };
            for entry in declarations.kinds.get(kind.name).into_iter().flatten() {
                // What it names already may have been removed since: that must not keep its other fields from being changed.
                let before = state.registered.get(kind.name).into_iter().flatten();
                let before = before.filter(|thing| thing.identity == entry.identity);
                let before: Vec<&str> =
                    before.flat_map(|thing| thing.fields.get(reference.field)).flat_map(names).collect();
                for name in missing_names(&entry.fields, reference, &left).filter(|name| !before.contains(name)) {
                    let problem = format!("{}: {} names `{name}`, which is not there", entry.place, reference.field);
                    match reference.required {
                        true => problems.push(problem),
                        false => plan.notes.push(format!("warning: {problem}")),
                    }
                }
            }
            if reference.required {
                check_remaining(kind, reference, declarations, state, plan, &left, problems);
            }
        }
    }
}

/// The names that a value says: one, or a list.
pub fn names(value: &Value) -> impl Iterator<Item = &str> {
    let (one, several) = match value {
        Value::Array(several) => (None, several.as_slice()),
        one => (one.as_str(), &[][..]),
    };
    one.into_iter().chain(several.iter().filter_map(Value::as_str))
}

/// A name as it is looked up: the API finds providers in any case.
fn fold_name(kind: &str, name: &str) -> String {
    if kind == "providers" { name.to_lowercase() } else { name.to_owned() }
}

/// What there will be of a kind; `None`: it is not known what there is.
fn remaining_names(
    declarations: &Declarations,
    state: &ServerState,
    plan: &Plan,
    kind: &str,
) -> Option<BTreeSet<String>> {
    let registered = state.registered.get(kind)?;
    let gone = removed_ids(plan, kind);
    let stays = registered.iter().filter(|thing| !gone.contains(thing.id.as_str())).map(|thing| thing.id.as_str());
    let said = declarations.kinds.get(kind).into_iter().flatten().map(|entry| entry.name.as_str());
    Some(stays.chain(said).map(|name| fold_name(kind, name)).collect())
}

fn removed_ids<'p>(plan: &'p Plan, kind: &str) -> BTreeSet<&'p str> {
    let of_kind = plan.steps.iter().filter(|step| step.kind.name == kind);
    of_kind
        .filter_map(|step| match &step.action {
            Action::Delete { id } => Some(id.as_str()),
            Action::Create | Action::Change { .. } => None,
        })
        .collect()
}

/// The names in a field that lead nowhere.
fn missing_names<'f>(
    fields: &'f Map<String, Value>,
    reference: &'f Reference,
    left: &'f BTreeSet<String>,
) -> impl Iterator<Item = &'f str> {
    let said = fields.get(reference.field).into_iter().flat_map(names);
    said.filter(|name| !left.contains(&fold_name(reference.kind, name)))
}

/// Notes what stays and names something that goes: the server would refuse to remove that one, in the middle.
fn check_remaining(
    kind: &Kind,
    reference: &Reference,
    declarations: &Declarations,
    state: &ServerState,
    plan: &Plan,
    left: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let (gone, target) = (removed_ids(plan, reference.kind), reference.kind.trim_end_matches('s'));
    let gone_too = removed_ids(plan, kind.name);
    for thing in state.registered.get(kind.name).into_iter().flatten() {
        let entry =
            declarations.kinds.get(kind.name).into_iter().flatten().find(|entry| entry.identity == thing.identity);
        // A field that the file gives was checked; what was discovered goes with its provider.
        if gone_too.contains(thing.id.as_str())
            || thing.origin == Origin::Discovered
            || entry.is_some_and(|entry| entry.fields.contains_key(reference.field))
        {
            continue;
        }
        for name in missing_names(&thing.fields, reference, left).filter(|name| gone.contains(name)) {
            problems.push(format!(
                "{target} `{name}` is not in the file and would be removed, but {} `{}` names it ({})",
                kind.noun, thing.name, reference.field
            ));
        }
    }
}

//! What is to be done so that what is registered becomes what a file says: everything that can be known before the first
//! change is made is decided and checked here.

use super::diff::{FieldChange, compare};
use super::file::{Declarations, Entry, Problems};
use super::kinds::{ALL, Kind};
use super::references;
use super::registered::{Origin, RegisteredThing};
use super::schema::KindFields;
use super::step::{Action, Plan, ServerState, Step, Wishes};
use baton_engine::names::nearest_name;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The kinds of which has to be known what is registered: those of the file, and those that they name or are named by.
pub fn needed_kinds(declarations: &Declarations) -> BTreeSet<&'static str> {
    let mentioned: BTreeSet<&str> = declarations.kinds.keys().copied().collect();
    let mut needed: BTreeSet<&'static str> = declarations.kinds.keys().copied().collect();
    for kind in &ALL {
        for reference in kind.references {
            if mentioned.contains(kind.name) {
                needed.insert(reference.kind);
            }
            // What names something that may be removed.
            if reference.required && mentioned.contains(reference.kind) {
                needed.insert(kind.name);
            }
        }
    }
    needed
}

impl Plan {
    /// The plan for a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as that can be told before anything is changed.
    pub fn new(declarations: &Declarations, state: &ServerState, wishes: Wishes) -> Result<Self, Problems> {
        let (mut plan, mut problems, mut deletions) = (Self::default(), Problems::new(), Vec::new());
        for kind in &ALL {
            let Some(entries) = declarations.kinds.get(kind.name) else { continue };
            let Some(fields) = state.fields.of(kind) else {
                problems.push(format!("this Baton has no {}: its version is another one", kind.name));
                continue;
            };
            let registered = state.registered.get(kind.name).map(Vec::as_slice).unwrap_or_default();
            let mut made = Vec::new();
            for entry in entries {
                match plan.step(kind, fields, entry, registered, wishes) {
                    Ok(Some(step)) if step.action == Action::Create => made.push(step),
                    Ok(step) => plan.steps.extend(step),
                    Err(found) => problems.extend(found),
                }
            }
            // Those that are made come first: one that is changed may name one of them.
            let changed = plan.steps.iter().position(|step| std::ptr::eq(step.kind, kind)).unwrap_or(plan.steps.len());
            plan.steps.splice(changed..changed, in_order(kind, made, registered));
            if wishes.prune {
                deletions.extend(plan.surplus(kind, entries, registered, state.own_key.as_deref()));
            }
        }
        plan.steps.extend(deletions.into_iter().rev());
        references::check(declarations, state, &mut plan, &mut problems);
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// What is to be done for an entry; nothing if all is as it says.
    fn step(
        &mut self,
        kind: &'static Kind,
        known: &KindFields,
        entry: &Entry,
        registered: &[RegisteredThing],
        wishes: Wishes,
    ) -> Result<Option<Step>, Problems> {
        let problems: Problems = entry.fields.keys().filter_map(|field| unknown_field(known, entry, field)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut fields = entry.fields.clone();
        (kind.rewrite)(&mut fields);
        let mut found = registered.iter().filter(|thing| thing.identity == entry.identity);
        let Some(before) = found.next() else { return Ok(Some(creation(kind, entry, fields))) };
        if let Some(second) = found.next() {
            let (noun, name, ids) = (kind.noun, &entry.name, format!("{}, {}", before.id, second.id));
            return Err(vec![format!(
                "{}: there are several {noun}s `{name}` ({ids}), so that it can't be told which one is meant; rename or \
                 remove one",
                entry.place
            )]);
        }
        let changes = compare(kind, &fields, before, wishes.resend);
        if let Origin::ReadOnly(place) = &before.origin {
            if changes.is_empty() {
                self.notes.push(format!("{} `{}` is passed over: it stands in {place}", kind.noun, entry.name));
                return Ok(None);
            }
            let problem = |change: &FieldChange| {
                let FieldChange { field, before, after } = change;
                format!("{}: {field} is {before} and not {after} in {place}; change it there", entry.place)
            };
            return Err(changes.iter().map(problem).collect());
        }
        let fixed = changes.iter().filter(|change| known.is_fixed(&change.field));
        let problems: Problems = fixed
            .map(|FieldChange { field, before, after }| {
                let noun = kind.noun;
                format!("{}: {field} stays as it was made ({before}, not {after}); make another {noun}", entry.place)
            })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        if changes.is_empty() {
            self.unchanged += 1;
            return Ok(None);
        }
        fields.retain(|field, _| changes.iter().any(|change| change.field == *field));
        Ok(Some(Step {
            kind,
            name: entry.name.clone(),
            place: Some(entry.place.clone()),
            action: Action::Change { id: before.id.clone() },
            changes,
            body: fields,
            later: Map::new(),
        }))
    }

    /// What is registered over the API and not in the file.
    fn surplus(
        &mut self,
        kind: &'static Kind,
        entries: &[Entry],
        registered: &[RegisteredThing],
        own_key: Option<&str>,
    ) -> Vec<Step> {
        let is_surplus = |thing: &&RegisteredThing| {
            thing.origin == Origin::Api && !entries.iter().any(|entry| entry.identity == thing.identity)
        };
        let mut steps = Vec::new();
        for thing in registered.iter().filter(is_surplus) {
            // The calls after it would be refused, and nobody might be left who can make another.
            if kind.name == "keys" && own_key == Some(&thing.id) {
                self.notes
                    .push(format!("key `{}` is not in the file and stays: it is the one that is used now", thing.name));
                continue;
            }
            steps.push(Step {
                kind,
                name: thing.name.clone(),
                place: None,
                action: Action::Delete { id: thing.id.clone() },
                changes: Vec::new(),
                body: Map::new(),
                later: Map::new(),
            });
        }
        steps
    }

    /// How many steps there are of an action.
    pub fn count(&self, action: &str) -> usize {
        self.steps.iter().filter(|step| step.action.name() == action).count()
    }
}

fn unknown_field(known: &KindFields, entry: &Entry, field: &str) -> Option<String> {
    if known.has(field) {
        return None;
    }
    let hint = match nearest_name(field, known.all()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known fields: {}", known.all().collect::<Vec<_>>().join(", ")),
    };
    Some(format!("{}: unknown field `{field}`; {hint}", entry.place))
}

fn creation(kind: &'static Kind, entry: &Entry, mut fields: Map<String, Value>) -> Step {
    // Null says as little as nothing at all; some fields of the API take none.
    fields.retain(|_, value| !value.is_null());
    let change = |(field, value): (&String, &Value)| FieldChange {
        field: field.clone(),
        before: Value::Null,
        after: kind.mask(field, value),
    };
    Step {
        kind,
        name: entry.name.clone(),
        place: Some(entry.place.clone()),
        action: Action::Create,
        changes: fields.iter().map(change).collect(),
        body: fields,
        later: Map::new(),
    }
}

/// The things that are made, each after those of its kind that it names. Two that name each other are first made without
/// that field.
fn in_order(kind: &Kind, mut waiting: Vec<Step>, registered: &[RegisteredThing]) -> Vec<Step> {
    let field = kind.references.iter().find(|reference| reference.kind == kind.name).map(|reference| reference.field);
    let Some(field) = field else { return waiting };
    let mut there: BTreeSet<String> = registered.iter().map(|thing| thing.id.clone()).collect();
    let is_ready = |step: &Step, there: &BTreeSet<String>| {
        // What is neither there nor made is refused elsewhere.
        step.body.get(field).is_none_or(|names| references::names(names).all(|name| there.contains(name)))
    };
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|step| is_ready(step, &there));
        let mut step = waiting.remove(ready.unwrap_or(0));
        if ready.is_none()
            && let Some(names) = step.body.shift_remove(field)
        {
            step.later.insert(field.to_owned(), names);
        }
        there.insert(step.name.clone());
        ordered.push(step);
    }
    ordered
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::commands::apply::file::{FileFormat, read};
    use crate::commands::apply::kinds::lookup;
    use crate::commands::apply::registered::thing;
    use crate::commands::apply::schema::BodyFields;
    use crate::config::Environment;
    use serde_json::json;

    const PRUNE: Wishes = Wishes { prune: true, resend: false };

    /// A server that has these things.
    fn state(things: &Value) -> ServerState {
        let fields = BodyFields::of_description(&serde_json::to_value(crate::surface::description()).unwrap());
        let mut state = ServerState { fields, ..ServerState::default() };
        for (kind, items) in things.as_object().unwrap() {
            let kind = lookup(kind).unwrap();
            let items = items.as_array().unwrap().iter().filter_map(|item| thing(kind, item.clone()));
            state.registered.insert(kind.name, items.collect());
        }
        state
    }

    fn plan(file: &Value, state: &ServerState, wishes: Wishes) -> Result<Plan, Problems> {
        Plan::new(&read("f", &file.to_string(), FileFormat::Json, &Environment::of([])).unwrap(), state, wishes)
    }

    fn steps(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(|step| format!("{} {}", step.action.name(), step.name)).collect()
    }

    #[test]
    fn things_are_made_after_what_they_name_and_removed_before() {
        let file = json!({
            "keys": [{ "name": "k", "project_id": "p" }],
            "models": [
                { "model_id": "a", "provider": "v", "fallbacks": ["b"] },
                { "model_id": "b", "provider": "v", "fallbacks": ["c"] },
                { "model_id": "c", "provider": "v", "fallbacks": ["b"] },
                { "model_id": "d", "provider": "v" },
            ],
            "projects": [{ "id": "p" }],
            "providers": [{ "name": "v", "kind": "openai" }],
        });
        let provider = json!({ "name": "old", "source": "api", "registration": { "kind": "openai" } });
        let models = json!([{ "model_id": "e", "provider": "old", "source": "api", "fallbacks": ["f"] },
            { "model_id": "f", "provider": "old", "source": "api", "fallbacks": ["e"] }]);
        let state = state(&json!({ "providers": [provider], "models": models, "projects": [], "keys": [] }));
        let plan = plan(&file, &state, PRUNE).unwrap_or_else(|problems| unreachable!("{problems:?}"));
        let expected = [
            "create v",
            "create d",
            "create a",
            "create b",
            "create c",
            "create p",
            "create p/k",
            "delete f",
            "delete e",
            "delete old",
        ];
        assert_eq!(steps(&plan), expected);
        // `b` and `c` wait for each other, and `a` for them: what it names is said when all are there.
        let late: Vec<_> = plan.steps.iter().filter(|step| !step.later.is_empty()).map(|step| &*step.name).collect();
        assert_eq!(late, ["a", "b"]);
    }

    #[test]
    fn what_is_nobodys_to_remove_stays() {
        let models = json!([
            { "model_id": "api", "provider": "v", "source": "api" },
            { "model_id": "found", "provider": "v", "source": "discovered" },
            { "model_id": "fixed", "provider": "v", "source": "config" },
        ]);
        let keys = json!([{ "id": "key_1", "name": "mine" }, { "id": "key_2", "name": "other" },
            { "id": "key_3", "name": "gone", "revoked_at": "2026-01-01T00:00:00Z" }]);
        let users = json!([{ "id": "ada", "registered": true }, { "id": "ben", "registered": false }]);
        let mut state = state(&json!({ "models": models, "keys": keys, "users": users }));
        state.own_key = Some("key_1".to_owned());
        let plan = plan(&json!({ "models": [], "keys": [], "users": [] }), &state, PRUNE);
        let plan = plan.unwrap_or_else(|problems| unreachable!("{problems:?}"));
        assert_eq!(steps(&plan), ["delete other", "delete ada", "delete api"]);
        assert!(plan.notes[0].contains("it is the one that is used now"), "{:?}", plan.notes);
    }

    #[test]
    fn names_that_lead_nowhere_are_problems_only_if_they_are_new() {
        let model = json!({ "model_id": "a", "provider": "v", "source": "api", "fallbacks": ["gone"] });
        let provider = json!({ "name": "v", "source": "config" });
        let state = state(&json!({ "models": [model], "providers": [provider], "projects": [], "keys": [] }));
        let of = |fallbacks: Value| json!({ "models": [{ "model_id": "a", "provider": "V", "fallbacks": fallbacks, "status": "INACTIVE" }] });
        assert_eq!(plan(&of(json!(["gone"])), &state, PRUNE).map(|plan| plan.steps.len()), Ok(1));
        let problems = plan(&of(json!(["gone", "new"])), &state, PRUNE).err().unwrap();
        assert_eq!(problems, ["f: models[0] (`a`): fallbacks names `new`, which is not there"]);
        // The API lets a key name what comes later.
        let key = plan(&json!({ "keys": [{ "name": "k", "project_id": "p" }] }), &state, PRUNE);
        let key = key.unwrap_or_else(|problems| unreachable!("{problems:?}"));
        assert_eq!(key.notes, ["warning: f: keys[0] (`p/k`): project_id names `p`, which is not there"]);
    }

    #[test]
    fn a_price_for_a_token_is_a_price() {
        let model =
            json!({ "model_id": "a", "provider": "v", "source": "api", "price": { "input": 0.5, "output": 0.5 } });
        let state = state(&json!({ "models": [model], "providers": [{ "name": "v", "source": "config" }] }));
        for (cost, changed) in [(json!(0.0000005), 0), (json!("0.0000005"), 0), (json!(0.000001), 1)] {
            let file = json!({ "models": [{ "model_id": "a", "cost_per_token": cost }] });
            assert_eq!(plan(&file, &state, PRUNE).map(|plan| plan.steps.len()), Ok(changed), "{file}");
        }
    }

    #[test]
    fn a_server_without_a_kind_is_told() {
        let problems = plan(&json!({ "users": [{ "id": "ada" }] }), &ServerState::default(), PRUNE).err().unwrap();
        assert_eq!(problems, ["this Baton has no users: its version is another one"]);
    }
}

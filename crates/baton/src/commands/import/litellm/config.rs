//! `config.yaml`: the models with their providers, and settings for all of them.

use super::deployment::{Deployment, Globals, ProviderPool};
use super::fields::Fields;
use super::tables::{period, without_equivalent};
use crate::commands::import::result::ImportResult;
use baton_model::bounds::FALLBACKS;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Names of groups of deployments that are tried for another.
type Fallbacks = Vec<(String, Vec<String>)>;

/// Reads a configuration.
pub fn read(config: Value, imported: &mut ImportResult) {
    let mut top = Fields::of("the configuration", config, imported);
    let mut settings = ["router_settings", "litellm_settings", "general_settings"]
        .map(|name| Fields::of(name, top.take(name).unwrap_or_default(), imported));
    if let Some(Value::Object(variables)) = top.take("environment_variables") {
        for name in variables.keys() {
            imported.note("environment_variables", &format!("set `{name}` where Baton runs, if it needs it"));
        }
    }
    let globals = Globals { credentials: credentials(&mut top, imported), ..globals(&mut settings, imported) };
    let mut pool = ProviderPool::default();
    let mut deployments = Vec::new();
    for (index, item) in top.list("model_list").into_iter().enumerate() {
        deployments.extend(Deployment::read(index, item, &globals, &mut pool, imported));
    }
    let fallbacks = fallbacks(&mut settings, imported);
    let aliases = aliases(&mut settings, imported);
    for fields in pool.providers() {
        imported.add("providers", fields);
    }
    models(deployments, &fallbacks, &aliases, imported);
    if let [_, litellm, _] = &mut settings
        && let Some(amount) = litellm.dollars("max_budget", imported)
    {
        whole_budget(amount, litellm, imported);
    }
    for fields in settings {
        fields.finish(imported);
    }
    top.finish(imported);
}

/// Settings that each provider gets.
fn globals(settings: &mut [Fields; 3], imported: &mut ImportResult) -> Globals {
    let mut globals = Globals::default();
    for fields in settings {
        // The router's stand first, and are what LiteLLM goes by.
        for name in ["num_retries", "max_retries"] {
            let given = fields.count(name, imported);
            globals.retries = globals.retries.or(given);
        }
        for name in ["timeout", "request_timeout"] {
            let given = fields.take(name);
            globals.timeout = globals.timeout.take().or(given);
        }
    }
    globals
}

/// Credentials that deployments refer to by a name.
fn credentials(top: &mut Fields, imported: &mut ImportResult) -> BTreeMap<String, Map<String, Value>> {
    let mut credentials = BTreeMap::new();
    for (index, item) in top.list("credential_list").into_iter().enumerate() {
        let mut fields = Fields::of(format!("credential_list[{index}]"), item, imported);
        let name = fields.text("credential_name", imported);
        let values = fields.take("credential_values");
        fields.pass_over(|name| name == "credential_info");
        if let (Some(name), Some(Value::Object(values))) = (name, values) {
            credentials.insert(name, values);
        }
        fields.finish(imported);
    }
    credentials
}

/// Which groups are tried when one fails.
fn fallbacks(settings: &mut [Fields; 3], imported: &mut ImportResult) -> Fallbacks {
    let mut fallbacks = Fallbacks::new();
    for fields in settings {
        for item in fields.list("fallbacks") {
            let Value::Object(groups) = item else {
                imported.note(&fields.place, "`fallbacks` has an entry that is no object, which was passed over");
                continue;
            };
            for (group, names) in groups {
                let mut said =
                    Fields::of(format!("{}: fallbacks of `{group}`", fields.place), json!({ "to": names }), imported);
                fallbacks.push((group, said.texts("to", imported)));
            }
        }
        let for_all = fields.texts("default_fallbacks", imported);
        if !for_all.is_empty() {
            // Behind those of the group itself.
            fallbacks.push(("*".to_owned(), for_all));
        }
    }
    fallbacks
}

/// Other names of groups.
fn aliases(settings: &mut [Fields; 3], imported: &mut ImportResult) -> Vec<(String, String)> {
    let [router, _, _] = settings;
    let Some(Value::Object(given)) = router.take("model_group_alias") else { return Vec::new() };
    let mut aliases = Vec::new();
    for (alias, group) in given {
        let place = format!("router_settings: the alias `{alias}`");
        match group {
            Value::String(group) => aliases.push((alias, group)),
            Value::Object(_) => {
                let mut fields = Fields::of(place, group, imported);
                aliases.extend(fields.text("model", imported).map(|group| (alias, group)));
                fields.finish(imported);
            }
            _ => imported.note(&place, "names no group, and was passed over"),
        }
    }
    aliases
}

/// The models: of each group the first deployment has the group's name, and the others are its fallbacks.
fn models(
    deployments: Vec<Deployment>,
    fallbacks: &Fallbacks,
    aliases: &[(String, String)],
    imported: &mut ImportResult,
) {
    let names = ModelNames::new(&deployments, aliases);
    let mut made: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (deployment, id) in deployments.into_iter().zip(&names.ids) {
        let mut fields = Map::from_iter([("model_id".to_owned(), json!(id))]);
        fields.extend(deployment.fields);
        if *id == deployment.group {
            let others = names.others(&deployment.group);
            if !others.is_empty() {
                let (number, others) = (others.len() + 1, others.join(", "));
                let what = format!("its {number} deployments are not balanced: `{id}` is tried first, then {others}");
                imported.note(&deployment.place, &what);
            }
            let chain = chain(&deployment.group, id, others, fallbacks, &names.known, imported);
            if !chain.is_empty() {
                fields.insert("fallbacks".to_owned(), json!(chain));
            }
        }
        for (measure, amount) in deployment.limits {
            imported.add("limits", limit(id, measure, amount));
        }
        made.insert(id.clone(), fields.clone());
        imported.add("models", fields);
    }
    for (alias, group) in aliases {
        let place = format!("router_settings: the alias `{alias}`");
        match names.known.get(group).and_then(|id| made.get(id)) {
            None => imported.note(&place, &format!("the group `{group}` is not there, so that it was passed over")),
            Some(_) if names.ids.contains(alias) => {
                imported.note(&place, "is the name of a model too, so that it was passed over");
            }
            Some(target) => {
                let mut fields = target.clone();
                fields.insert("model_id".to_owned(), json!(alias));
                imported.note(&place, "is a model of its own, to which limits of the other do not apply");
                imported.add("models", fields);
            }
        }
    }
}

/// The names of models.
struct ModelNames {
    /// The group of each deployment.
    groups: Vec<String>,
    /// The id of each deployment's model.
    ids: Vec<String>,
    /// The model that a group, an own id of a deployment or an alias stands for.
    known: BTreeMap<String, String>,
}

impl ModelNames {
    fn new(deployments: &[Deployment], aliases: &[(String, String)]) -> Self {
        let groups: Vec<String> = deployments.iter().map(|deployment| deployment.group.clone()).collect();
        let mut names = Self { groups, ids: Vec::new(), known: BTreeMap::new() };
        for deployment in deployments {
            let id = names.free_id(&deployment.group);
            for name in [Some(&deployment.group), deployment.own_id.as_ref()].into_iter().flatten() {
                names.known.entry(name.clone()).or_insert_with(|| id.clone());
            }
            names.ids.push(id);
        }
        for (alias, group) in aliases {
            if names.known.contains_key(group) && !names.ids.contains(alias) {
                names.known.entry(alias.clone()).or_insert_with(|| alias.clone());
            }
        }
        names
    }

    /// The group's name, or with a number if a deployment has that already.
    fn free_id(&self, group: &str) -> String {
        let mut id = group.to_owned();
        for number in 2.. {
            if !self.ids.contains(&id) && (id == group || !self.groups.contains(&id)) {
                break;
            }
            id = format!("{group}-{number}");
        }
        id
    }

    /// The models of a group but the one with its name.
    fn others(&self, group: &str) -> Vec<String> {
        let of_group = self.groups.iter().zip(&self.ids).filter(|(of, id)| *of == group && *id != group);
        of_group.map(|(_, id)| id.clone()).collect()
    }
}

/// What a deployment may take in a minute.
fn limit(model: &str, measure: &str, amount: u64) -> Map<String, Value> {
    Map::from_iter([
        ("limit_id".to_owned(), json!(format!("litellm-{model}-{measure}"))),
        ("scope".to_owned(), json!({ "model": model })),
        (measure.to_owned(), json!(amount)),
        ("per".to_owned(), json!("minute")),
    ])
}

/// The fallbacks of a model: the other deployments of its group, then the groups that are named.
fn chain(
    group: &str,
    id: &str,
    others: Vec<String>,
    fallbacks: &Fallbacks,
    known: &BTreeMap<String, String>,
    imported: &mut ImportResult,
) -> Vec<String> {
    let mut chain = others;
    // Those for all are behind those of the group.
    let named = fallbacks.iter().filter(|(of, _)| of == group).chain(fallbacks.iter().filter(|(of, _)| of == "*"));
    for name in named.flat_map(|(_, names)| names) {
        match known.get(name) {
            Some(model) if model == id || chain.contains(model) => {}
            Some(model) => chain.push(model.clone()),
            None => imported.note(
                &format!("fallbacks of `{group}`"),
                &format!("`{name}` is not in model_list, and was passed over"),
            ),
        }
    }
    if chain.len() > FALLBACKS {
        let what = format!("a model has at most {FALLBACKS}; passed over: {}", chain.split_off(FALLBACKS).join(", "));
        imported.note(&format!("fallbacks of `{group}`"), &what);
    }
    chain
}

/// The budget of the whole proxy.
fn whole_budget(amount: Value, settings: &mut Fields, imported: &mut ImportResult) {
    let duration = settings.text("budget_duration", imported);
    let found = duration.as_deref().map_or(Some(("total", true)), period);
    let Some((period, is_same)) = found else {
        let what = format!("{}: `budget_duration` is no hour, day, week or month", without_equivalent("max_budget"));
        return imported.note(&settings.place, &what);
    };
    if !is_same {
        imported.note(&settings.place, "the budget of the proxy counts by the calendar month");
    }
    let budget = json!({ "budget_id": "litellm-proxy", "scope": {}, "amount": amount, "period": period });
    if let Value::Object(budget) = budget {
        imported.add("budgets", budget);
    }
}

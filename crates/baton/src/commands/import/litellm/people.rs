//! What LiteLLM lists of keys, teams and users. A team is a project.

use super::fields::Fields;
use super::tables::period;
use crate::commands::import::result::ImportResult;
use baton_model::Timestamp;
use baton_model::schema::time;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What is said of teams, for the keys of them.
#[derive(Debug, Default)]
struct Teams {
    /// Those that are there.
    known: BTreeSet<String>,
    /// Those whose requests LiteLLM refuses.
    blocked: BTreeSet<String>,
}

/// What an item of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Person {
    Key,
    Team,
    User,
}

/// Words that stand for models and are none. What a key may use is bounded by its project in any case.
const ALL_MODELS: [&str; 3] = ["all-proxy-models", "all-team-models", "*"];

/// Reads lists.
pub fn read(lists: Vec<Value>, now: Timestamp, imported: &mut ImportResult) {
    let (mut keys, mut teams, mut users) = (Vec::new(), Vec::new(), Vec::new());
    for item in lists.into_iter().flat_map(items) {
        match kind_of(&item) {
            Some(Person::Key) => keys.push(item),
            Some(Person::User) => users.push(item),
            Some(Person::Team) => {
                let (team, of_team) = parts_of_team(item);
                teams.push(team);
                keys.extend(of_team);
            }
            None if item.is_string() => imported
                .note("keys", "there is a hash without the key's fields: ask for /key/list?return_full_object=true"),
            None => imported.note("the lists", "there is an entry that is no key, team or user, which was passed over"),
        }
    }
    let mut known = Teams::default();
    for item in teams {
        team(item, &mut known, imported);
    }
    for item in users {
        user(item, imported);
    }
    let mut taken = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut number = 0;
    for item in keys {
        // A team lists its keys, which are in the list of keys too.
        let hash = item.get("token").and_then(Value::as_str).map(str::to_owned);
        if hash.is_some_and(|hash| !seen.insert(hash)) {
            continue;
        }
        number += usize::from(key(item, now, &mut known, &mut taken, imported));
    }
    if number > 0 {
        let what = format!(
            "LiteLLM keeps only hashes of its {number} keys, which can't be taken over: `baton apply` makes new secrets"
        );
        imported.note("keys", &what);
    }
}

/// The items of a reply: a list, or an object with a list.
fn items(list: Value) -> Vec<Value> {
    match list {
        Value::Array(items) => items,
        Value::Object(mut reply) if kind_of_fields(&reply).is_none() => {
            let mut found = Vec::new();
            for name in ["keys", "teams", "users", "data"] {
                if let Some(Value::Array(items)) = reply.shift_remove(name) {
                    found.extend(items);
                }
            }
            if found.is_empty() && !reply.contains_key("total_count") { vec![Value::Object(reply)] } else { found }
        }
        one => vec![one],
    }
}

fn kind_of(item: &Value) -> Option<Person> {
    kind_of_fields(item.as_object()?)
}

fn kind_of_fields(fields: &Map<String, Value>) -> Option<Person> {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    if has(&["token", "key_name", "key_alias"]) {
        Some(Person::Key)
    } else if has(&["team_id"]) && has(&["team_alias", "members_with_roles", "team_info"]) {
        Some(Person::Team)
    } else if has(&["user_id"]) {
        Some(Person::User)
    } else {
        None
    }
}

/// A team, and the keys that are listed with it.
fn parts_of_team(item: Value) -> (Value, Vec<Value>) {
    let Value::Object(mut fields) = item else { return (item, Vec::new()) };
    let keys = match fields.shift_remove("keys") {
        Some(Value::Array(keys)) => keys.into_iter().filter(Value::is_object).collect(),
        _ => Vec::new(),
    };
    // `/team/info` has its fields a level deeper.
    match fields.shift_remove("team_info") {
        Some(info @ Value::Object(_)) => (info, keys),
        _ => (fields.into(), keys),
    }
}

fn team(item: Value, teams: &mut Teams, imported: &mut ImportResult) {
    let mut fields = Fields::of("a team", item, imported);
    let Some(id) = fields.text("team_id", imported) else { return fields.finish(imported) };
    fields.place = format!("the team `{id}`");
    if !teams.known.insert(id.clone()) {
        return;
    }
    let mut project = Map::from_iter([("id".to_owned(), json!(id))]);
    let name = fields.text("team_alias", imported);
    project.extend(name.map(|name| ("name".to_owned(), json!(name))));
    project.extend(policies(&mut fields, imported));
    project.extend(metadata(&mut fields, imported));
    let models = fields.texts("models", imported);
    if !models.is_empty() && !models.iter().any(|model| ALL_MODELS.contains(&model.as_str())) {
        project.insert("models".to_owned(), json!(models));
    }
    if fields.take("blocked") == Some(json!(true)) {
        imported.note(&fields.place, "is blocked, so that its keys are left out");
        teams.blocked.insert(id);
    }
    let members = fields.list("members_with_roles");
    let members: Vec<Value> = members.iter().filter_map(|item| member(item, &fields.place, imported)).collect();
    if !members.is_empty() {
        project.insert("members".to_owned(), members.into());
    }
    // The same, in an older form; what its members have spent and may is in lists of its own.
    let is_shown = |name: &str| matches!(name, "members" | "admins" | "team_memberships" | "model_id");
    fields.pass_over(|name| is_shown(name) || is_bookkeeping(name));
    imported.add("projects", project);
    fields.finish(imported);
}

/// A member of a team as one of a project.
fn member(item: &Value, place: &str, imported: &mut ImportResult) -> Option<Value> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(user) = text("user_id").or_else(|| text("user_email")) else {
        imported.note(place, "a member has neither `user_id` nor `user_email`, and was passed over");
        return None;
    };
    let role = match text("role") {
        Some("admin") => "operator",
        None | Some("user") => "caller",
        Some(role) => {
            imported.note(place, &format!("the role `{role}` of `{user}` has no equivalent: it is a caller"));
            "caller"
        }
    };
    Some(json!({ "user_id": user, "role": role }))
}

fn user(item: Value, imported: &mut ImportResult) {
    let mut fields = Fields::of("a user", item, imported);
    let Some(id) = fields.text("user_id", imported) else { return fields.finish(imported) };
    fields.place = format!("the user `{id}`");
    if imported.of("users").any(|user| user.get("id").and_then(Value::as_str) == Some(&id)) {
        return;
    }
    let mut user = Map::from_iter([("id".to_owned(), json!(id))]);
    let (alias, email) = (fields.text("user_alias", imported), fields.text("user_email", imported));
    user.extend(alias.or(email).map(|name| ("name".to_owned(), json!(name))));
    user.extend(policies(&mut fields, imported));
    user.extend(metadata(&mut fields, imported));
    fields.pass_over(|name| {
        is_bookkeeping(name) || matches!(name, "password" | "key_count" | "organization_memberships")
    });
    imported.add("users", user);
    fields.finish(imported);
}

/// A key; whether it was taken over.
fn key(
    item: Value,
    now: Timestamp,
    teams: &mut Teams,
    taken: &mut BTreeSet<(String, String)>,
    imported: &mut ImportResult,
) -> bool {
    let mut fields = Fields::of("a key", item, imported);
    let hash = fields.text("token", imported).unwrap_or_default();
    let (alias, shown) = (fields.text("key_alias", imported), fields.text("key_name", imported));
    let name = alias.filter(|alias| !alias.trim().is_empty()).or(shown);
    let name = name.unwrap_or_else(|| format!("litellm-{}", hash.chars().take(8).collect::<String>()));
    fields.place = format!("the key `{name}`");
    let place = fields.place.clone();
    let (team, user) = (fields.text("team_id", imported), fields.text("user_id", imported));
    if fields.take("blocked") == Some(json!(true)) {
        imported.note(&place, "is blocked, and was left out");
        return false;
    }
    if team.as_ref().is_some_and(|team| teams.blocked.contains(team)) {
        imported.note(&place, "is of a blocked team, and was left out");
        return false;
    }
    let expires = fields.text("expires", imported);
    let expiry = expires.as_deref().and_then(read_time);
    if expiry.is_some_and(|expiry| expiry <= now) {
        imported.note(&place, "has expired, and was left out");
        return false;
    }
    if let (Some(text), None) = (&expires, expiry) {
        imported.note(&place, &format!("`expires` is no time ({text}), so that it was left out"));
        return false;
    }
    // Two of one name in a project could not be told apart.
    let project = team.clone().unwrap_or_default();
    let mut free = name.clone();
    for number in 2.. {
        if taken.insert((project.clone(), free.clone())) {
            break;
        }
        free = format!("{name}-{number}");
    }
    if free != name {
        imported.note(&place, &format!("another one has this name, so that it is `{free}`"));
    }
    let mut key = Map::from_iter([("name".to_owned(), json!(free))]);
    if let Some(team) = &team {
        key.insert("project_id".to_owned(), json!(team));
        if teams.known.insert(team.clone()) {
            imported
                .note(&place, &format!("its team `{team}` is in no list, so that a project without limits is made"));
            imported.add("projects", Map::from_iter([("id".to_owned(), json!(team))]));
        }
    }
    key.extend(user.map(|user| ("user_id".to_owned(), json!(user))));
    let models = models(&mut fields, imported);
    key.extend(models.map(|models| ("models".to_owned(), json!(models))));
    key.extend(expiry.map(|expiry| ("expires_at".to_owned(), json!(time::write(expiry)))));
    key.extend(policies(&mut fields, imported));
    if let Some(Value::Object(metadata)) =
        fields.take("metadata").filter(|metadata| metadata.as_object().is_some_and(|it| !it.is_empty()))
    {
        let names: Vec<&str> = metadata.keys().map(String::as_str).collect();
        imported.note(&place, &format!("a key has no metadata: {}", names.join(", ")));
    }
    // What a reply repeats of the key's team, user and organisation: it is said there.
    let is_repeated = |name: &str| {
        ["team_", "user_", "end_user_", "organization_", "org_", "last_"].iter().any(|begin| name.starts_with(begin))
    };
    fields.pass_over(|name| is_repeated(name) || is_bookkeeping(name) || name == "api_key");
    imported.add("keys", key);
    fields.finish(imported);
    true
}

/// The models that a key may use; nothing for all of its project.
fn models(fields: &mut Fields, imported: &mut ImportResult) -> Option<Vec<String>> {
    let models = fields.texts("models", imported);
    if models.is_empty() || models.iter().any(|model| ALL_MODELS.contains(&model.as_str())) {
        return None;
    }
    if models.iter().any(|model| model.contains('*')) {
        imported.note(&fields.place, "a pattern in `models` is taken for the name of a model: name the models");
    }
    Some(models)
}

/// The fields `budget` and `limits` of a key, project or user.
fn policies(fields: &mut Fields, imported: &mut ImportResult) -> Map<String, Value> {
    let mut policies = Map::new();
    let (amount, duration) = (fields.dollars("max_budget", imported), fields.text("budget_duration", imported));
    match (amount, duration) {
        (None, _) => {}
        (Some(amount), None) => {
            policies.insert("budget".to_owned(), json!({ "amount": amount, "period": "total" }));
        }
        (Some(amount), Some(duration)) => match period(&duration) {
            Some((period, is_same)) => {
                if !is_same {
                    imported.note(&fields.place, &format!("its budget of `{duration}` counts by the calendar month"));
                }
                policies.insert("budget".to_owned(), json!({ "amount": amount, "period": period }));
            }
            None => imported.note(
                &fields.place,
                &format!("`max_budget` is not taken over: `{duration}` is no hour, day, week or month"),
            ),
        },
    }
    let limits: Map<String, Value> =
        [("rpm_limit", "rpm"), ("tpm_limit", "tpm"), ("max_parallel_requests", "concurrency")]
            .into_iter()
            .filter_map(|(name, ours)| Some((ours.to_owned(), json!(fields.count(name, imported)?))))
            .collect();
    if !limits.is_empty() {
        policies.insert("limits".to_owned(), limits.into());
    }
    policies
}

/// The metadata of a project or user, which is kept as it is.
fn metadata(fields: &mut Fields, imported: &mut ImportResult) -> Option<(String, Value)> {
    match fields.take("metadata")? {
        Value::Object(metadata) if metadata.is_empty() => None,
        Value::Object(metadata) => Some(("metadata".to_owned(), metadata.into())),
        _ => {
            imported.note(&fields.place, "`metadata` is no object, and was passed over");
            None
        }
    }
}

/// What LiteLLM writes down by itself: when something was changed and by whom, when a budget begins anew.
fn is_bookkeeping(name: &str) -> bool {
    matches!(
        name,
        "created_at"
            | "updated_at"
            | "created_by"
            | "updated_by"
            | "budget_reset_at"
            | "soft_budget_cooldown"
            | "model_spend"
    )
}

/// A time, which LiteLLM writes with or without its zone; it is in UTC then.
fn read_time(text: &str) -> Option<Timestamp> {
    time::read(text).or_else(|| time::read(&format!("{}Z", text.replace(' ', "T"))))
}

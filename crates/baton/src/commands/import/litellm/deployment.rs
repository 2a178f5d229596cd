//! An entry of `model_list`: a model at a provider.

use super::fields::Fields;
use super::tables::{BARE_NAMES, COSTS, DEFAULTS, MODES, OTHER_PROVIDERS, PROVIDERS, lookup};
use crate::commands::import::result::ImportResult;
use baton_model::{ModelId, Nanos};
use baton_providers::presets::{self, KeyRequirement};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What holds for every deployment.
#[derive(Debug, Default)]
pub struct Globals {
    /// Values that `litellm_credential_name` refers to.
    pub credentials: BTreeMap<String, Map<String, Value>>,
    /// How often a call is tried again.
    pub retries: Option<u64>,
    /// How long a call may take, in seconds.
    pub timeout: Option<Value>,
}

/// A deployment, in the fields of a model.
#[derive(Debug)]
pub struct Deployment {
    /// Where it stands, for notes.
    pub place: String,
    /// The name that clients use; others may have the same.
    pub group: String,
    /// Its own id, by which fallbacks may name it.
    pub own_id: Option<String>,
    /// The fields of the model but its id.
    pub fields: Map<String, Value>,
    /// What it may take in a minute, by the measure.
    pub limits: Vec<(&'static str, u64)>,
}

/// The providers so far. Deployments at one address with one key have one provider.
#[derive(Debug, Default)]
pub struct ProviderPool {
    providers: Vec<(String, Map<String, Value>)>,
}

impl ProviderPool {
    /// The name of the provider of these fields.
    fn name(&mut self, fields: Map<String, Value>) -> String {
        if let Some((name, _)) = self.providers.iter().find(|(_, known)| *known == fields) {
            return name.clone();
        }
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let of_kind = self.providers.iter().filter(|(_, known)| known.get("kind") == fields.get("kind")).count();
        let name = if of_kind == 0 { kind } else { format!("{kind}-{}", of_kind + 1) };
        self.providers.push((name.clone(), fields));
        name
    }

    /// Registers what a provider lists.
    fn discover(&mut self, name: &str) {
        for (_, fields) in self.providers.iter_mut().filter(|(known, _)| known == name) {
            fields.insert("discover".to_owned(), json!(true));
        }
    }

    /// All of them, as fields of providers.
    pub fn providers(self) -> impl Iterator<Item = Map<String, Value>> {
        self.providers.into_iter().map(|(name, mut fields)| {
            let mut named = Map::from_iter([("name".to_owned(), json!(name))]);
            // Only what is in the file: LiteLLM offers nothing that is not in its list.
            fields.entry("discover").or_insert(json!(false));
            named.extend(fields);
            named
        })
    }
}

impl Deployment {
    /// Reads an entry; nothing if it can't be a model of Baton's, which is noted.
    pub fn read(
        index: usize,
        item: Value,
        globals: &Globals,
        pool: &mut ProviderPool,
        imported: &mut ImportResult,
    ) -> Option<Self> {
        let mut entry = Fields::of(format!("model_list[{index}]"), item, imported);
        let Some(group) = entry.text("model_name", imported) else {
            imported.note(&entry.place, "has no `model_name`, and was passed over");
            return None;
        };
        entry.place = format!("{} (`{group}`)", entry.place);
        let place = entry.place.clone();
        let mut params = Fields::of(&place, merge_credential(entry.take("litellm_params"), globals), imported);
        let mut info =
            Fields::of(format!("{place}: model_info"), entry.take("model_info").unwrap_or_default(), imported);
        entry.finish(imported);
        let model = params.text("model", imported).unwrap_or_default();
        let kind = params.text("custom_llm_provider", imported);
        let (kind, upstream) = match provider_of(&model, kind.as_deref(), params.has("api_base")) {
            Ok(found) => found,
            Err(problem) => {
                imported.note(&place, &problem);
                return None;
            }
        };
        let provider = pool.name(provider(kind, &mut params, globals, imported));
        if group.contains('*') || upstream.contains('*') {
            pool.discover(&provider);
            let what = format!(
                "the wildcard is the discovery of `{provider}`: Baton registers what it lists, by the names there"
            );
            imported.note(&place, &what);
            params.finish(imported);
            info.finish(imported);
            return None;
        }
        if let Err(problem) = ModelId::parse(&group) {
            imported.note(&place, &format!("the name {problem}, so that it was passed over"));
            return None;
        }
        let mut fields =
            Map::from_iter([("provider".to_owned(), json!(provider)), ("upstream".to_owned(), json!(upstream))]);
        let own_id = info.text("id", imported);
        fields.extend(model_fields(&mut params, &mut info, imported));
        let limits = [("rpm", "requests"), ("tpm", "tokens")]
            .into_iter()
            .filter_map(|(name, measure)| Some((measure, params.count(name, imported).or(info.count(name, imported))?)))
            .collect();
        params.finish(imported);
        info.finish(imported);
        Some(Self { place, group, own_id, fields, limits })
    }
}

/// The parameters, with those of the credential that they name behind them.
fn merge_credential(params: Option<Value>, globals: &Globals) -> Value {
    let mut params = params.unwrap_or_default();
    if let Value::Object(fields) = &mut params
        && let Some(credential) = fields.get("litellm_credential_name").and_then(Value::as_str)
        && let Some(values) = globals.credentials.get(credential)
    {
        fields.shift_remove("litellm_credential_name");
        for (name, value) in values {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    params
}

/// The kind of the provider, and its name for the model.
fn provider_of(model: &str, custom: Option<&str>, has_address: bool) -> Result<(&'static str, String), String> {
    let unsupported =
        |provider: &str| format!("the provider `{provider}` has no equivalent, so that the model was passed over");
    if model.is_empty() {
        return Err("has no `litellm_params.model`, and was passed over".to_owned());
    }
    if let Some(custom) = custom {
        let name = model.strip_prefix(custom).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
        return lookup(PROVIDERS, custom).map(|kind| (kind, name.to_owned())).ok_or_else(|| unsupported(custom));
    }
    if let Some((prefix, name)) = model.split_once('/') {
        if let Some(kind) = lookup(PROVIDERS, prefix) {
            return Ok((kind, name.to_owned()));
        }
        if OTHER_PROVIDERS.contains(&prefix) {
            return Err(unsupported(prefix));
        }
    }
    if model == "*" {
        return Err("the wildcard stands for all providers: register those that you use".to_owned());
    }
    let bare = BARE_NAMES.iter().find(|(begin, _)| model.starts_with(begin)).map(|(_, kind)| *kind);
    match bare {
        Some(kind) => Ok((kind, model.to_owned())),
        // Whatever is at an address of the operator's own speaks OpenAI's format, for LiteLLM too.
        None if has_address => Ok(("openai-compatible", model.to_owned())),
        None => Err(format!("the provider of `{model}` can't be told, so that it was passed over")),
    }
}

/// The fields of the provider but its name.
fn provider(
    kind: &'static str,
    params: &mut Fields,
    globals: &Globals,
    imported: &mut ImportResult,
) -> Map<String, Value> {
    let mut fields = Map::new();
    let address = params.text("api_base", imported).or(params.text("base_url", imported));
    let address = address.map(|address| variables(address.trim_end_matches('/')));
    // OpenAI's format at another address is another service, which may need no key.
    let is_elsewhere = address.as_deref().is_some_and(|address| !address.contains("api.openai.com"));
    let kind = if kind == "openai" && is_elsewhere { "openai-compatible" } else { kind };
    fields.insert("kind".to_owned(), json!(kind));
    let preset = presets::lookup(kind);
    if address.is_none() && preset.is_some_and(|preset| preset.base_url.is_none()) {
        imported
            .note(&params.place, &format!("has no `api_base`: give the provider of the kind `{kind}` a `base_url`"));
    }
    fields.extend(address.map(|address| ("base_url".to_owned(), json!(address))));
    let standard = preset.filter(|preset| preset.key == KeyRequirement::Required).and_then(|preset| preset.key_env);
    let key = match params.text("api_key", imported) {
        Some(key) if key.starts_with(VARIABLE) => Some(variables(&key)),
        // What people write where a server takes any key.
        Some(key) if matches!(key.to_lowercase().as_str(), "" | "none" | "null" | "empty" | "dummy") => None,
        Some(_) => {
            let variable = standard.unwrap_or("LITELLM_API_KEY");
            let what =
                format!("the key in `api_key` is not copied: set the variable {variable}, or another one in the file");
            imported.note(&params.place, &what);
            Some(format!("${{{variable}}}"))
        }
        None => standard.map(|variable| format!("${{{variable}}}")),
    };
    fields.extend(key.map(|key| ("api_key".to_owned(), json!(key))));
    let headers = headers(params, imported);
    if !headers.is_empty() {
        fields.insert("headers".to_owned(), headers.into());
    }
    if let Some(version) = params.text("api_version", imported) {
        fields.insert("query".to_owned(), json!(format!("api-version={}", variables(&version))));
    }
    let timeouts: Map<String, Value> = [("timeout", "total"), ("stream_timeout", "first_token")]
        .into_iter()
        .filter_map(|(name, ours)| {
            let given = params.take(name);
            let given = if ours == "total" { given.or_else(|| globals.timeout.clone()) } else { given };
            Some((ours.to_owned(), json!(duration(&given?, name, &params.place, imported)?)))
        })
        .collect();
    if !timeouts.is_empty() {
        fields.insert("timeouts".to_owned(), timeouts.into());
    }
    let retries = params.count("num_retries", imported).or(params.count("max_retries", imported)).or(globals.retries);
    // More would be refused.
    fields.extend(retries.map(|retries| ("retries".to_owned(), json!(retries.min(10)))));
    fields
}

/// Headers that are sent with every request.
fn headers(params: &mut Fields, imported: &mut ImportResult) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in ["organization", "extra_headers"] {
        match (name, params.take(name)) {
            (_, None) => {}
            ("organization", Some(Value::String(organization))) => {
                headers.insert("OpenAI-Organization".to_owned(), json!(variables(&organization)));
            }
            ("extra_headers", Some(Value::Object(extra))) => {
                for (header, value) in extra {
                    let is_secret =
                        ["auth", "key", "token", "secret"].iter().any(|part| header.to_lowercase().contains(part));
                    match value {
                        Value::String(text) if text.starts_with(VARIABLE) || !is_secret => {
                            headers.insert(header, json!(variables(&text)));
                        }
                        _ => imported
                            .note(&params.place, &format!("the header `{header}` is not copied: it may be a secret")),
                    }
                }
            }
            (name, Some(_)) => imported.note(&params.place, &format!("`{name}` is not taken over in this form")),
        }
    }
    headers
}

/// What a model is and costs.
fn model_fields(params: &mut Fields, info: &mut Fields, imported: &mut ImportResult) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(mode) = info.text("mode", imported) {
        match lookup(MODES, &mode) {
            Some(capability) => _ = fields.insert("capabilities".to_owned(), json!([capability])),
            None => imported.note(&info.place, &format!("the mode `{mode}` has no equivalent")),
        }
    }
    let limit = info.count("max_input_tokens", imported);
    fields.extend(limit.map(|limit| ("token_limit".to_owned(), json!(limit))));
    let (output, older) = (info.count("max_output_tokens", imported), info.count("max_tokens", imported));
    fields.extend(output.or(older).map(|most| ("max_tokens".to_owned(), json!(most))));
    let mut price = Map::new();
    for (name, class) in COSTS {
        let cost = params.take(name).or(info.take(name));
        if let Some(amount) = cost.and_then(|cost| per_million(&cost, name, &params.place, imported)) {
            price.insert((*class).to_owned(), json!(amount));
        }
    }
    if !price.is_empty() {
        fields.insert("price".to_owned(), price.into());
    }
    let mut defaults = Map::new();
    for (name, ours) in DEFAULTS {
        defaults.extend(params.take(name).map(|value| ((*ours).to_owned(), value)));
    }
    if !defaults.is_empty() {
        fields.insert("configuration".to_owned(), defaults.into());
    }
    fields
}

/// Dollars for one unit as dollars for a million, in exact decimals.
fn per_million(cost: &Value, name: &str, place: &str, imported: &mut ImportResult) -> Option<String> {
    let text = cost.as_str().map_or_else(|| cost.to_string(), str::to_owned);
    if let Some(exact) = Nanos::parse_scaled(&text, 6) {
        return Some(exact.to_string());
    }
    let rounded = Nanos::parse_rounded(&text, 6);
    let what = if rounded.is_some() { "was rounded to 15 decimal places" } else { "is no amount, and was passed over" };
    imported.note(place, &format!("`{name}` {what}"));
    rounded.map(|rounded| rounded.to_string())
}

/// Seconds as a time.
fn duration(seconds: &Value, name: &str, place: &str, imported: &mut ImportResult) -> Option<String> {
    let text = seconds.as_str().map_or_else(|| seconds.to_string(), str::to_owned);
    let number = text.parse::<f64>().ok().filter(|number| (0.001..=86_400.0).contains(number));
    if number.is_none() {
        imported.note(place, &format!("`{name}` is no time of up to 24 hours, and was passed over"));
    }
    let number = number?;
    Some(if number.fract() == 0.0 { format!("{number:.0}s") } else { format!("{:.0}ms", number * 1000.0) })
}

/// How LiteLLM names a variable of the environment.
const VARIABLE: &str = "os.environ/";

/// The text with LiteLLM's form of a variable in Baton's.
fn variables(text: &str) -> String {
    text.strip_prefix(VARIABLE).map_or_else(|| text.to_owned(), |name| format!("${{{name}}}"))
}

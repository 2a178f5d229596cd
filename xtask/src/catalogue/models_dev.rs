//! A checkout of models.dev as its `api.json`: a file a model, which may take its facts from another one.

use anyhow::Context;
use baton_meter::catalogue::import::VENDORS;
use serde_json::{Map, Value};
use std::path::Path;

/// The providers that are vendors of ours, with their models.
pub fn api_json(checkout: &Path) -> anyhow::Result<String> {
    let mut providers = Map::new();
    for vendor in VENDORS {
        let folder = checkout.join("providers").join(vendor.models_dev).join("models");
        let mut models = Map::new();
        if folder.is_dir() {
            collect(checkout, &folder, "", &mut models)?;
        }
        providers.insert(vendor.models_dev.to_owned(), serde_json::json!({ "models": models }));
    }
    Ok(Value::Object(providers).to_string())
}

fn collect(checkout: &Path, folder: &Path, prefix: &str, models: &mut Map<String, Value>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(checkout, &path, &format!("{prefix}{name}/"), models)?;
        } else if let Some(id) = name.strip_suffix(".toml") {
            models.insert(format!("{prefix}{id}"), model(checkout, &path)?);
        }
    }
    Ok(())
}

/// A model's facts, over those of the model that it is the same as.
fn model(checkout: &Path, path: &Path) -> anyhow::Result<Value> {
    let own = read(path)?;
    let Some(base) = own.get("base_model").and_then(Value::as_str) else { return Ok(own) };
    let mut whole = read(&checkout.join("models").join(format!("{base}.toml")))?;
    merge(&mut whole, own);
    Ok(whole)
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is no TOML", path.display()))
}

fn merge(below: &mut Value, over: Value) {
    match (below, over) {
        (Value::Object(below), Value::Object(over)) => {
            for (name, value) in over {
                merge(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, over) => *below = over,
    }
}

//! LiteLLM's proxy: its `config.yaml`, and what it lists of keys, teams and users.
//!
//! [`config`] reads the configuration, [`deployment`] one entry of its `model_list`, [`people`] the lists. [`fields`] takes
//! an object apart so that no field of it is dropped in silence. [`tables`] has LiteLLM's words and Baton's for them.
//!
//! Whatever the files hold, it reads them: that is a property test here and no fuzz target, for which all of Baton would have
//! to be built with a sanitizer.
//!
//! The formats: docs.litellm.ai/docs/proxy/configs, /config_settings, /virtual_keys, /users.

mod config;
mod deployment;
mod fields;
mod people;
mod tables;

use super::result::ImportResult;
use baton_model::Timestamp;
use serde_json::Value;

/// Reads a configuration and lists.
pub fn convert(config: Option<Value>, lists: Vec<Value>, now: Timestamp) -> ImportResult {
    let mut imported = ImportResult::default();
    if let Some(config) = config {
        config::read(config, &mut imported);
    }
    people::read(lists, now, &mut imported);
    imported
}

#[cfg(test)]
mod tests;

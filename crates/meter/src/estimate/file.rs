//! The data file's schema.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use super::linear::{LinearModel, Spread};
use crate::count::Framing;
use crate::features::{FEATURES, Feature, ToolPrompt};
use crate::media::MediaRule;
use crate::tokenizer::bare_name;
use indexmap::IndexMap;
use serde::Deserialize;

const BYTES: &[u8] = include_bytes!("../../data/counting.json");

/// What is counted by a family that has no coefficients of its own.
const OTHER: &str = "other";

// No field may be unknown, or a misspelled coefficient would be left out in silence. The tests read the whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountingFile {
    /// What the coefficients were fitted on, and the day: for people.
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
    /// Rules for images and documents by beginnings of models' names, the first that fits.
    media: IndexMap<String, MediaRule>,
    /// What vendors write around tools, by beginnings of models' names, the first that fits.
    tool_prompts: IndexMap<String, ToolPrompt>,
    /// What OpenAI writes around messages, by beginnings of models' names, the first that fits.
    framing: IndexMap<String, Framing>,
    /// How far OpenAI's rules are off, by their names.
    rules: IndexMap<String, SpreadFile>,
    families: IndexMap<String, FamilyFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpreadFile {
    /// On how many recorded requests it was measured.
    #[serde(rename = "exchanges")]
    _exchanges: u64,
    error: f64,
    at_most_share: f64,
    at_most_tokens: f64,
}

impl SpreadFile {
    fn spread(&self) -> Spread {
        Spread { error: self.error, share: self.at_most_share, tokens: self.at_most_tokens }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyFile {
    estimate: ModelFile,
    careful: ModelFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    /// How far it was off on what it was fitted on.
    spread: SpreadFile,
    /// By [`Feature::name`]; a feature that is not named counts nothing.
    weights: IndexMap<String, f64>,
}

/// The linear models of all families.
pub(super) struct Families {
    models: IndexMap<String, (LinearModel, LinearModel)>,
    other: (LinearModel, LinearModel),
    media: IndexMap<String, MediaRule>,
    other_media: MediaRule,
    tool_prompts: IndexMap<String, ToolPrompt>,
    framing: IndexMap<String, Framing>,
    other_framing: Framing,
    rules: IndexMap<String, Spread>,
}

impl Families {
    pub(super) fn estimate(&self, family: &str) -> &LinearModel {
        &self.models.get(family).unwrap_or(&self.other).0
    }

    pub(super) fn careful(&self, family: &str) -> &LinearModel {
        &self.models.get(family).unwrap_or(&self.other).1
    }

    /// How many families have coefficients of their own.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.models.len()
    }

    pub(super) fn media(&self, upstream: &str) -> MediaRule {
        lookup(&self.media, upstream).unwrap_or(self.other_media)
    }

    pub(super) fn tool_prompt(&self, upstream: &str) -> ToolPrompt {
        lookup(&self.tool_prompts, upstream).unwrap_or_default()
    }

    pub(super) fn framing(&self, upstream: &str) -> Framing {
        lookup(&self.framing, upstream).unwrap_or(self.other_framing)
    }

    pub(super) fn spread(&self, rule: &str) -> Spread {
        self.rules.get(rule).copied().unwrap_or(self.other.1.spread)
    }
}

/// The entry of the first beginning of a model's name.
fn lookup<T: Copy>(entries: &IndexMap<String, T>, upstream: &str) -> Option<T> {
    let name = bare_name(upstream);
    entries.iter().find(|(beginning, _)| name.starts_with(beginning.as_str())).map(|(_, entry)| *entry)
}

#[expect(clippy::expect_used, reason = "a file of this crate; a test reads it")]
pub(super) fn read() -> Families {
    let file: CountingFile = serde_json::from_slice(BYTES).expect("data/counting.json is of its schema");
    let mut models = IndexMap::new();
    for (name, family) in file.families {
        models.insert(name, (model(&family.estimate), model(&family.careful)));
    }
    let other = models.get(OTHER).cloned().expect("data/counting.json has the family `other`");
    let other_media = *file.media.get(OTHER).expect("data/counting.json has the media rule `other`");
    let other_framing = *file.framing.get(OTHER).expect("data/counting.json has the framing `other`");
    let rules = file.rules.iter().map(|(name, spread)| (name.clone(), spread.spread())).collect();
    Families {
        models,
        other,
        media: file.media,
        other_media,
        tool_prompts: file.tool_prompts,
        framing: file.framing,
        other_framing,
        rules,
    }
}

#[expect(clippy::expect_used, reason = "a file of this crate; a test reads it")]
fn model(file: &ModelFile) -> LinearModel {
    let mut weights = [0.0; FEATURES];
    for (name, weight) in &file.weights {
        let place = Feature::ALL.iter().position(|feature| feature.name() == name);
        weights[place.expect("data/counting.json names features that exist")] = *weight;
    }
    LinearModel { weights, spread: file.spread.spread() }
}

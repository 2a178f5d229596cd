//! The data file's schema.

use super::entry::Entry;
use super::kind::Kind;
use baton_model::entity::{ChatApi, Limits, MaxTokensField, ReasoningHistory, ReasoningStyle};
use baton_model::price::{ContextTier, Rates};
use baton_model::{Capability, Nanos, Price, Quirks, UsageClass};
use indexmap::IndexMap;
use serde::Deserialize;

const BYTES: &[u8] = include_bytes!("../../data/catalogue.json");

/// Decimal dollars per million units, by [`UsageClass::name`].
type RatesFile = IndexMap<String, String>;

// No field may be unknown, or a misspelled fact would be left out in silence. The tests read the whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogueFile {
    /// Where the facts come from: for people.
    #[serde(rename = "sources")]
    pub _sources: Vec<SourceFile>,
    /// The day of the newest fact.
    #[serde(rename = "date")]
    pub _date: String,
    /// What all models of a vendor have in common.
    pub vendors: IndexMap<String, VendorFile>,
    /// What models do by their names, whoever serves them.
    pub kinds: Vec<KindFile>,
    pub models: Vec<EntryFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VendorFile {
    quirks: QuirksFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindFile {
    /// Patterns of names, in which `*` stands for anything.
    names: Vec<String>,
    capabilities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceFile {
    #[serde(rename = "name")]
    pub _name: String,
    #[serde(rename = "version")]
    pub _version: String,
    #[serde(rename = "date")]
    pub _date: String,
    #[serde(rename = "licence")]
    pub _licence: String,
    #[serde(rename = "gives")]
    pub _gives: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryFile {
    vendor: String,
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    capabilities: Vec<String>,
    token_limit: Option<u64>,
    max_tokens: Option<u64>,
    tokenizer: Option<String>,
    price: Option<PriceFile>,
    #[serde(default)]
    quirks: QuirksFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceFile {
    rates: RatesFile,
    #[serde(default)]
    context_tiers: Vec<ContextTierFile>,
    #[serde(default)]
    service_tiers: IndexMap<String, RatesFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextTierFile {
    above: u64,
    rates: RatesFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct QuirksFile {
    #[serde(default)]
    refuses: Vec<String>,
    #[serde(default)]
    accepts: Vec<String>,
    reasoning: Option<ReasoningFile>,
    max_tokens_field: Option<MaxTokensFile>,
    prefill: Option<bool>,
    system_anywhere: Option<bool>,
    json_schema: Option<bool>,
    developer_role: Option<bool>,
    api: Option<ApiFile>,
    reasoning_history: Option<ReasoningHistoryFile>,
    /// The most characters of a call's id.
    call_id: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasoningHistoryFile {
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ApiFile {
    Chat,
    Responses,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasoningFile {
    Unsupported,
    Budget,
    Adaptive,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MaxTokensFile {
    MaxCompletionTokens,
    MaxTokens,
}

/// The embedded file's entries and kinds.
#[expect(clippy::expect_used, reason = "the file is part of the program; a test reads all of it")]
pub(super) fn read() -> (Vec<Entry>, Vec<Kind>) {
    let file: CatalogueFile = serde_json::from_slice(BYTES).expect("the embedded catalogue is valid");
    let kinds = file.kinds.into_iter().map(|kind| Kind {
        capabilities: capabilities(&kind.capabilities).expect("the embedded catalogue's words are known"),
        names: kind.names,
    });
    let kinds = kinds.collect();
    let vendors: IndexMap<String, Quirks> =
        file.vendors.into_iter().map(|(name, vendor)| (name, vendor.quirks.into())).collect();
    let complete = |entry: EntryFile| {
        let mut entry = entry.into_entry().expect("the embedded catalogue's words are known");
        if let Some(common) = vendors.get(&entry.vendor) {
            entry.quirks = common.overlaid_by(&entry.quirks);
        }
        entry
    };
    (file.models.into_iter().map(complete).collect(), kinds)
}

fn capabilities(names: &[String]) -> Option<Vec<Capability>> {
    names.iter().map(|name| Capability::lookup(name)).collect()
}

impl EntryFile {
    fn into_entry(self) -> Option<Entry> {
        Some(Entry {
            vendor: self.vendor,
            id: self.id,
            aliases: self.aliases,
            capabilities: capabilities(&self.capabilities)?,
            price: match self.price {
                Some(price) => Some(price.into_price()?),
                None => None,
            },
            token_limit: self.token_limit,
            max_tokens: self.max_tokens,
            quirks: self.quirks.into(),
            tokenizer: self.tokenizer,
        })
    }
}

impl PriceFile {
    fn into_price(self) -> Option<Price> {
        let tier = |tier: ContextTierFile| Some(ContextTier { above: tier.above, rates: rates(&tier.rates)? });
        Some(Price {
            rates: rates(&self.rates)?,
            context_tiers: self.context_tiers.into_iter().map(tier).collect::<Option<_>>()?,
            service_tiers: self
                .service_tiers
                .into_iter()
                .map(|(name, tier)| Some((name, rates(&tier)?)))
                .collect::<Option<_>>()?,
        })
    }
}

fn rates(file: &RatesFile) -> Option<Rates> {
    file.iter().try_fold(Rates::default(), |rates, (class, dollars)| {
        Some(rates.with(UsageClass::lookup(class)?, Nanos::parse(dollars)?))
    })
}

impl From<QuirksFile> for Quirks {
    fn from(file: QuirksFile) -> Self {
        Self {
            refuses: file.refuses,
            accepts: file.accepts,
            reasoning: match file.reasoning {
                None => ReasoningStyle::Unspecified,
                Some(ReasoningFile::Unsupported) => ReasoningStyle::Unsupported,
                Some(ReasoningFile::Budget) => ReasoningStyle::Budget,
                Some(ReasoningFile::Adaptive) => ReasoningStyle::Adaptive,
            },
            max_tokens_field: match file.max_tokens_field {
                None => MaxTokensField::Unspecified,
                Some(MaxTokensFile::MaxCompletionTokens) => MaxTokensField::MaxCompletionTokens,
                Some(MaxTokensFile::MaxTokens) => MaxTokensField::MaxTokens,
            },
            prefill: file.prefill,
            system_anywhere: file.system_anywhere,
            json_schema: file.json_schema,
            developer_role: file.developer_role,
            api: match file.api {
                None => ChatApi::Unspecified,
                Some(ApiFile::Chat) => ChatApi::Chat,
                Some(ApiFile::Responses) => ChatApi::Responses,
            },
            reasoning_history: match file.reasoning_history {
                None => ReasoningHistory::Unspecified,
                Some(ReasoningHistoryFile::None) => ReasoningHistory::None,
            },
            limits: Limits { call_id: file.call_id, ..Limits::default() },
            ..Self::default()
        }
    }
}

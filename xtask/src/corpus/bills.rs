//! Bills: what each recorded reply reports, read into classes, beside what the vendor's own numbers add up to; and what
//! Baton would bill, beside what vendors say that they do.

use super::exchange::{Exchange, chat, each};
use super::losses::Losses;
use super::replies::stream;
use baton_meter::catalogue::Catalogue;
use baton_meter::price;
use baton_model::event::CollectedReply;
use baton_model::{Cost, Detail, Dialect, Nanos, Timestamp, Usage};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads every recorded usage object into classes, and compares their sums with the vendor's
#[derive(Args)]
pub struct Bills {
    /// The folder of recordings
    folder: PathBuf,
    /// How many examples of each difference are shown
    #[arg(long, default_value_t = 3)]
    examples: usize,
}

/// How far a cost may be off the vendor's own, which is rounded.
const CLOSE: f64 = 0.01;

impl Bills {
    /// Runs it.
    ///
    /// # Errors
    /// If the recordings can't be read, or a sum is another one.
    pub fn run(self) -> anyhow::Result<()> {
        let mut losses = Losses::default();
        let mut costs: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        each(&self.folder, |exchange| {
            let Some((dialect, reported)) = exchange.dialect().zip(reported(&exchange)) else { return };
            let Some(usage) = usage(&exchange, dialect) else {
                return losses.add(format!("{dialect}: usage not read"), &exchange.id, &reported.to_string());
            };
            check(&exchange, dialect, &reported, &usage, &mut losses);
            if let Some((vendor, close)) = compare_cost(&exchange, &reported, &usage) {
                let (all, as_vendor) = costs.entry(vendor).or_default();
                *all += 1;
                *as_vendor += usize::from(close);
            }
        })?;
        for (vendor, (all, close)) in costs {
            println!("{close} of {all} replies of {vendor} cost what it says, at today's prices");
        }
        losses.report(self.examples)
    }
}

fn check(exchange: &Exchange, dialect: Dialect, reported: &Value, usage: &Usage, losses: &mut Losses) {
    losses.checked(format!("{dialect}: sums"));
    let (ours, theirs) = (usage.input_tokens() + usage.output_tokens(), total(dialect, reported));
    if ours != theirs {
        losses.add(format!("{dialect}: the sum is another one"), &exchange.id, &format!("{ours} for {reported}"));
    }
    if let Some(field) = &usage.unaccounted {
        // Not a difference: the record says so itself.
        losses.checked(format!("{dialect}: marked as an estimate for `{field}`"));
    }
    let others: u64 = usage.other_models.iter().map(|other| other.amounts.input_tokens()).sum();
    if usage.own_amounts().input_tokens() + others != usage.input_tokens() {
        losses.add(format!("{dialect}: shares of models don't add up"), &exchange.id, &format!("{usage:?}"));
    }
}

/// The usage that Baton reads.
fn usage(exchange: &Exchange, dialect: Dialect) -> Option<Usage> {
    let events = if exchange.stream {
        stream(dialect, Detail::MeterOnly, exchange.response.as_bytes()).ok()?
    } else {
        chat(dialect)?.read_reply(exchange.response.as_bytes()).ok()?
    };
    CollectedReply::collect(&events).usage
}

/// The vendor's report as it stands, read without any codec: of a stream, all reports over one another.
fn reported(exchange: &Exchange) -> Option<Value> {
    if exchange.status != 200 {
        return None;
    }
    let pieces: Vec<Value> = match serde_json::from_str(&exchange.response) {
        Ok(whole) => vec![whole],
        Err(_) => {
            let lines = exchange.response.lines().map(|line| line.strip_prefix("data:").unwrap_or(line));
            lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
        }
    };
    let mut merged = serde_json::Map::new();
    // Some recordings hold several replies behind one another, of which a client would have seen the first.
    let first = pieces.iter().position(|piece| piece["type"] == "message_stop").map_or(pieces.len(), |end| end + 1);
    for piece in pieces.iter().take(first) {
        let places = [piece, &piece["message"], &piece["response"], &piece["x_groq"], &piece["choices"][0]];
        let found = places.iter().find_map(|place| place["usage"].as_object());
        // Ollama's numbers stand in the last line itself.
        let found = found.or_else(|| piece.as_object().filter(|piece| piece.contains_key("eval_count")));
        merged.extend(found.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    }
    let report = Value::Object(merged);
    let any = ["prompt_tokens", "input_tokens", "output_tokens", "eval_count", "total_tokens"];
    any.iter().any(|name| report[name].as_u64().is_some_and(|count| count > 0)).then_some(report)
}

/// All tokens, as the vendor adds them up.
fn total(dialect: Dialect, report: &Value) -> u64 {
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    match dialect {
        Dialect::Anthropic => {
            let sums = |report: &Value| -> u64 {
                let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"];
                names.iter().filter_map(|name| report[name].as_u64()).sum()
            };
            let beside = |kind: &&Value| matches!(kind["type"].as_str(), Some("compaction" | "advisor_message"));
            let iterations = report["iterations"].as_array().into_iter().flatten();
            sums(report) + iterations.filter(beside).map(sums).sum::<u64>()
        }
        Dialect::Ollama => count("prompt_eval_count") + count("eval_count"),
        _ if count("total_tokens") > 0 => count("total_tokens"),
        _ => count("prompt_tokens").max(count("input_tokens")) + count("completion_tokens").max(count("output_tokens")),
    }
}

/// Whether a reply costs what its vendor says; `None` if that says nothing, or Baton has no price.
fn compare_cost(exchange: &Exchange, report: &Value, usage: &Usage) -> Option<(&'static str, bool)> {
    let (vendor, dollars) = match exchange.host.as_str() {
        "openrouter.ai" => ("openrouter", report["cost"].as_f64()?),
        "api.x.ai" => ("xai", report["cost_in_usd_ticks"].as_f64()? / 1e10),
        "api.perplexity.ai" => ("perplexity", report["cost"]["total_cost"].as_f64()?),
        _ => return None,
    };
    let request: Value = serde_json::from_str(&exchange.request).ok()?;
    let catalogue = Catalogue::built_in();
    let entry = catalogue.lookup(vendor, request["model"].as_str()?)?;
    let Cost::Known(Nanos(nanos)) = price::cost(usage, entry.price.as_ref(), Timestamp(i64::MAX)).total else {
        return None;
    };
    let ours = nanos as f64 / 1e9;
    Some((vendor, (ours - dollars).abs() <= dollars * CLOSE))
}

//! The table of errors, and whether one has grown.

use super::errors::{Figures, Table};
use super::fit::{self, Kind};
use super::pairs::{self, Pair};
use anyhow::{Context, bail};
use baton_meter::count;
use clap::Args;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/counting.md");
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/meter/data/counting-errors.json");
/// Between these lines of the document stands the table.
const BEGIN: &str = "<!-- counting: begin -->\n";
const END: &str = "<!-- counting: end -->\n";
/// By how much an error may grow before the check fails, as a share: what rounding makes.
const GROWTH: f64 = 0.001;
/// The error of LiteLLM 1.110.2's `token_counter` on other recordings of the same kinds, in percent.
const REFERENCE: [(&str, &str); 7] = [
    ("OpenAI, plain", "1.5"),
    ("OpenAI, tools", "9.1"),
    ("OpenAI, tool conversations", "12.3"),
    ("OpenAI, JSON schema", "58"),
    ("OpenAI, images", "30"),
    ("Anthropic, plain", "14.7"),
    ("Anthropic, tools", "74"),
];
/// Rows with fewer requests say little.
const FEW: usize = 5;

/// Measures the errors by kind of request; fails where one has grown since it was written down
#[derive(Args)]
pub struct Check {
    /// The folder of recordings
    #[arg(long)]
    corpus: PathBuf,
    /// Writes the figures into `docs/counting.md` and `crates/meter/data/counting-errors.json`, with this date
    #[arg(long)]
    write: Option<String>,
    /// Lists the requests of this row that are off by most
    #[arg(long)]
    worst: Option<String>,
}

impl Check {
    /// Measures, compares, and writes if asked to.
    ///
    /// # Errors
    /// If the recordings can't be read, or an error has grown.
    pub fn run(&self) -> anyhow::Result<()> {
        let pairs = pairs::read(&self.corpus)?;
        if let Some(row) = &self.worst {
            worst(&pairs, row);
            return Ok(());
        }
        let (careful, estimate) = (measure(&pairs, Kind::Careful), measure(&pairs, Kind::Estimate));
        let crossed = fit::cross_validate(&pairs, Kind::Careful);
        let crossed_estimate = fit::cross_validate(&pairs, Kind::Estimate);
        let table = table(&careful, &estimate, &crossed, &crossed_estimate);
        println!("{table}");
        let figures = figures(&careful, &estimate);
        let Some(date) = &self.write else { return compare(&figures) };
        let intro = format!(
            "Measured on {date} on {} recorded requests with reported usage, by\n`cargo xtask counting check --corpus DIR --write {date}`.\n\n",
            pairs.len()
        );
        write_document(&format!("{intro}{table}"))?;
        std::fs::write(FIGURES, format!("{}\n", serde_json::to_string_pretty(&figures)?))?;
        Ok(())
    }
}

fn measure(pairs: &[Pair], kind: Kind) -> Table {
    let mut table = Table::new();
    for pair in pairs {
        let count = match kind {
            Kind::Careful => count::operation(&pair.operation, &pair.model, pair.dialect),
            Kind::Estimate => count::estimate(&pair.operation, &pair.model),
        };
        let row = table.entry(pair.kind.clone()).or_default();
        row.add(count.tokens as f64, pair.tokens, count.at_most, count.is_exact());
    }
    table
}

fn table(careful: &Table, estimate: &Table, crossed: &Table, crossed_estimate: &Table) -> String {
    let mut text = String::from(
        "| requests | n | mean | median | p90 | p99 | bias | within `at_most` | other half | features | features, other half | exact (wrong) | LiteLLM |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (row, errors) in careful {
        let figures = errors.figures();
        if figures.count < FEW {
            continue;
        }
        // OpenAI's rules are not fitted, so there is nothing to cross-validate.
        let other = if row.starts_with("OpenAI") { "–".to_owned() } else { mean(crossed, row) };
        let reference = REFERENCE.iter().find(|(name, _)| name == row).map_or("", |(_, figure)| figure);
        let Figures { count, mean: average, median, p90, p99, bias, within, exact, exact_wrong } = figures;
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "| {row} | {count} | {} | {} | {} | {} | {:+.1} | {} | {other} | {} | {} | {exact} ({exact_wrong}) | {reference} |",
            percent(average),
            percent(median),
            percent(p90),
            percent(p99),
            bias * 100.0,
            percent(within),
            mean(estimate, row),
            mean(crossed_estimate, row),
        );
    }
    text
}

fn mean(table: &Table, row: &str) -> String {
    table.get(row).map_or_else(String::new, |errors| percent(errors.figures().mean))
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

fn figures(careful: &Table, estimate: &Table) -> Value {
    let rows = careful.iter().map(|(row, errors)| {
        let features = estimate.get(row).map_or(0.0, |errors| errors.figures().mean);
        let figures = errors.figures();
        let rounded = |number: f64| (number * 10_000.0).round() / 10_000.0;
        let value = json!({"requests": figures.count, "mean": rounded(figures.mean), "features": rounded(features), "exact_wrong": figures.exact_wrong});
        (row.clone(), value)
    });
    Value::Object(rows.collect::<Map<_, _>>())
}

fn compare(now: &Value) -> anyhow::Result<()> {
    let before: Value = serde_json::from_slice(&std::fs::read(FIGURES).context("reading the figures that are kept")?)?;
    let mut grown = Vec::new();
    for (row, old) in before.as_object().into_iter().flatten() {
        for key in ["mean", "features", "exact_wrong"] {
            let (Some(old), Some(new)) = (old[key].as_f64(), now[row][key].as_f64()) else { continue };
            if new > old + GROWTH {
                grown.push(format!("{row}: {key} was {old}, is {new}"));
            }
        }
    }
    if grown.is_empty() { Ok(()) } else { bail!("counts are worse than those written down:\n{}", grown.join("\n")) }
}

fn write_document(table: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(DOCUMENT)?;
    let (before, rest) = text.split_once(BEGIN).context("docs/counting.md has no mark for the table")?;
    let (_, after) = rest.split_once(END).context("docs/counting.md has no mark for the table's end")?;
    std::fs::write(DOCUMENT, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    Ok(())
}

/// Prints the requests of a row that are off by most.
fn worst(pairs: &[Pair], row: &str) {
    let mut all: Vec<_> = pairs
        .iter()
        .filter(|pair| pair.kind == row)
        .map(|pair| (count::operation(&pair.operation, &pair.model, pair.dialect), pair))
        .collect();
    let error = |tokens: u64, pair: &Pair| (tokens as f64 - pair.tokens as f64) / pair.tokens as f64;
    all.sort_by(|left, right| error(right.0.tokens, right.1).abs().total_cmp(&error(left.0.tokens, left.1).abs()));
    for (count, pair) in &all {
        let share = error(count.tokens, pair) * 100.0;
        println!(
            "{} {:?} {}: {} for {} ({share:+.1} %) by {} {:?}",
            pair.id, pair.dialect, pair.model.upstream, count.tokens, pair.tokens, count.rule, count.breakdown
        );
    }
}

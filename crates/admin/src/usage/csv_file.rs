//! Totals as CSV: one column for each grouped field, each class of consumption, and the rest.

use crate::wire::response::{ApiResult, check_page};
use axum::response::IntoResponse;
use baton_model::{Code, PublicError, UsageClass};
use baton_store::ledger::{GroupBy, UsageRow};
use csv::Writer;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// What to do where the totals are too long, in whatever format.
pub(super) const ADVICE: &str = "request a shorter time or fewer groups";

/// The rows as a file.
///
/// # Errors
/// `invalid_request` if it is too long; nothing else in practice, as it is written in memory, and all rows have the same
/// columns.
pub fn write(rows: &[UsageRow], group_by: &[GroupBy]) -> ApiResult {
    let text = text(rows, group_by).map_err(|error| {
        tracing::error!(%error, "totals could not be written as CSV");
        PublicError::new(Code::Internal, "the totals could not be written")
    })?;
    check_page(text.len() as u64, ADVICE)?;
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\"")];
    Ok((headers, text).into_response())
}

fn text(rows: &[UsageRow], group_by: &[GroupBy]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header(group_by))?;
    for row in rows {
        writer.write_record(record(row))?;
    }
    Ok(writer.into_inner()?)
}

fn header(group_by: &[GroupBy]) -> Vec<String> {
    let groups = group_by.iter().map(|by| by.name().to_owned());
    let counts = ["requests", "errors", "cache_hits"].map(str::to_owned);
    // Also those that nobody used: files of other times have the same columns.
    let tokens = UsageClass::ALL.map(|class| format!("tokens_{}", class.name()));
    let rest = ["cost", "charge", "unpriced", "estimated", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"];
    groups.chain(counts).chain(tokens).chain(rest.map(str::to_owned)).collect()
}

/// A row; what is not known is empty.
fn record(row: &UsageRow) -> Vec<String> {
    let amount = |class| row.tokens.iter().find(|(known, _)| *known == class).map_or(0, |(_, amount)| *amount);
    let latencies = match row.latency {
        Some(latency) => [latency.p50, latency.p95, latency.p99].map(millis),
        None => Default::default(),
    };
    let mut record: Vec<String> = row.group.iter().map(|value| as_text(value.as_deref().unwrap_or_default())).collect();
    record.extend([row.requests, row.errors, row.cache_hits].map(|count| count.to_string()));
    record.extend(UsageClass::ALL.map(|class| amount(class).to_string()));
    for amount in [row.spent.known(), row.spent.known_charge()] {
        record.push(amount.known().map(|amount| amount.to_string()).unwrap_or_default());
    }
    record.extend([row.spent.unpriced, row.estimated].map(|count| count.to_string()));
    record.extend(latencies);
    record
}

/// A name as a spreadsheet shows it. Names of users and projects come from outside, and what begins like a formula would be
/// one (OWASP, "CSV injection").
fn as_text(name: &str) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{name}") } else { name.to_owned() }
}

fn millis(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

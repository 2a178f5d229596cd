//! What a run has found, as a table, and each difference by its name.

use crate::budgets::Counter;
use crate::compare::{Comparison, Sum};
use crate::ledger::LedgerRecord;
use crate::prices::dollars;
use std::fmt;
use std::time::Duration;

/// What happened to Baton meanwhile.
#[derive(Debug, Default)]
pub struct Observed {
    pub kills: u32,
    pub times_away: u32,
    pub times_full: u32,
    /// Attempts that took more of a policy than was reserved, as each process said before it went.
    pub overruns: u64,
    /// How often all budgets were looked at while requests were under way.
    pub looks: u32,
    /// Hard budgets that were exceeded then.
    pub exceeded: Vec<String>,
}

/// What the ledger says as a whole.
pub struct Ledgers<'r> {
    pub records: &'r [LedgerRecord],
    /// Requests and cost by the totals of the API.
    pub totals: (u64, i64),
}

/// What counters say.
pub struct Budgets {
    pub counters: Vec<Counter>,
    pub wrong: Vec<String>,
    /// How many counters Baton has compared itself.
    pub verified: u64,
}

/// The result of a run.
pub struct Report {
    rows: Vec<(String, String)>,
    differences: Vec<String>,
}

/// Differences that are printed; a thousand say no more than these.
const PRINTED: usize = 50;

impl Report {
    /// The report of a run.
    pub(crate) fn new(
        mut comparison: Comparison,
        observed: &Observed,
        ledgers: &Ledgers<'_>,
        budgets: Budgets,
        open_calls: usize,
        sending: Duration,
    ) -> Self {
        let mut differences = std::mem::take(&mut comparison.differences);
        differences.extend(observed.exceeded.iter().map(|wrong| format!("while requests were under way: {wrong}")));
        differences.extend(budgets.wrong.iter().cloned());
        if open_calls > 0 {
            differences.push(format!("{open_calls} calls to providers have not ended"));
        }
        let listed = i64::try_from(ledgers.records.len()).unwrap_or(i64::MAX);
        let sum: i64 = ledgers.records.iter().filter_map(sum_of_known).sum();
        if (i64::try_from(ledgers.totals.0).unwrap_or(i64::MAX), ledgers.totals.1) != (listed, sum) {
            let (requests, cost) = (ledgers.totals.0, dollars(ledgers.totals.1));
            differences
                .push(format!("/api/usage: {requests} requests for {cost}, and {listed} for {} listed", dollars(sum)));
        }
        let rows = rows(&comparison, observed, ledgers, &budgets, sending, differences.len());
        Self { rows, differences }
    }

    /// Everything that differs, by name.
    pub fn differences(&self) -> &[String] {
        &self.differences
    }
}

/// What the attempts of a record cost, as far as that is known: totals count each attempt by itself.
fn sum_of_known(record: &LedgerRecord) -> Option<i64> {
    Some(record.attempts.iter().filter_map(|attempt| attempt.cost()).sum())
}

fn rows(
    found: &Comparison,
    observed: &Observed,
    ledgers: &Ledgers<'_>,
    budgets: &Budgets,
    sending: Duration,
    differences: usize,
) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    let sum = |sum: &Sum| format!("{} for {}", sum.number, dollars(sum.nanos));
    let requests: u64 = found.ends.values().sum();
    row("requests sent", format!("{requests} in {:.0} s", sending.as_secs_f64()));
    for (end, number) in &found.ends {
        row(&format!("  {end}"), number.to_string());
    }
    row(
        "kills, times without database, with full disk",
        format!("{}, {}, {}", observed.kills, observed.times_away, observed.times_full),
    );
    row("records in the ledger, by its totals", format!("{} for {}", ledgers.totals.0, dollars(ledgers.totals.1)));
    row("reported calls, ledger = bill", sum(&found.exact));
    for (class, amount) in &found.classes {
        row(&format!("  {class}"), amount.to_string());
    }
    row("replies whose head said what they cost, as the ledger does", found.told.to_string());
    row("calls that providers refused, cost nothing", found.refused_calls.to_string());
    row("replies from the cache, cost nothing", found.hits.to_string());
    row("requests refused before a call, cost nothing", found.refused.to_string());
    row("estimates", sum(&found.estimates));
    for (outcome, estimates) in &found.estimates_by_outcome {
        row(&format!("  {outcome}"), sum(estimates));
    }
    row("  what providers had billed of them", dollars(found.billed_of_estimates.nanos));
    row("  interrupted requests billed above their estimate", sum(&found.underestimated));
    row("attempts of unknown cost", found.unpriced.to_string());
    let values = budgets.counters.len();
    row("counters of budgets compared, verified by Baton", format!("{values}, {}", budgets.verified));
    row("attempts beyond their reservation (overruns)", observed.overruns.to_string());
    row("looks at budgets under way", observed.looks.to_string());
    for counter in budgets.counters.iter().filter(|counter| counter.values.len() < 2) {
        let mode = if counter.is_hard { "hard" } else { "soft" };
        let (spent, amount) = (dollars(counter.spent), dollars(counter.amount));
        row(&format!("  {} ({mode})", counter.name()), format!("{spent} of {amount}"));
    }
    row("differences", differences.to_string());
    rows
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.rows {
            writeln!(f, "{name:width$}  {value}")?;
        }
        for difference in self.differences.iter().take(PRINTED) {
            writeln!(f, "differs: {difference}")?;
        }
        match self.differences.len().checked_sub(PRINTED) {
            Some(more) if more > 0 => writeln!(f, "… and {more} more"),
            _ => Ok(()),
        }
    }
}

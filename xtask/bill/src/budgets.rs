//! Budgets beside the ledger.

use crate::ledger::{LedgerAttempt, LedgerRecord, read_amount};
use crate::node::Api;
use crate::prices::dollars;
use crate::setup::CallerKey;
use anyhow::Context;
use baton_model::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a counter of a budget says.
#[derive(Debug)]
pub struct Counter {
    pub budget: String,
    pub values: BTreeMap<String, String>,
    pub is_hard: bool,
    /// From when it counts.
    pub since: Option<Timestamp>,
    pub amount: i64,
    pub spent: i64,
    pub reserved: i64,
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct BudgetView {
    budget_id: String,
    mode: String,
    period: String,
}

#[derive(Deserialize)]
struct CounterView {
    values: BTreeMap<String, String>,
    amount: Box<RawValue>,
    spent: Box<RawValue>,
    reserved: Box<RawValue>,
    resets_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Me {
    policies: Vec<Standing>,
}

#[derive(Deserialize)]
struct Standing {
    policy: String,
    mode: String,
    amount: Box<RawValue>,
    spent: Box<RawValue>,
    reserved: Box<RawValue>,
    resets_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Verification {
    consistent: bool,
    total: u64,
}

/// Every counter of every budget, those of keys too.
///
/// # Errors
/// If they can't be read.
pub async fn counters(api: &Api, keys: &[CallerKey]) -> anyhow::Result<Vec<Counter>> {
    let mut counters = Vec::new();
    for budget in budgets(api).await? {
        let path = format!("/api/budgets/{}/counters?page_size=100", budget.budget_id);
        let text = api.admin(Method::GET, &path, &Value::Null).await?;
        let views: List<CounterView> = serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))?;
        for view in views.items {
            counters.push(Counter {
                budget: budget.budget_id.clone(),
                values: view.values,
                is_hard: budget.mode == "hard",
                since: period_start(&budget.period, view.resets_at),
                amount: read_amount(&view.amount)?,
                spent: read_amount(&view.spent)?,
                reserved: read_amount(&view.reserved)?,
            });
        }
    }
    // Budgets that keys bring with them are in no list; their callers see them.
    for key in keys.iter().filter(|key| key.has_budget) {
        let (_, text) = api.ask(Method::GET, "/api/me", &key.secret, &Value::Null).await?;
        let me: Me = serde_json::from_str(&text).with_context(|| format!("/api/me: {text}"))?;
        let own = format!("key:{}:budget", key.id);
        for standing in me.policies.iter().filter(|standing| standing.policy == own) {
            counters.push(Counter {
                budget: own.clone(),
                values: BTreeMap::from([("key".to_owned(), key.id.clone())]),
                is_hard: standing.mode == "hard",
                since: period_start("day", standing.resets_at),
                amount: read_amount(&standing.amount)?,
                spent: read_amount(&standing.spent)?,
                reserved: read_amount(&standing.reserved)?,
            });
        }
    }
    Ok(counters)
}

async fn budgets(api: &Api) -> anyhow::Result<Vec<BudgetView>> {
    let text = api.admin(Method::GET, "/api/budgets?page_size=100", &Value::Null).await?;
    let list: List<BudgetView> = serde_json::from_str(&text).with_context(|| format!("/api/budgets: {text}"))?;
    Ok(list.items)
}

/// When the present period has begun. The periods of the run have a length in UTC that is always the same.
fn period_start(period: &str, resets_at: Option<Timestamp>) -> Option<Timestamp> {
    let seconds = match period {
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    resets_at.map(|end| Timestamp(end.0 - seconds * 1_000_000))
}

/// What is wrong with counters while requests are under way: a hard budget is exceeded.
pub fn exceeded(counters: &[Counter]) -> Vec<String> {
    let over = counters.iter().filter(|counter| counter.is_hard && counter.spent + counter.reserved > counter.amount);
    over.map(|counter| {
        let Counter { spent, reserved, amount, .. } = counter;
        let (spent, reserved, amount) = (dollars(*spent), dollars(*reserved), dollars(*amount));
        format!("{}: {spent} spent and {reserved} reserved of {amount}", counter.name())
    })
    .collect()
}

/// What is wrong with counters when all requests are over.
pub fn compare(counters: &[Counter], records: &[LedgerRecord]) -> Vec<String> {
    let mut wrong = exceeded(counters);
    for counter in counters {
        let ledger = counter.sum(records);
        if counter.spent != ledger {
            let (spent, ledger) = (dollars(counter.spent), dollars(ledger));
            wrong.push(format!("{}: {spent} spent, and {ledger} in the ledger", counter.name()));
        }
        if counter.reserved != 0 {
            wrong.push(format!("{}: {} still reserved", counter.name(), dollars(counter.reserved)));
        }
    }
    wrong
}

/// The same by Baton's own comparison; the differences that it finds, and how many counters it looked at.
///
/// # Errors
/// If it can't be asked.
pub async fn verify(api: &Api) -> anyhow::Result<(Vec<String>, u64)> {
    let (mut wrong, mut total) = (Vec::new(), 0);
    for budget in budgets(api).await? {
        let path = format!("/api/budgets/{}/verify", budget.budget_id);
        let text = api.admin(Method::POST, &path, &Value::Null).await?;
        let verified: Verification = serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))?;
        total += verified.total;
        if !verified.consistent {
            wrong.push(format!("{path}: {text}"));
        }
    }
    Ok((wrong, total))
}

impl Counter {
    /// The budget, and the values of the counter.
    pub fn name(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|(field, value)| format!("{field}={value}")).collect();
        format!("budget `{}` {}", self.budget, values.join(" ")).trim_end().to_owned()
    }

    /// What the ledger has of it. An attempt whose cost is not known counts nothing.
    fn sum(&self, records: &[LedgerRecord]) -> i64 {
        let attempts = records.iter().flat_map(|record| record.attempts.iter().map(move |attempt| (record, attempt)));
        let own = attempts.filter(|(record, attempt)| self.counts(record, attempt));
        own.filter_map(|(_, attempt)| attempt.cost()).sum()
    }

    fn counts(&self, record: &LedgerRecord, attempt: &LedgerAttempt) -> bool {
        let is_own = |(field, value): (&String, &String)| match field.as_str() {
            "project" => record.project_id.as_ref() == Some(value),
            "key" => record.key_id.as_ref() == Some(value),
            "user" => record.user_id.as_ref() == Some(value),
            "model" => attempt.model == *value,
            "provider" => attempt.provider == *value,
            _ => false,
        };
        self.since.is_none_or(|since| attempt.started_at >= since) && self.values.iter().all(is_own)
    }
}

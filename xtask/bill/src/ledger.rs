//! The ledger as its readers see it: every record, over the API.

use crate::clients;
use crate::node::Api;
use crate::prices;
use anyhow::Context;
use baton_model::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A record, as far as money goes.
#[derive(Debug, Deserialize)]
pub struct LedgerRecord {
    pub id: String,
    pub outcome: String,
    pub status: u16,
    pub cache: String,
    pub key_id: Option<String>,
    pub project_id: Option<String>,
    pub user_id: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    pub cost: Option<Box<RawValue>>,
    pub attempts: Vec<LedgerAttempt>,
}

/// One of its attempts.
#[derive(Debug, Deserialize)]
pub struct LedgerAttempt {
    pub model: String,
    pub provider: String,
    pub upstream: String,
    pub upstream_request_id: Option<String>,
    pub started_at: Timestamp,
    pub outcome: String,
    pub tokens: BTreeMap<String, u64>,
    /// `reported` or `estimated`.
    pub usage: String,
    pub cost: Option<Box<RawValue>>,
    pub unpriced: Option<String>,
}

/// An amount of money as the API writes it, in nano-dollars.
pub fn read_amount(text: &RawValue) -> anyhow::Result<i64> {
    prices::nanos(text.get()).with_context(|| format!("`{}` is no amount of money", text.get()))
}

fn read_cost(cost: Option<&RawValue>) -> Option<i64> {
    prices::nanos(cost?.get())
}

impl LedgerRecord {
    /// The request of the run that it is of.
    pub fn number(&self) -> Option<u64> {
        self.tags.iter().find_map(|tag| clients::number_of(tag))
    }

    /// `None`: not known.
    pub fn cost(&self) -> Option<i64> {
        read_cost(self.cost.as_deref())
    }
}

impl LedgerAttempt {
    /// `None`: not known.
    pub fn cost(&self) -> Option<i64> {
        read_cost(self.cost.as_deref())
    }

    pub fn is_reported(&self) -> bool {
        self.usage == "reported"
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<LedgerRecord>,
    next_cursor: Option<String>,
}

/// Every record, oldest first. To be called when no request is under way.
///
/// # Errors
/// If a page can't be had or read.
pub async fn read(api: &Api) -> anyhow::Result<Vec<LedgerRecord>> {
    let mut records = Vec::new();
    let mut cursor = String::new();
    loop {
        let text = api.admin(Method::GET, &format!("/api/requests?limit=100{cursor}"), &Value::Null).await?;
        let page: Page = serde_json::from_str(&text).context("a page of requests")?;
        records.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    records.reverse();
    Ok(records)
}

#[derive(Deserialize)]
struct Totals {
    items: Vec<Total>,
}

#[derive(Deserialize)]
struct Total {
    requests: u64,
    cost: Option<Box<RawValue>>,
}

/// Requests and cost of everything, as the totals say.
///
/// # Errors
/// If they can't be had or read.
pub async fn totals(api: &Api) -> anyhow::Result<(u64, i64)> {
    let text = api.admin(Method::GET, "/api/usage", &Value::Null).await?;
    let totals: Totals = serde_json::from_str(&text).with_context(|| format!("the totals: {text}"))?;
    totals.items.iter().try_fold((0, 0), |(requests, cost), total| {
        let own = total.cost.as_deref().map_or(Ok(0), read_amount)?;
        Ok((requests + total.requests, cost + own))
    })
}

//! Headers in and out.

use crate::limit_headers;
use baton_engine::policy::RunBudget;
use baton_engine::{CachePolicy, ReplyHead};
use baton_model::bounds::{FALLBACKS, ID, Maximum, TAGS};
use baton_model::{Clock, Code, Cost, ModelId, Nanos, PublicError};
use baton_web::ClientApi;
use baton_web::bounds;
use baton_web::headers::{forward, text, value};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// The longest `x-baton-timeout`: no call to a provider lasts longer, and arithmetic with a time within it never
/// overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// Client headers that matter to a provider, and so are passed on; the trace context is apart (`trace`).
// Named one by one. `authorization` and `cookie` are for Baton, and must not reach a vendor.
static PASSED_ON: [HeaderName; 6] = [
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("x-client-request-id"),
];

// Made once, because each request is asked for all of them.
const CACHE: HeaderName = HeaderName::from_static("x-baton-cache");
const FALLBACK_MODELS: HeaderName = HeaderName::from_static("x-baton-fallbacks");
const STRICT: HeaderName = HeaderName::from_static("x-baton-strict");
const TIMEOUT: HeaderName = HeaderName::from_static("x-baton-timeout");
const MAX_COST: HeaderName = HeaderName::from_static("x-baton-max-cost");
const RUN_BUDGET: HeaderName = HeaderName::from_static("x-baton-run-budget");
const RUN: HeaderName = HeaderName::from_static("x-baton-run");
const PROJECT: HeaderName = HeaderName::from_static("x-baton-project");
const USER: HeaderName = HeaderName::from_static("x-baton-user");
const TAG_LIST: HeaderName = HeaderName::from_static("x-baton-tags");
const MODEL: HeaderName = HeaderName::from_static("x-baton-model");
const PROVIDER: HeaderName = HeaderName::from_static("x-baton-provider");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-baton-attempts");
const COST: HeaderName = HeaderName::from_static("x-baton-cost");
const WARNING: HeaderName = HeaderName::from_static("x-baton-warning");

/// The `x-baton-…` headers of a request: how it is to be served.
#[derive(Debug, Clone, Default)]
pub struct RequestHeaders {
    /// `x-baton-cache`.
    pub cache: CachePolicy,
    /// `x-baton-fallbacks`.
    pub fallbacks: Option<Vec<ModelId>>,
    /// `x-baton-strict`: `true` refuses what can't be said to the model in full.
    pub strict: bool,
    /// `x-baton-timeout`, in seconds or with a unit (`30`, `1.5s`, `2m`, `500ms`).
    pub timeout: Option<Duration>,
    /// `x-baton-max-cost`, in dollars.
    pub max_cost: Option<Nanos>,
    /// `x-baton-run`.
    pub run: Option<String>,
    /// `x-baton-run-budget`.
    pub run_budget: Option<RunBudget>,
    /// `x-baton-project`.
    pub project: Option<String>,
    /// `x-baton-user`.
    pub user: Option<String>,
    /// `x-baton-tags`.
    pub tags: Vec<String>,
}

impl RequestHeaders {
    /// Reads them.
    ///
    /// # Errors
    /// If one has a value that means nothing: it is named.
    pub fn read(headers: &HeaderMap) -> Result<Self, PublicError> {
        let list = |name: HeaderName, most: usize| -> Result<Option<Vec<String>>, PublicError> {
            let Some(text) = text(headers, &name) else { return Ok(None) };
            let name = name.as_str();
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items: Vec<String> = items.map(str::to_owned).collect();
            bounds::list(name, items.len(), most)?;
            items.iter().try_for_each(|item| bounds::text(name, item, Maximum::Bytes(ID)))?;
            Ok(Some(items))
        };
        let id = |name: HeaderName| -> Result<Option<String>, PublicError> {
            let Some(id) = text(headers, &name) else { return Ok(None) };
            bounds::text(name.as_str(), id, Maximum::Bytes(ID))?;
            Ok(Some(id.to_owned()))
        };
        Ok(Self {
            cache: text(headers, CACHE).map_or(Ok(CachePolicy::Default), cache_policy)?,
            fallbacks: list(FALLBACK_MODELS, FALLBACKS)?.map(|names| names.iter().map(ModelId::from).collect()),
            strict: text(headers, STRICT).map_or(Ok(false), strict)?,
            timeout: text(headers, TIMEOUT).map(timeout).transpose()?,
            max_cost: text(headers, MAX_COST).map(max_cost).transpose()?,
            run: id(RUN)?,
            run_budget: text(headers, RUN_BUDGET).map(run_budget).transpose()?,
            project: id(PROJECT)?,
            user: id(USER)?,
            tags: list(TAG_LIST, TAGS)?.unwrap_or_default(),
        })
    }
}

fn cache_policy(text: &str) -> Result<CachePolicy, PublicError> {
    let age = text.strip_prefix("max-age=").and_then(|seconds| seconds.parse().ok());
    match (text, age) {
        ("no-store", _) => Ok(CachePolicy::NoStore),
        ("no-cache", _) => Ok(CachePolicy::NoCache),
        (_, Some(seconds)) => Ok(CachePolicy::MaxAge(Duration::from_secs(seconds))),
        _ => Err(header_error("x-baton-cache", "no-store, no-cache or max-age=SECONDS", text)),
    }
}

fn strict(text: &str) -> Result<bool, PublicError> {
    text.parse().map_err(|_| header_error("x-baton-strict", "true or false", text))
}

fn max_cost(text: &str) -> Result<Nanos, PublicError> {
    let wrong = || header_error("x-baton-max-cost", "dollars of at most nine decimal places, such as 0.05", text);
    Nanos::parse(text.trim()).ok_or_else(wrong)
}

fn run_budget(text: &str) -> Result<RunBudget, PublicError> {
    let expected = "dollars such as 0.50, or a list such as cost=0.50,requests=20,tokens=100000";
    RunBudget::parse(text).ok_or_else(|| header_error("x-baton-run-budget", expected, text))
}

fn timeout(text: &str) -> Result<Duration, PublicError> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => Some(1.0),
        "ms" => Some(0.001),
        "m" => Some(60.0),
        _ => None,
    };
    let seconds = number.trim().parse::<f64>().ok().zip(unit).map(|(number, unit)| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|timeout| !timeout.is_zero() && *timeout <= LONGEST_TIMEOUT)
        .ok_or_else(|| {
            header_error("x-baton-timeout", "a time of at most 24 hours such as 30, 1.5s, 2m or 500ms", text)
        })
}

fn header_error(name: &str, expected: &str, got: &str) -> PublicError {
    PublicError::new(Code::InvalidRequest, format!("{name}: must be {expected}, got {got}")).at(name)
}

/// The client's headers that are passed on to a provider.
pub fn headers_to_forward(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &HeaderName| Some((name.as_str().to_owned(), text(headers, name)?.to_owned()));
    PASSED_ON.iter().filter_map(value).collect()
}

/// Says in the response's headers who replied, and how.
pub fn describe(headers: &mut HeaderMap, head: &ReplyHead, api: ClientApi, clock: &dyn Clock) {
    headers.reserve(baton_web::headers::USUAL);
    // First, so that Baton's own headers win over those of the same name from a provider.
    forward(headers, &head.headers);
    headers.insert(MODEL, value(head.model.as_str()));
    headers.insert(PROVIDER, value(head.provider.as_str()));
    headers.insert(CACHE, HeaderValue::from_static(head.cache.name()));
    headers.insert(ATTEMPTS, HeaderValue::from(head.attempts));
    if let Some(cost) = head.bill.get() {
        let cost = match cost {
            Cost::Known(nanos) => value(&nanos.to_string()),
            Cost::Unpriced => HeaderValue::from_static("unpriced"),
        };
        headers.insert(COST, cost);
    }
    if !head.standings.is_empty() {
        limit_headers::describe(headers, &head.standings, api, clock.now());
    }
    for warning in &head.warnings {
        // Appended: one header for each warning.
        headers.append(WARNING, value(warning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(timeout("30"), Ok(Duration::from_secs(30)));
        assert_eq!(timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(timeout("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(timeout("86400"), Ok(LONGEST_TIMEOUT));
        for wrong in ["0", "-1", "soon", "5h", "NaN", "inf", "86401", "9300000000000000000", "1e300m"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }
}

//! What a budget or a limit may say. The API and the configuration ask here alone.

use crate::faults::Faults;
use baton_engine::policy::is_time_zone;
use baton_model::bounds::{self, Maximum};
use baton_model::entity::{Budget, Measure, OwnBudget, OwnLimits, PolicyScope, RateLimit, ScopeValues};
use baton_model::price::Factor;
use baton_model::{Nanos, Timestamp};

/// The most dollars of a budget or limit. In nano-dollars that is a little less than 2^53: Redis counts in floats, which
/// hold no larger integer exactly.
const MOST_DOLLARS: i64 = 9_000_000;
/// The most requests or tokens, for the same reason.
const MOST: u64 = 9_000_000_000_000_000;
/// What ids begin with that are made of the shorthand on keys, projects and users.
const RESERVED: [&str; 3] = ["project:", "key:", "user:"];

/// Notes every field of a budget that is wrong.
pub fn check_budget(budget: &Budget, now: Timestamp, faults: &mut Faults) {
    check_id("budget_id", &budget.budget_id, faults);
    check_scope(&budget.scope, faults);
    check_amount("amount", budget.amount, faults);
    // What it is raised by for a while counts too.
    if budget.amount <= most_dollars() && budget.amount_at(now) > most_dollars() {
        faults.add("amount", format!("must be at most {MOST_DOLLARS} dollars with what the budget is raised by"));
    }
    if let Some(name) = budget.timezone.as_deref().filter(|name| !is_time_zone(name)) {
        let name = bounds::truncate(name, 40);
        faults.add("timezone", format!("unknown time zone `{name}`; use a name such as Europe/Berlin or UTC"));
    }
    check_alerts(&budget.alerts, faults);
}

/// Notes every field of a limit that is wrong.
pub fn check_limit(limit: &RateLimit, faults: &mut Faults) {
    check_id("limit_id", &limit.limit_id, faults);
    check_scope(&limit.scope, faults);
    let measures: Vec<(Measure, u64)> = limit.measures().collect();
    let Some(((measure, amount), others)) = measures.split_first() else {
        let [first, others @ ..] = Measure::ALL.map(Measure::name);
        faults.add(first, format!("is required, or one of {}: what does the limit count?", others.join(", ")));
        return;
    };
    for (other, _) in others {
        faults.add(other.name(), format!("can't be combined with `{}`: a limit has one measure", measure.name()));
    }
    match (*measure, limit.cost) {
        (Measure::Cost, Some(cost)) => check_amount("cost", cost, faults),
        _ => check_number(measure.name(), *amount, faults),
    }
    match (*measure, limit.per) {
        (Measure::Concurrency, Some(_)) => {
            faults.add("per", "can't be combined with `concurrency`, which counts requests under way");
        }
        (measure, None) if measure != Measure::Concurrency => {
            faults.add("per", format!("is required with `{}`: second, minute, hour or day", measure.name()));
        }
        _ => {}
    }
    match (*measure, limit.burst) {
        (Measure::Concurrency | Measure::Cost, Some(_)) => {
            faults.add("burst", format!("can't be combined with `{}`", measure.name()));
        }
        (_, Some(0)) => faults.add("burst", "must be at least 1, got 0"),
        (_, Some(burst)) if burst > *amount => {
            faults.add("burst", format!("must be at most {amount}, as `{}` says, got {burst}", measure.name()));
        }
        _ => {}
    }
}

/// Notes every field that is wrong in the shorthand of a key, project or user; `at` is what stands before the names of the
/// fields: nothing, or a field that holds them and a point.
pub fn check_own(at: &str, budget: Option<&OwnBudget>, limits: Option<&OwnLimits>, faults: &mut Faults) {
    if let Some(OwnBudget { amount, period: _ }) = budget {
        check_amount(&format!("{at}budget.amount"), *amount, faults);
    }
    let Some(OwnLimits { rpm, tpm, concurrency }) = limits else { return };
    for (field, number) in [("rpm", rpm), ("tpm", tpm), ("concurrency", concurrency)] {
        if let Some(number) = number {
            check_number(&format!("{at}limits.{field}"), *number, faults);
        }
    }
    if (rpm, tpm, concurrency) == (&None, &None, &None) {
        faults.add(format!("{at}limits"), "must have rpm, tpm or concurrency; null removes all of them");
    }
}

fn most_dollars() -> Nanos {
    Nanos(MOST_DOLLARS * Nanos::DOLLAR.0)
}

/// Notes an amount of money that is none.
pub(super) fn check_amount(field: &str, amount: Nanos, faults: &mut Faults) {
    if amount <= Nanos::ZERO || amount > most_dollars() {
        faults.add(field, format!("must be more than 0 and at most {MOST_DOLLARS} dollars, got {amount}"));
    }
}

fn check_number(field: &str, number: u64, faults: &mut Faults) {
    if number == 0 || number > MOST {
        faults.add(field, format!("must be at least 1 and at most {MOST}, got {number}"));
    }
}

fn check_id(field: &str, id: &str, faults: &mut Faults) {
    let reserved = RESERVED.into_iter().find(|reserved| id.starts_with(reserved));
    if id.trim() != id || id.is_empty() {
        faults.add(field, "must not be empty, and must not begin or end with a space");
    } else if let Err(problem) = check_name(id) {
        faults.add(field, problem);
    } else if let Some(reserved) = reserved {
        faults.add(field, format!("must not begin with `{reserved}`, as the policies of projects and keys do"));
    }
}

/// Whether a text can be an id or a value of a scope.
fn check_name(name: &str) -> Result<(), String> {
    Maximum::Bytes(bounds::ID).check(name)?;
    if name.chars().any(char::is_control) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(())
}

fn check_scope(scope: &PolicyScope, faults: &mut Faults) {
    let mut bytes = 0;
    for (name, values) in scope.fields() {
        let ScopeValues::Each(values) = values else { continue };
        bytes += values.iter().map(|value| value.len()).sum::<usize>();
        let number = Maximum::Entries(bounds::SCOPE_VALUES).check_length(values.len());
        let checked = number.and_then(|()| values.iter().try_for_each(|value| check_name(value)));
        if let Err(problem) = checked {
            faults.add(format!("scope.{name}"), problem);
        }
    }
    if let Err(problem) = Maximum::Bytes(bounds::SCOPE_BYTES).check_length(bytes) {
        faults.add("scope", format!("all values together {problem}"));
    }
}

fn check_alerts(alerts: &[Factor], faults: &mut Faults) {
    let in_range = alerts.iter().all(|part| *part > Factor::millionths(0) && *part <= Factor::ONE);
    if let Err(problem) = Maximum::Entries(bounds::ALERTS).check_length(alerts.len()) {
        faults.add("alerts", problem);
    } else if !in_range {
        faults.add("alerts", "must be parts of the amount: more than 0 and at most 1, such as 0.5");
    } else if !alerts.is_sorted_by(|one, next| one < next) {
        faults.add("alerts", "must be in ascending order, each part once");
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn faults_of(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults);
        faults.list().iter().map(|fault| fault.field.clone()).collect()
    }

    fn check_of_budget(json: &str, expected: &[&str]) {
        let base = Budget { amount: Nanos::DOLLAR, ..Budget::new("b") };
        let budget = merge(&base, json);
        assert_eq!(faults_of(|faults| check_budget(&budget, Timestamp(7), faults)), expected, "{json}");
    }

    fn check_of_limit(json: &str, expected: &[&str]) {
        let limit = merge(&RateLimit::new("l"), json);
        assert_eq!(faults_of(|faults| check_limit(&limit, faults)), expected, "{json}");
    }

    fn merge<T: baton_model::schema::RegisteredSchema>(thing: &T, json: &str) -> T {
        let given: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_str(json).unwrap();
        let given: Vec<_> =
            given.into_iter().map(|(name, value)| (name, baton_model::chat::Json(value.to_string()))).collect();
        baton_model::schema::merge_fields(thing, &given).unwrap()
    }

    #[test]
    fn a_budget_has_an_amount_and_known_times() {
        check_of_budget("{}", &[]);
        check_of_budget(r#"{"amount": 9000000, "timezone": "Europe/Berlin", "alerts": [0.5, 0.9, 1]}"#, &[]);
        check_of_budget(r#"{"amount": 0}"#, &["amount"]);
        check_of_budget(r#"{"amount": 9000000.000000001}"#, &["amount"]);
        check_of_budget(
            r#"{"amount": 8999999, "raised": {"amount": 2, "until": "2999-01-01T00:00:00Z"}}"#,
            &["amount"],
        );
        check_of_budget(r#"{"amount": 8999999, "raised": {"amount": 2, "until": "1969-01-01T00:00:00Z"}}"#, &[]);
        check_of_budget(r#"{"timezone": "Berlin", "alerts": [0]}"#, &["timezone", "alerts"]);
        check_of_budget(r#"{"alerts": [1.1]}"#, &["alerts"]);
        check_of_budget(r#"{"alerts": [0.9, 0.5]}"#, &["alerts"]);
        check_of_budget(r#"{"alerts": [0.5, 0.5]}"#, &["alerts"]);
        let many: Vec<f64> = (1..=17).map(|part| f64::from(part) / 100.0).collect();
        check_of_budget(&serde_json::json!({ "alerts": many }).to_string(), &["alerts"]);
        for id in ["", " b", "project:search:budget", "key:1", "a\nb"] {
            check_of_budget(&serde_json::json!({ "budget_id": id }).to_string(), &["budget_id"]);
        }
    }

    #[test]
    fn a_scope_is_bounded() {
        let values = |number: usize| (0..number).map(|value| format!("v{value}")).collect::<Vec<_>>();
        check_of_budget(&serde_json::json!({ "scope": { "user": values(256), "key": "*" } }).to_string(), &[]);
        check_of_budget(&serde_json::json!({ "scope": { "user": values(257) } }).to_string(), &["scope.user"]);
        check_of_budget(&serde_json::json!({ "scope": { "tag": "x".repeat(257) } }).to_string(), &["scope.tag"]);
        let long: Vec<String> = (0..100).map(|value| format!("{value:0250}")).collect();
        check_of_budget(&serde_json::json!({ "scope": { "tag": long } }).to_string(), &["scope"]);
    }

    #[test]
    fn a_limit_has_one_measure() {
        check_of_limit(r#"{"requests": 5, "per": "minute", "burst": 5}"#, &[]);
        check_of_limit(r#"{"cost": 0.5, "per": "day"}"#, &[]);
        check_of_limit(r#"{"concurrency": 5}"#, &[]);
        check_of_limit("{}", &["requests"]);
        check_of_limit(r#"{"requests": 5, "tokens": 5, "cost": 1, "per": "hour"}"#, &["tokens", "cost"]);
        check_of_limit(r#"{"tokens": 5}"#, &["per"]);
        check_of_limit(r#"{"concurrency": 5, "per": "hour", "burst": 2}"#, &["per", "burst"]);
        check_of_limit(r#"{"requests": 5, "per": "hour", "burst": 0}"#, &["burst"]);
        check_of_limit(r#"{"requests": 5, "per": "hour", "burst": 6}"#, &["burst"]);
        check_of_limit(r#"{"cost": 5, "per": "hour", "burst": 1}"#, &["burst"]);
        check_of_limit(r#"{"cost": 0, "per": "hour"}"#, &["cost"]);
        check_of_limit(r#"{"requests": 0, "per": "hour"}"#, &["requests"]);
        check_of_limit(r#"{"tokens": 9000000000000001, "per": "hour"}"#, &["tokens"]);
    }

    #[test]
    fn shorthand_has_numbers() {
        let own = |json: &str| serde_json::from_str::<OwnLimits>(json).unwrap();
        let budget: OwnBudget = serde_json::from_str(r#"{"amount": 0, "period": "day"}"#).unwrap();
        let limits = own(r#"{"rpm": 0, "tpm": 1, "concurrency": 0}"#);
        let faults = faults_of(|faults| check_own("", Some(&budget), Some(&limits), faults));
        assert_eq!(faults, ["budget.amount", "limits.rpm", "limits.concurrency"]);
        assert_eq!(faults_of(|faults| check_own("", None, Some(&own("{}")), faults)), ["limits"]);
        assert!(faults_of(|faults| check_own("", None, None, faults)).is_empty());
    }
}

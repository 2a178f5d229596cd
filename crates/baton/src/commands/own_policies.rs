//! The budget and limits of a key, project or user as arguments.

use super::scope::keep_fields;
use clap::Args;
use serde_json::{Map, Value, json};

/// What takes a budget or limits away.
const NONE: &str = "none";

/// A budget and limits of its own.
#[derive(Args)]
pub struct OwnPolicyArguments {
    /// What its requests may cost in a period, such as 500/month; none takes the budget away
    #[arg(long, value_name = "DOLLARS/PERIOD", value_parser = budget)]
    pub budget: Option<Value>,
    /// Requests a minute, tokens a minute and requests at once, such as rpm=60,tpm=100000,concurrency=5; none takes the limits
    /// away
    #[arg(long, value_name = "LIMITS", value_parser = limits)]
    pub limits: Option<Value>,
}

impl OwnPolicyArguments {
    /// As fields of a body: those that were given.
    pub fn fields(&self) -> Map<String, Value> {
        keep_fields([("budget", self.budget.clone()), ("limits", self.limits.clone())])
    }
}

fn budget(text: &str) -> Result<Value, String> {
    match text.split_once('/') {
        _ if text == NONE => Ok(Value::Null),
        // The amount as text, which the API reads as an exact decimal.
        Some((amount, period)) if !amount.is_empty() => Ok(json!({ "amount": amount, "period": period })),
        _ => Err("must be DOLLARS/PERIOD, such as 500/month, or none".to_owned()),
    }
}

fn limits(text: &str) -> Result<Value, String> {
    let wrong = || "must be such as rpm=60,tpm=100000,concurrency=5, or none".to_owned();
    if text == NONE {
        return Ok(Value::Null);
    }
    let mut limits = Map::new();
    for part in text.split(',') {
        let (name, number) = part.split_once('=').ok_or_else(wrong)?;
        limits.insert(name.trim().to_owned(), json!(number.trim().parse::<u64>().map_err(|_| wrong())?));
    }
    Ok(limits.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_and_limits_in_one_word() {
        assert_eq!(budget("12.50/day"), Ok(json!({ "amount": "12.50", "period": "day" })));
        assert_eq!((budget("none"), limits("none")), (Ok(Value::Null), Ok(Value::Null)));
        assert_eq!(limits("rpm=60, tpm=5"), Ok(json!({ "rpm": 60, "tpm": 5 })));
        for wrong in ["", "5", "/day"] {
            assert!(budget(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "rpm", "rpm=", "rpm=-1", "rpm=1,,"] {
            assert!(limits(wrong).is_err(), "{wrong}");
        }
    }
}

//! A value as a person reads it.

use serde_json::Value;

/// A value in a table.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => seconds(text),
        Value::Number(_) => number(value),
        Value::Array(items) if items.is_empty() => "-".into(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A number without an exponent.
pub fn number(value: &Value) -> String {
    match value.as_f64() {
        // Money has nine places at most; a float's own short form of it may be `2e-8`.
        Some(number) if value.is_f64() => {
            let text = format!("{number:.9}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => value.to_string(),
    }
}

/// A time without fractions of a second; any other text as it is.
fn seconds(text: &str) -> String {
    let is_time = || chrono::DateTime::parse_from_rfc3339(text).is_ok();
    match text.split_once('.') {
        // The length first, because almost every cell is no time, and then the parser is not asked.
        Some((until_seconds, _)) if until_seconds.len() == 19 && text.ends_with('Z') && is_time() => {
            format!("{until_seconds}Z")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cell;
    use serde_json::json;

    #[test]
    fn values_are_readable() {
        for (value, text) in [
            (json!(2e-8), "0.00000002"),
            (json!(9.5e-7), "0.00000095"),
            (json!(1.5), "1.5"),
            (json!(12), "12"),
            (json!(null), "-"),
            (json!([]), "-"),
            (json!(["CHAT", "EMBEDDING"]), "CHAT, EMBEDDING"),
            (json!("2026-11-27T02:25:04.123456Z"), "2026-11-27T02:25:04Z"),
            (json!("2026-11-27T02:25:04Z"), "2026-11-27T02:25:04Z"),
            (json!("llama3.2:latestZ"), "llama3.2:latestZ"),
        ] {
            assert_eq!(cell(&value), text);
        }
    }
}

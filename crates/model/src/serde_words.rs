//! What serde says of a value, in the words of this service. Its sentences name types of Rust (`expected u64`) and are
//! the same from `serde_json` and `toml`, so this is the one place that reads them.

use std::borrow::Cow;

/// What is wrong with a value, as the rest of a sentence about its field: `must be an integer of at least 0, got -1`.
/// A sentence that is not serde's own is returned as it is.
pub fn describe(text: &str) -> Cow<'_, str> {
    let text = without_place(text);
    if let Some(field) = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return Cow::Owned(format!("`{field}` is required"));
    }
    if let Some(field) = text.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        return Cow::Owned(format!("`{field}` is given twice"));
    }
    if let Some((word, known)) = text.strip_prefix("unknown variant `").and_then(|rest| rest.split_once("`, expected "))
    {
        return Cow::Owned(format!("must be {known}, got `{word}`"));
    }
    match expected(text) {
        Some((got, expected)) => Cow::Owned(format!("must be {}, got {}", kind(expected), value(got))),
        None => Cow::Borrowed(text),
    }
}

/// The same, where the caller can show the value better than serde does.
pub fn describe_value(text: &str, value: &str) -> String {
    match expected(text) {
        Some((_, expected)) => format!("must be {}, got {value}", kind(expected)),
        None => describe(text).into_owned(),
    }
}

/// What serde got, and what it expected.
fn expected(text: &str) -> Option<(&str, &str)> {
    let text = without_place(text);
    let wrong =
        ["invalid type: ", "invalid value: ", "invalid length "].iter().find_map(|kind| text.strip_prefix(kind));
    // The last one, because the value that serde repeats may contain these words.
    wrong?.rsplit_once(", expected ")
}

/// `serde_json` adds where in the text it was; the field's path says that better.
fn without_place(text: &str) -> &str {
    // The last one here too, for the same reason.
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

fn kind(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" => "an integer of at least 0",
        "i8" | "i16" | "i32" | "i64" => "an integer",
        "f32" | "f64" => "a number",
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => {
            "a positive integer"
        }
        "a duration" => "a time such as 500ms, 30s or 24h",
        // serde names the type of Rust.
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("tuple ") => "an array",
        other => other,
    }
}

fn value(got: &str) -> String {
    let inside = |kind: &str| got.strip_prefix(kind).map(|rest| rest.trim_matches('`').to_owned());
    match got {
        "sequence" => "an array".to_owned(),
        "map" => "an object".to_owned(),
        "unit value" | "null" => "null".to_owned(),
        _ => ["string ", "integer ", "floating point ", "boolean ", "character "]
            .into_iter()
            .find_map(inside)
            .unwrap_or_else(|| got.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn serdes_sentences_are_reworded() {
        for (text, words) in [
            ("invalid value: integer `-1`, expected u64", "must be an integer of at least 0, got -1"),
            ("invalid type: string \"many\", expected u64", "must be an integer of at least 0, got \"many\""),
            ("invalid type: map, expected a string at line 3 column 1", "must be a string, got an object"),
            ("invalid type: boolean `true`, expected a sequence", "must be an array, got true"),
            (
                "invalid value: string \"soon\", expected a duration",
                "must be a time such as 500ms, 30s or 24h, got \"soon\"",
            ),
            ("unknown variant `x`, expected `a` or `b`", "must be `a` or `b`, got `x`"),
            ("invalid type: integer `5`, expected struct Delivery", "must be an object, got 5"),
            ("missing field `kind`", "`kind` is required"),
            ("duplicate field `kind`", "`kind` is given twice"),
            ("must be at most 100 years", "must be at most 100 years"),
        ] {
            assert_eq!(describe(text), words, "{text}");
        }
    }
}

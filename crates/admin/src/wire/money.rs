//! Money on the wire: exact decimals, never floats.

use baton_model::Nanos;

/// Reads dollars from JSON text: a decimal as a string or as a number, times ten to the `shift`
/// ([`Nanos::parse_scaled`]).
pub fn read(json: &str, shift: i32) -> Option<Nanos> {
    let text = match serde_json::from_str::<String>(json) {
        Ok(text) => text,
        Err(_) => json.to_owned(),
    };
    Nanos::parse_scaled(text.trim(), shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (json, shift, nanos) in [
            ("0.59", 0, Some(590_000_000)),
            ("\"0.59\"", 0, Some(590_000_000)),
            ("15", 0, Some(15_000_000_000)),
            ("1.50", 0, Some(1_500_000_000)),
            ("0", 0, Some(0)),
            ("0.0", 0, Some(0)),
            ("5e-07", 6, Some(500_000_000)),
            ("0.0000025", 6, Some(2_500_000_000)),
            ("1E+1", 0, Some(10_000_000_000)),
            ("0.000000001", 0, Some(1)),
            ("0.0000000001", 0, None),
            ("-1", 0, None),
            ("NaN", 0, None),
            ("\"\"", 0, None),
            ("1e999999999", 0, None),
            ("1e-999999999", 0, None),
            ("0e999999999", 0, Some(0)),
            ("true", 0, None),
            ("[1]", 0, None),
            ("99999999999999", 0, None),
            (".5", 0, None),
            ("5.", 0, None),
        ] {
            assert_eq!(read(json, shift).map(|nanos| nanos.0), nanos, "{json} {shift}");
        }
    }
}

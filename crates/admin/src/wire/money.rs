//! Money on the wire: exact decimals, never floats.

use baton_model::Nanos;

/// Reads dollars from JSON text: a decimal as a string or as a number, times ten to the `shift`. Some programs write
/// small numbers with an exponent (`5e-07`), which is as exact. `None` for what is negative, has more than nine decimal
/// places after the shift, or is no decimal at all.
pub fn read(json: &str, shift: i32) -> Option<Nanos> {
    let text = match serde_json::from_str::<String>(json) {
        Ok(text) => text,
        Err(_) => json.to_owned(),
    };
    let text = text.trim();
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || mantissa.ends_with('.') {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(shift)?;
    Nanos::parse(&place_point(digits.trim_end_matches('0'), point)?)
}

/// The digits with the point after that many of them.
fn place_point(digits: &str, point: i32) -> Option<String> {
    // `1e999999999` would otherwise be written out in a gigabyte of zeros. No amount that fits nanos has so many
    // digits.
    const WIDEST: i32 = 64;
    // Before the bound: zero is zero, whatever its exponent.
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    if !(-WIDEST..=WIDEST).contains(&point) {
        return None;
    }
    let Ok(point) = usize::try_from(point) else {
        let zeros = usize::try_from(-point).ok()?;
        return Some(format!("0.{}{digits}", "0".repeat(zeros)));
    };
    if point >= digits.len() {
        return Some(format!("{digits:0<point$}"));
    }
    let (whole, fraction) = digits.split_at(point);
    Some(format!("{}.{fraction}", if whole.is_empty() { "0" } else { whole }))
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

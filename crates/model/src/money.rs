//! Money as integers.

use std::fmt;

/// An amount in nano-dollars: 1 dollar is 1,000,000,000. Never a float, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One dollar.
    pub const DOLLAR: Self = Self(1_000_000_000);

    /// Reads decimal dollars (`"0.59"`, `"15"`, `"1.25"`); more than nine decimal places, signs and exponents are
    /// refused, since rounding a price silently would be worse than asking again.
    pub fn parse(dollars: &str) -> Option<Self> {
        let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // `1.` has no fraction either, and would pass as `1` if its end were not looked at.
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 || dollars.ends_with('.') {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        // Filled on the right: `.5` is 500,000,000 nano-dollars.
        let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
        whole.checked_mul(Self::DOLLAR.0)?.checked_add(fraction).map(Self)
    }

    /// Reads decimal dollars times ten to the `shift`, exactly. Some programs write small numbers with an exponent
    /// (`5e-07`), which is as exact. `None` for what is negative, has more than nine decimal places after the shift, or
    /// is no decimal at all.
    pub fn parse_scaled(text: &str, shift: i32) -> Option<Self> {
        Self::parse(&place_point(&Decimal::split(text)?, shift)?)
    }

    /// The same, rounded half up to nine decimal places: for lists that others made with floats.
    pub fn parse_rounded(text: &str, shift: i32) -> Option<Self> {
        let decimal = place_point(&Decimal::split(text)?, shift)?;
        let Some((whole, fraction)) = decimal.split_once('.') else { return Self::parse(&decimal) };
        let exact = Self::parse(&format!("{whole}.{}", fraction.get(..9).unwrap_or(fraction)))?;
        let up = fraction.as_bytes().get(9).is_some_and(|digit| *digit >= b'5');
        Some(exact + Self(i64::from(up)))
    }
}

/// The digits of a decimal without its point, and how many of them stand before it.
struct Decimal {
    digits: String,
    point: i32,
}

impl Decimal {
    fn split(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || mantissa.ends_with('.') {
            return None;
        }
        let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
        Some(Self { digits: format!("{whole}{fraction}"), point })
    }
}

/// The decimal as text, times ten to the `shift`.
fn place_point(decimal: &Decimal, shift: i32) -> Option<String> {
    // `1e999999999` would otherwise be written out in a gigabyte of zeros. No amount that fits nanos has so many
    // digits.
    const WIDEST: i32 = 64;
    let (digits, point) = (decimal.digits.trim_end_matches('0'), decimal.point.checked_add(shift)?);
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

impl std::ops::Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        // Saturates at nine billion dollars, which no honest bill reaches; a provider may report any number of
        // tokens.
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, std::ops::Add::add)
    }
}

/// Exact decimal dollars without trailing zeros: `0.00042`, `12`, `-0.5`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        // `unsigned_abs`: the absolute value of the smallest number is no i64.
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let (mut fraction, mut digits) = (fraction, 9);
        while fraction % 10 == 0 {
            (fraction, digits) = (fraction / 10, digits - 1);
        }
        write!(f, "{sign}{whole}.{fraction:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::Nanos;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_exact_decimals() {
        for (text, nanos) in [("0.59", 590_000_000), ("15", 15_000_000_000), ("0.000000001", 1), ("0", 0)] {
            assert_eq!(Nanos::parse(text), Some(Nanos(nanos)));
            assert_eq!(Nanos(nanos).to_string(), text);
        }
        for wrong in ["", ".5", "5.", "-1", "1e3", "0.0000000001", "1,5", "99999999999999999999"] {
            assert_eq!(Nanos::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_floats_made_longer_is_rounded() {
        for (text, shift, nanos) in [
            ("2.4999999999999998e-07", 6, Some(250_000_000)),
            ("1.3e-07", 6, Some(130_000_000)),
            ("0.0000000005", 0, Some(1)),
            ("0.00000000049", 0, Some(0)),
            ("15", 0, Some(15_000_000_000)),
            ("-1", 0, None),
            ("1e400", 0, None),
            ("x", 6, None),
        ] {
            assert_eq!(Nanos::parse_rounded(text, shift).map(|nanos| nanos.0), nanos, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", shift in -70..70) {
            let (exact, rounded) = (Nanos::parse_scaled(&text, shift), Nanos::parse_rounded(&text, shift));
            prop_assert!(exact.is_none() || exact == rounded);
        }

        #[test]
        fn what_is_written_reads_back(nanos in 0..=i64::MAX) {
            prop_assert_eq!(Nanos::parse(&Nanos(nanos).to_string()), Some(Nanos(nanos)));
        }
    }
}

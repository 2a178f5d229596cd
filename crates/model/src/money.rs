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
        let fraction = format!("{fraction:09}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
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

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos in 0..=i64::MAX) {
            prop_assert_eq!(Nanos::parse(&Nanos(nanos).to_string()), Some(Nanos(nanos)));
        }
    }
}

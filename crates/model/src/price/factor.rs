//! What a rate is multiplied by, as an integer.

use crate::money::Nanos;
use std::fmt;

/// What rates are multiplied by: half for a batch, 1.1 for a region. In millionths, so that no float is on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(u32);

impl Factor {
    /// Once.
    pub const ONE: Self = Self(1_000_000);

    /// So many millionths.
    pub const fn millionths(millionths: u32) -> Self {
        Self(millionths)
    }

    /// In millionths.
    pub fn in_millionths(self) -> u64 {
        u64::from(self.0)
    }

    /// Reads a decimal of at most six places, up to 1000: `1.1`, `0.5`, `6`.
    pub fn parse(text: &str) -> Option<Self> {
        // A factor has the form of an amount, with fewer places.
        let nanos = Nanos::parse(text)?.0;
        let millionths = u32::try_from(nanos / 1_000).ok()?;
        (nanos % 1_000 == 0 && millionths <= 1_000_000_000).then_some(Self(millionths))
    }

    /// The amount so many times, rounded half up; the largest amount if it is more.
    pub fn of(self, amount: Nanos) -> Nanos {
        let product = i128::from(amount.0) * i128::from(self.0);
        Nanos(i64::try_from((product + 500_000).div_euclid(1_000_000)).unwrap_or(i64::MAX))
    }
}

/// An exact decimal without trailing zeros.
impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Nanos(i64::from(self.0) * 1_000).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_exact_decimals() {
        for (text, millionths) in [("1.1", 1_100_000), ("0.5", 500_000), ("6", 6_000_000), ("0.000001", 1), ("0", 0)] {
            assert_eq!(Factor::parse(text), Some(Factor(millionths)), "{text}");
            assert_eq!(Factor(millionths).to_string(), text);
        }
        for wrong in ["", "-1", "1.0000001", "1e3", "1001", "x"] {
            assert_eq!(Factor::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn products_round_half_up_and_saturate() {
        for (factor, amount, product) in
            [("1.1", 10, 11), ("0.5", 3, 2), ("0.5", 1, 1), ("1.1", 0, 0), ("1000", i64::MAX, i64::MAX)]
        {
            assert_eq!(Factor::parse(factor).map(|factor| factor.of(Nanos(amount))), Some(Nanos(product)), "{factor}");
        }
    }
}

//! How a row keeps what a project is charged, as a part of the cost.

use baton_model::price::Factor;

/// What parts of a cost a stored factor counts: few enough that the product with a cost stays far from the largest integer.
pub(super) const FACTOR_PARTS: i64 = 10_000;
/// A cost beyond which the product would not.
pub(super) const LARGE_COST: i64 = i64::MAX / (20 * FACTOR_PARTS);

/// A charge factor as a row keeps it, in ten-thousandths.
pub(super) fn stored_factor(factor: Factor) -> i64 {
    i64::try_from(factor.in_millionths()).unwrap_or(i64::MAX) / (1_000_000 / FACTOR_PARTS)
}

/// The factor of a row.
pub(super) fn read_factor(stored: i64) -> Option<Factor> {
    u32::try_from(stored.checked_mul(1_000_000 / FACTOR_PARTS)?).ok().map(Factor::millionths)
}

//! A sliding window, in parts.

use baton_model::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// Parts of a window.
pub(crate) const PARTS: i64 = 64;

/// The length of a part, in microseconds.
pub(crate) fn part_length(window: Duration) -> i64 {
    // Rounded up, so that the parts together are never shorter than the window.
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX).saturating_add(PARTS - 1).div_euclid(PARTS).max(1)
}

/// Which part a moment is in.
pub(crate) fn part_of(moment: Timestamp, length: i64) -> i64 {
    moment.0.div_euclid(length)
}

/// What was taken in each part of a window, oldest first.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: VecDeque<(i64, u64)>,
    sum: u64,
}

impl Parts {
    /// All that counts now: the part that the window's first moment is in counts whole.
    pub fn sum(&mut self, now: Timestamp, length: i64) -> u64 {
        let oldest = part_of(now, length) - PARTS;
        while let Some((part, amount)) = self.parts.front().copied()
            && part < oldest
        {
            self.parts.pop_front();
            self.sum = self.sum.saturating_sub(amount);
        }
        self.sum
    }

    /// Adds to the part of a moment.
    pub fn add(&mut self, moment: Timestamp, length: i64, amount: u64) {
        let part = part_of(moment, length);
        self.sum = self.sum.saturating_add(amount);
        match self.parts.iter_mut().rev().find(|(known, _)| *known <= part) {
            Some((known, sum)) if *known == part => *sum = sum.saturating_add(amount),
            // Clocks of several threads may differ by a moment: the order is kept.
            _ => {
                let at = self.parts.iter().rposition(|(known, _)| *known < part).map_or(0, |at| at + 1);
                self.parts.insert(at, (part, amount));
            }
        }
    }

    /// What was taken in the part of a moment comes to another amount. Nothing, if that part counts no more.
    pub fn correct(&mut self, moment: Timestamp, length: i64, taken: u64, real: u64) {
        let part = part_of(moment, length);
        if let Some((_, sum)) = self.parts.iter_mut().find(|(known, _)| *known == part) {
            *sum = sum.saturating_sub(taken).saturating_add(real);
            self.sum = self.sum.saturating_sub(taken).saturating_add(real);
        }
    }

    /// When at most `rest` of what was taken counts still; `None`: never, since there is no such moment.
    pub fn room_at(&self, rest: u64, length: i64) -> Option<Timestamp> {
        let mut left = self.sum;
        for (part, amount) in &self.parts {
            if left <= rest {
                break;
            }
            left = left.saturating_sub(*amount);
            if left <= rest {
                // A part counts until the window's first moment is in a later one.
                return Some(Timestamp((part + PARTS + 1).saturating_mul(length)));
            }
        }
        None
    }
}

//! Learns how much each part of an estimate is off, from what a provider reports: recursive least squares.
//!
//! An estimate is a sum of [parts](Parts), in tokens. A learner has a factor for each, which starts at one, and corrects
//! the factors by every reported number. Old numbers are forgotten little by little, because vendors change what they put
//! around prompts.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use super::parts::{PARTS, Parts, TEXT};
use serde::{Deserialize, Serialize};
use std::array;

/// How much of what was learned is left after one more number: after 100 numbers, about a third.
const REMEMBERED: f64 = 0.99;
/// How far a factor may be off before anything was learned: the variance of 30 percent.
const UNKNOWN: f64 = 0.09;
/// How far a reported number is off the best sum for reasons of its own: the variance of one percent.
const NOISE: f64 = 0.000_1;
/// What a factor can become. A part that costs more or less than that is another thing than was fitted.
const FACTORS: (f64, f64) = (0.1, 10.0);
/// A reported number of more than that many times the estimate, or less than the estimate over it, is not learned
/// from: the provider counted something that Baton does not see.
const OUTLIER: f64 = 4.0;
/// So many outliers one after the other are no outliers.
const OUTLIERS_IN_A_ROW: u32 = 8;
/// The most that one number corrects: a share of the estimate.
const LARGEST_STEP: f64 = 0.5;
/// Of how many numbers the errors are remembered.
const RECENT: usize = 100;

/// What was learned of one model's prompts, or of those that one key sends to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    factors: Parts,
    /// How far the factors may be off, and with one another.
    covariance: [Parts; PARTS],
    seen: u64,
    #[serde(skip)]
    outliers_in_a_row: u32,
    /// Reported over estimated, of the last numbers, in a ring.
    recent: Vec<f32>,
}

/// What a learner made of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// It learned.
    Learned,
    /// The number was too far off.
    Outlier,
}

impl Default for Learner {
    fn default() -> Self {
        Self { factors: [1.0; PARTS], covariance: unknown(), seen: 0, outliers_in_a_row: 0, recent: Vec::new() }
    }
}

impl Learner {
    /// The estimate: at least 0, and finite for finite parts.
    pub fn predict(&self, parts: &Parts) -> f64 {
        dot(&self.factors, parts).max(0.0)
    }

    /// From how many numbers it has learned.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The factors.
    pub fn factors(&self) -> &Parts {
        &self.factors
    }

    /// By what plain text is off: what one key says to the others of its model.
    pub fn text_factor(&self) -> f64 {
        self.factors[TEXT]
    }

    /// Whether it can be one: it may have been read from somewhere.
    pub fn is_sound(&self) -> bool {
        let factors = self.factors.iter().all(|factor| (FACTORS.0..=FACTORS.1).contains(factor));
        let certain = |(place, row): (usize, &Parts)| {
            // A little more than the bound, for rounding.
            row.iter().all(|value| value.abs() <= UNKNOWN * 1.01) && row[place] >= 0.0
        };
        factors
            && self.covariance.iter().enumerate().all(certain)
            && self.recent.len() <= RECENT
            && self.recent.iter().all(|ratio| ratio.is_finite() && *ratio >= 0.0)
    }

    /// The typical error of its estimates, as a share: the mean of the last ones, of which it had learned nothing yet.
    /// `prior` counts until there are enough of them.
    pub fn error(&self, prior: f64) -> f64 {
        let mean = self.recent.iter().map(|ratio| f64::from((ratio - 1.0).abs())).sum::<f64>();
        self.with_prior(mean / self.recent.len().max(1) as f64, prior)
    }

    /// The share by which 99 of 100 prompts exceed its estimate at most. `prior` counts until enough were seen.
    pub fn excess(&self, prior: f64) -> f64 {
        // Of a hundred numbers the largest is the 99th percentile, as well as a hundred can tell.
        let largest = self.recent.iter().fold(0.0_f32, |largest, ratio| largest.max(ratio - 1.0));
        self.with_prior(f64::from(largest), prior)
    }

    fn with_prior(&self, learned: f64, prior: f64) -> f64 {
        let known = self.recent.len() as f64 / RECENT as f64;
        known * learned + (1.0 - known) * prior.max(learned)
    }

    /// Learns that a prompt of these parts had that many tokens.
    pub fn learn(&mut self, parts: &Parts, reported: u64) -> Lesson {
        let (estimate, reported) = (self.predict(parts), reported as f64);
        if estimate < 1.0 || reported < 1.0 || !estimate.is_finite() {
            return Lesson::Outlier;
        }
        let ratio = reported / estimate;
        if !(OUTLIER.recip()..=OUTLIER).contains(&ratio) {
            self.outliers_in_a_row += 1;
            if self.outliers_in_a_row < OUTLIERS_IN_A_ROW {
                return Lesson::Outlier;
            }
            if self.outliers_in_a_row == OUTLIERS_IN_A_ROW {
                // Another way of counting: what was sure is no longer.
                self.covariance = unknown();
            }
        } else {
            self.outliers_in_a_row = 0;
        }
        self.remember(ratio);
        // As shares of the estimate: a long prompt has more tokens than a short one, not more to say.
        let shares = parts.map(|part| part / estimate);
        self.correct(&shares, (ratio - 1.0).clamp(-LARGEST_STEP, LARGEST_STEP));
        self.seen += 1;
        Lesson::Learned
    }

    fn remember(&mut self, ratio: f64) {
        let place = (self.seen % RECENT as u64) as usize;
        match self.recent.get_mut(place) {
            Some(slot) => *slot = ratio as f32,
            None => self.recent.push(ratio as f32),
        }
    }

    /// One step of recursive least squares (the Kalman filter of constant factors), with forgetting.
    fn correct(&mut self, shares: &Parts, residual: f64) {
        let spread: Parts = array::from_fn(|row| dot(&self.covariance[row], shares));
        let variance = dot(&spread, shares) + NOISE;
        for (row, factor) in self.factors.iter_mut().enumerate() {
            *factor = (*factor + spread[row] / variance * residual).clamp(FACTORS.0, FACTORS.1);
        }
        for row in 0..PARTS {
            for column in 0..PARTS {
                self.covariance[row][column] -= spread[row] * spread[column] / variance;
                self.covariance[row][column] /= REMEMBERED;
            }
        }
        self.bound_covariance();
    }

    /// Forgetting makes what no prompt shows less and less certain. Never less than at the beginning, or the first prompt
    /// that shows it would move it without bound.
    fn bound_covariance(&mut self) {
        for place in 0..PARTS {
            let own = self.covariance[place][place];
            // Rounding can bring it below zero, and then it would never learn again.
            let scale = if own > UNKNOWN { (UNKNOWN / own).sqrt() } else { 1.0 };
            for other in 0..PARTS {
                self.covariance[place][other] *= scale;
                self.covariance[other][place] *= scale;
            }
            self.covariance[place][place] = self.covariance[place][place].max(0.0);
        }
    }

    /// What two nodes learned apart, as one: each counts by how much it has seen.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let all = (self.seen + other.seen).max(1) as f64;
        let (own, others) = (self.seen as f64 / all, other.seen as f64 / all);
        let mean = |a: &Parts, b: &Parts| -> Parts { array::from_fn(|place| own * a[place] + others * b[place]) };
        let newer = if self.seen >= other.seen { self } else { other };
        Self {
            factors: mean(&self.factors, &other.factors),
            covariance: array::from_fn(|row| mean(&self.covariance[row], &other.covariance[row])),
            // Not the sum: what both began with would count twice.
            seen: newer.seen,
            outliers_in_a_row: 0,
            recent: newer.recent.clone(),
        }
    }
}

/// Of factors of which nothing is known.
fn unknown() -> [Parts; PARTS] {
    array::from_fn(|row| array::from_fn(|column| if row == column { UNKNOWN } else { 0.0 }))
}

fn dot(a: &Parts, b: &Parts) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

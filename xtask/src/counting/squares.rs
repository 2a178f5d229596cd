//! Least squares with coefficients that are not negative and stay near a prior where the data says little.

use baton_meter::Feature;
use baton_meter::features::FEATURES;

/// What the vendors' rules count already: each of these is a token.
const RULED: [Feature; 5] = [Feature::Known, Feature::ToolPrompt, Feature::Images, Feature::Documents, Feature::Audio];

/// A row: features, the reported number, and what it weighs.
pub struct Row {
    pub features: [f64; FEATURES],
    pub tokens: f64,
}

/// Rounds of reweighting, so that a few recordings that are wrong don't bend the fit.
const ROUNDS: usize = 8;
/// Sweeps over all coefficients within a round.
const SWEEPS: usize = 300;
/// A relative error that counts in full; larger ones count less.
const HUBER: f64 = 0.08;
/// Smaller prompts are weighed by this number of tokens.
const SMALLEST: f64 = 25.0;

/// Fits coefficients to rows. `strength` is how many rows the prior is worth.
pub fn fit(rows: &[Row], prior: &[f64; FEATURES], strength: f64) -> [f64; FEATURES] {
    let mut weights = *prior;
    for feature in RULED {
        weights[feature as usize] = 1.0;
    }
    for _ in 0..ROUNDS {
        let (mut normal, mut right) = ([[0.0; FEATURES]; FEATURES], [0.0; FEATURES]);
        let mut sizes = [0.0; FEATURES];
        for row in rows {
            let scale = 1.0 / row.tokens.max(SMALLEST);
            let error = (dot(&weights, &row.features) - row.tokens).abs() * scale;
            let trust = scale * scale * (HUBER / error.max(HUBER));
            for (i, left) in row.features.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                right[i] += trust * left * row.tokens;
                sizes[i] += scale * scale * left * left;
                for (j, other) in row.features.iter().enumerate() {
                    normal[i][j] += trust * left * other;
                }
            }
        }
        let count = rows.len().max(1) as f64;
        for i in 0..FEATURES {
            // In the feature's own size, so that the prior holds as well for letters as for messages.
            let pull = strength * (sizes[i] / count + 1e-9);
            normal[i][i] += pull;
            right[i] += pull * prior[i];
        }
        descend(&normal, &right, &mut weights);
    }
    weights
}

/// Minimizes coefficient by coefficient, none below zero.
fn descend(normal: &[[f64; FEATURES]; FEATURES], right: &[f64; FEATURES], weights: &mut [f64; FEATURES]) {
    for _ in 0..SWEEPS {
        for i in (0..FEATURES).filter(|i| !RULED.iter().any(|feature| *feature as usize == *i)) {
            let others: f64 = (0..FEATURES).filter(|j| *j != i).map(|j| normal[i][j] * weights[j]).sum();
            weights[i] = ((right[i] - others) / normal[i][i]).max(0.0);
        }
    }
}

/// The sum of products.
pub fn dot(weights: &[f64; FEATURES], features: &[f64; FEATURES]) -> f64 {
    weights.iter().zip(features).map(|(weight, value)| weight * value).sum()
}

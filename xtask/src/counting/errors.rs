//! How far numbers are off.

use std::collections::BTreeMap;

/// The errors of one row of the table.
#[derive(Default)]
pub struct Errors(Vec<Error>);

#[derive(Clone, Copy)]
struct Error {
    /// (counted − reported) / reported.
    share: f64,
    within: bool,
    exact: bool,
}

/// Figures of the errors, as shares.
#[derive(Clone, Copy)]
pub struct Figures {
    pub count: usize,
    pub mean: f64,
    pub median: f64,
    pub p90: f64,
    pub p99: f64,
    /// The mean with its sign.
    pub bias: f64,
    /// How many did not exceed the bound.
    pub within: f64,
    /// How many were called exact, and how many of these were not.
    pub exact: usize,
    pub exact_wrong: usize,
}

impl Errors {
    pub fn add(&mut self, counted: f64, reported: u64, at_most: u64, exact: bool) {
        let share = (counted - reported as f64) / reported as f64;
        self.0.push(Error { share, within: at_most >= reported, exact });
    }

    pub fn figures(&self) -> Figures {
        let mut sizes: Vec<f64> = self.0.iter().map(|error| error.share.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let count = sizes.len();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count.max(1) as f64;
        Figures {
            count,
            mean: mean(&mut sizes.iter().copied()),
            median: quantile(&sizes, 0.5),
            p90: quantile(&sizes, 0.9),
            p99: quantile(&sizes, 0.99),
            bias: mean(&mut self.0.iter().map(|error| error.share)),
            within: mean(&mut self.0.iter().map(|error| f64::from(u8::from(error.within)))),
            exact: self.0.iter().filter(|error| error.exact).count(),
            exact_wrong: self.0.iter().filter(|error| error.exact && error.share != 0.0).count(),
        }
    }
}

/// A quantile of sorted numbers.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() as f64 - 1.0) * share).round().max(0.0) as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// Errors by row.
pub type Table = BTreeMap<String, Errors>;

//! The budget that a request gives to its run: the same policies as registered ones, for as long as the run makes requests.

use super::compiled::Policy;
use baton_model::entity::Measure;
use baton_model::{Code, Nanos, PublicError};
use std::sync::Arc;

/// What all calls of a run may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunBudget {
    /// What they may cost.
    pub cost: Option<Nanos>,
    /// How many there may be.
    pub requests: Option<u64>,
    /// How many tokens they may read and produce.
    pub tokens: Option<u64>,
}

impl RunBudget {
    /// Reads `0.50`, or a list of `cost=0.50`, `requests=20` and `tokens=100000`; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let dollars = |text: &str| Nanos::parse(text.trim()).filter(|amount| amount.0 >= 0);
        if !text.contains('=') {
            return Some(Self { cost: Some(dollars(text)?), ..Self::default() });
        }
        let mut budget = Self::default();
        for part in text.split(',') {
            let (name, amount) = part.split_once('=')?;
            match name.trim() {
                "cost" if budget.cost.is_none() => budget.cost = Some(dollars(amount)?),
                "requests" if budget.requests.is_none() => budget.requests = Some(amount.trim().parse().ok()?),
                "tokens" if budget.tokens.is_none() => budget.tokens = Some(amount.trim().parse().ok()?),
                // Twice, or unknown.
                _ => return None,
            }
        }
        Some(budget)
    }

    /// As policies of that run.
    pub(super) fn policies(self, run: &Arc<str>) -> impl Iterator<Item = Policy> + use<> {
        let run = Arc::clone(run);
        let cost = self.cost.map(|amount| (Measure::Cost, u64::try_from(amount.0).unwrap_or(0)));
        let requests = self.requests.map(|amount| (Measure::Requests, amount));
        let tokens = self.tokens.map(|amount| (Measure::Tokens, amount));
        [cost, requests, tokens]
            .into_iter()
            .flatten()
            .map(move |(measure, amount)| Policy::of_run(&run, measure, amount))
    }
}

/// A run budget without a run.
pub fn missing_run() -> PublicError {
    let message = "x-baton-run-budget: needs a run, which `x-baton-run` or a `traceparent` names";
    PublicError::new(Code::InvalidRequest, message).at("x-baton-run-budget")
}

#[cfg(test)]
mod tests {
    use super::RunBudget;
    use baton_model::Nanos;

    #[test]
    fn budgets_are_dollars_or_a_list() {
        let half = Some(Nanos(500_000_000));
        assert_eq!(RunBudget::parse("0.50"), Some(RunBudget { cost: half, ..RunBudget::default() }));
        let whole = RunBudget { cost: half, requests: Some(20), tokens: Some(5) };
        assert_eq!(RunBudget::parse("cost=0.5, requests=20,tokens=5"), Some(whole));
        for wrong in ["", "-1", "x", "cost=", "cost=1,cost=2", "dollars=1", "requests=1.5", "requests=1,", "requests"] {
            assert_eq!(RunBudget::parse(wrong), None, "{wrong}");
        }
    }
}

//! The budget and limits of one key or project, said on it: the same policies in fewer words.

use super::{Budget, BudgetPeriod, LimitWindow, PolicyScope, RateLimit, ScopeValues};
use crate::money::Nanos;

/// A hard budget of one key or project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    serde(deny_unknown_fields)
)]
pub struct OwnBudget {
    /// Dollars in each period: an exact decimal.
    #[cfg_attr(
        feature = "schema",
        serde(with = "crate::schema::money"),
        schema(value_type = f64, example = 50)
    )]
    pub amount: Nanos,
    /// `hour`, `day`, `week`, `month` or `total`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "month"))]
    pub period: BudgetPeriod,
}

/// The hard limits of one key or project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    serde(deny_unknown_fields)
)]
pub struct OwnLimits {
    /// Requests a minute.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub rpm: Option<u64>,
    /// Tokens a minute, read and produced.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub tpm: Option<u64>,
    /// Requests under way at once.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub concurrency: Option<u64>,
}

impl OwnBudget {
    /// The policy that it stands for: `owner` names the key or project in the policy's id.
    pub fn policy(self, owner: &str, scope: PolicyScope) -> Budget {
        let Self { amount, period } = self;
        Budget { scope, amount, period, ..Budget::new(format!("{owner}:budget")) }
    }
}

impl OwnLimits {
    /// The policies that they stand for.
    pub fn policies(self, owner: &str, scope: &PolicyScope) -> Vec<RateLimit> {
        let Self { rpm, tpm, concurrency } = self;
        let new = |name: &str| RateLimit { scope: scope.clone(), ..RateLimit::new(format!("{owner}:{name}")) };
        let per = Some(LimitWindow::Minute);
        let all = [
            rpm.map(|requests| RateLimit { requests: Some(requests), per, ..new("rpm") }),
            tpm.map(|tokens| RateLimit { tokens: Some(tokens), per, ..new("tpm") }),
            concurrency.map(|most| RateLimit { concurrency: Some(most), ..new("concurrency") }),
        ];
        all.into_iter().flatten().collect()
    }
}

/// The policies that a key brings with it: those of its own `budget` and `limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPolicies {
    /// Of `budget`.
    pub budget: Option<Budget>,
    /// Of `limits`.
    pub limits: Vec<RateLimit>,
}

impl OwnPolicies {
    /// Those of a key; `None`: it has none.
    pub fn of_key(id: &str, budget: Option<OwnBudget>, limits: Option<OwnLimits>) -> Option<Self> {
        if budget.is_none() && limits.is_none() {
            return None;
        }
        let (owner, scope) =
            (format!("key:{id}"), PolicyScope { key: Some(ScopeValues::one(id)), ..PolicyScope::default() });
        Some(Self {
            budget: budget.map(|budget| budget.policy(&owner, scope.clone())),
            limits: limits.map(|limits| limits.policies(&owner, &scope)).unwrap_or_default(),
        })
    }
}

//! Budgets and limits.

use crate::changes::ada;
use crate::samples::MIDNIGHT;
use baton_model::entity::{Budget, BudgetPeriod, OwnBudget, OwnLimits, PolicyScope, RateLimit, ScopeValues};
use baton_model::price::Factor;
use baton_model::{Nanos, Project, Timestamp};
use baton_store::{Store, StoreError};

/// A budget with many fields.
pub fn budget(id: &str) -> Budget {
    let scope = PolicyScope {
        project: Some(ScopeValues::one("search")),
        user: Some(ScopeValues::Any),
        model: Some(ScopeValues::Each(vec!["a".into(), "b".into()])),
        ..PolicyScope::default()
    };
    Budget {
        scope,
        amount: Nanos(12_345_678_900),
        period: BudgetPeriod::Week,
        timezone: Some("Europe/Berlin".into()),
        starts_at: Some(Timestamp(MIDNIGHT)),
        alerts: vec![Factor::millionths(500_000), Factor::ONE],
        shrink: true,
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT + 1),
        ..Budget::new(id)
    }
}

pub fn limit(id: &str) -> RateLimit {
    RateLimit {
        concurrency: Some(3),
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT + 1),
        ..RateLimit::new(id)
    }
}

pub async fn are_kept_whole(store: &Store) {
    let change = store.change(&ada()).await.unwrap();
    for id in ["b", "a"] {
        change.policies().insert(&budget(id)).await.unwrap();
    }
    assert!(matches!(change.policies().insert(&budget("a")).await, Err(StoreError::Conflict { .. })));
    // The ids of limits are their own.
    change.policies().insert(&limit("a")).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(store.budgets().list().await.unwrap(), [budget("a"), budget("b")]);
    assert_eq!((store.budgets().count().await.unwrap(), store.limits().count().await.unwrap()), (2, 1));
    assert_eq!(store.budgets().get("b").await.unwrap(), budget("b"));
    let changed = Budget { shrink: false, updated_at: Timestamp(MIDNIGHT + 2), ..budget("a") };
    store.budgets().update(&changed, Timestamp(MIDNIGHT + 1)).await.unwrap();
    assert_eq!(store.budgets().get("a").await.unwrap(), changed);
    let late = store.budgets().update(&budget("a"), Timestamp(MIDNIGHT + 1)).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    store.budgets().delete("a").await.unwrap();
    for gone in [store.budgets().delete("a").await.err(), store.budgets().get("a").await.err()] {
        assert!(matches!(gone, Some(StoreError::NotFound { .. })));
    }
    assert_eq!(store.limits().list().await.unwrap(), [limit("a")], "the limit of the same id stays");
}

pub async fn of_projects_are_found(store: &Store) {
    let own = OwnBudget { amount: Nanos::DOLLAR, period: BudgetPeriod::Day };
    let rich = Project { budget: Some(own), ..Project::new("rich") };
    let busy = Project { limits: Some(OwnLimits { rpm: Some(5), ..OwnLimits::default() }), ..Project::new("busy") };
    let change = store.change(&ada()).await.unwrap();
    for project in [&rich, &busy, &Project::new("plain")] {
        change.projects().insert(project).await.unwrap();
    }
    change.commit().await.unwrap();
    assert_eq!(store.projects().list_with_rules().await.unwrap(), [busy, rich]);
}

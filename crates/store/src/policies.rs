//! Budgets and limits: one table, in which each kind has ids of its own.

use crate::StoreError;
use crate::entity::policy;
use crate::scope::DatabaseScope;
use baton_model::entity::{Budget, PolicyScope, RateLimit};
use baton_model::schema::RegisteredSchema;
use baton_model::{Nanos, Timestamp};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Select,
};
use std::marker::PhantomData;

/// A policy as the database keeps it.
pub trait StoredPolicy: RegisteredSchema {
    /// The word for it, in the database and in sentences.
    const KIND: &'static str;

    /// Its id among those of its kind.
    fn id(&self) -> &str;

    /// When it was made and last changed.
    fn times(&self) -> (Timestamp, Timestamp);

    /// A policy that refuses everything in a scope: in the place of one that can't be read.
    fn refusing(id: String, scope: PolicyScope) -> Self;
}

impl StoredPolicy for Budget {
    const KIND: &'static str = "budget";

    fn id(&self) -> &str {
        &self.budget_id
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        (self.created_at, self.updated_at)
    }

    fn refusing(id: String, scope: PolicyScope) -> Self {
        Self { scope, amount: Nanos::ZERO, ..Self::new(id) }
    }
}

impl StoredPolicy for RateLimit {
    const KIND: &'static str = "limit";

    fn id(&self) -> &str {
        &self.limit_id
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        (self.created_at, self.updated_at)
    }

    fn refusing(id: String, scope: PolicyScope) -> Self {
        Self { scope, concurrency: Some(0), ..Self::new(id) }
    }
}

/// The policies of a kind.
#[derive(Debug)]
pub struct PolicyRepository<'s, P> {
    pub(crate) scope: DatabaseScope<'s>,
    pub(crate) of: PhantomData<fn() -> P>,
}

impl<P: StoredPolicy> PolicyRepository<'_, P> {
    /// All of them, by id. One that can't be read must not let everything through: in its place is a policy that refuses
    /// what it covers, as far as its scope can be read. Where not even that can be read, it is left out. Both are
    /// logged.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(&self) -> Result<Vec<P>, StoreError> {
        let rows = find::<P>().order_by_asc(policy::Column::Id).all(&self.scope.reader()).await?;
        Ok(rows.into_iter().filter_map(read_or_refuse).collect())
    }

    /// How many there are.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count(&self) -> Result<u64, StoreError> {
        Ok(find::<P>().count(&self.scope.reader()).await?)
    }

    /// The one of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: &str) -> Result<P, StoreError> {
        let row = find::<P>().filter(policy::Column::Id.eq(id)).one(&self.scope.reader()).await?;
        read(&row.ok_or_else(|| not_found::<P>(id))?)
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(&self, policy: &P) -> Result<(), StoreError> {
        let insert = policy::Entity::insert(write(policy).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the {} `{}` exists already", P::KIND, policy.id()))
    }

    /// Replaces one, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(&self, policy: &P, seen: Timestamp) -> Result<(), StoreError> {
        let updated = policy::Entity::update_many()
            .set(write(policy).into_active_model().reset_all())
            .filter(policy::Column::Kind.eq(P::KIND))
            .filter(policy::Column::Id.eq(policy.id()))
            .filter(policy::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(policy.id()).await?;
        Err(StoreError::conflict(format!("the {} `{}` was changed at the same time", P::KIND, policy.id())))
    }

    /// Removes one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let key = (P::KIND.to_owned(), id.to_owned());
        let deleted = policy::Entity::delete_by_id(key).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found::<P>(id)) } else { Ok(()) }
    }
}

fn find<P: StoredPolicy>() -> Select<policy::Entity> {
    policy::Entity::find().filter(policy::Column::Kind.eq(P::KIND))
}

fn not_found<P: StoredPolicy>(id: &str) -> StoreError {
    StoreError::not_found(format!("{} `{id}`", P::KIND))
}

fn write<P: StoredPolicy>(policy: &P) -> policy::Model {
    let (created_at, updated_at) = policy.times();
    policy::Model {
        kind: P::KIND.to_owned(),
        id: policy.id().to_owned(),
        // Texts and exact numbers always serialise.
        body: serde_json::to_string(policy).unwrap_or_default(),
        created_at: created_at.0,
        updated_at: updated_at.0,
    }
}

fn read<P: StoredPolicy>(row: &policy::Model) -> Result<P, StoreError> {
    let what = || format!("a {} (`{}`)", P::KIND, row.id);
    serde_json::from_str(&row.body).map_err(|error| StoreError::corrupt(what(), error))
}

fn read_or_refuse<P: StoredPolicy>(row: policy::Model) -> Option<P> {
    #[derive(serde::Deserialize)]
    struct Scoped {
        scope: PolicyScope,
    }
    let error = match read(&row) {
        Ok(policy) => return Some(policy),
        Err(error) => error,
    };
    let scope = serde_json::from_str(&row.body).ok().map(|Scoped { scope }| scope);
    let done = if scope.is_some() { "everything in its scope is refused" } else { "it is left out" };
    tracing::error!(%error, policy.kind = P::KIND, policy.id = row.id, "a policy can't be read; {done}");
    scope.map(|scope| P::refusing(row.id, scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(body: &str) -> policy::Model {
        policy::Model { kind: "budget".into(), id: "b".into(), body: body.into(), created_at: 1, updated_at: 2 }
    }

    #[test]
    fn what_cannot_be_read_refuses_what_it_covers() {
        let kept = write(&Budget { amount: Nanos::DOLLAR, ..Budget::new("b") });
        assert_eq!(read_or_refuse::<Budget>(kept).map(|budget| budget.amount), Some(Nanos::DOLLAR));
        let newer = row(r#"{"budget_id":"b","scope":{"project":"search"},"amount":5,"period":"fortnight"}"#);
        let refusing = read_or_refuse::<Budget>(newer.clone());
        assert_eq!(refusing.as_ref().map(|budget| budget.amount), Some(Nanos::ZERO));
        assert!(refusing.is_some_and(|budget| budget.scope.project.is_some() && budget.scope.user.is_none()));
        assert_eq!(read_or_refuse::<RateLimit>(newer).and_then(|limit| limit.concurrency), Some(0));
        assert_eq!(read_or_refuse::<Budget>(row(r#"{"scope":{"team":"a"}}"#)), None);
        assert_eq!(read_or_refuse::<Budget>(row("{")), None);
    }
}

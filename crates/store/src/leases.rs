//! Leases: work that one node does at a time.

use crate::database::Database;
use crate::entity::lease;
use crate::{StoreError, connection};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use std::time::Duration;

/// The leases. Time is the database's own: nodes whose clocks differ agree on who holds what.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRepository<'s> {
    pub(crate) database: &'s Database,
}

impl LeaseRepository<'_> {
    /// Takes the lease for so long, or renews it. Whether `holder` has it now: not while another's lasts.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn acquire(self, name: &str, holder: &str, ttl: Duration) -> Result<bool, StoreError> {
        let now = connection::now(self.database.writer()).await?;
        let row =
            lease::ActiveModel { name: Set(name.into()), holder: Set(holder.into()), until: Set(now.plus(ttl).0) };
        let held = |column: lease::Column| Expr::col((lease::Entity, column));
        let free =
            Condition::any().add(held(lease::Column::Holder).eq(holder)).add(held(lease::Column::Until).lte(now.0));
        // One statement, which the database does as a whole: between asking and taking, another node could take it.
        let take = OnConflict::column(lease::Column::Name)
            .update_columns([lease::Column::Holder, lease::Column::Until])
            .action_cond_where(free)
            .to_owned();
        let taken = lease::Entity::insert(row).on_conflict(take).exec_without_returning(self.database.writer()).await?;
        Ok(taken > 0)
    }

    /// Gives the lease back, if `holder` has it.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn release(self, name: &str, holder: &str) -> Result<(), StoreError> {
        lease::Entity::delete_many()
            .filter(lease::Column::Name.eq(name))
            .filter(lease::Column::Holder.eq(holder))
            .exec(self.database.writer())
            .await?;
        Ok(())
    }
}

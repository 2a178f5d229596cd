//! Commands of the bus: each is executed once, however often it is delivered.

use crate::database::Database;
use crate::entity::command;
use crate::{StoreError, connection};
use baton_model::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Set};
use std::time::Duration;

/// What to do with a command that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Execute it: it is this node's for as long as the lease lasts.
    Run,
    /// It was executed; send the reply again.
    Repeat {
        /// What [`CommandRepository::finish`] was given.
        reply: Option<String>,
    },
    /// A node works on it.
    Elsewhere {
        /// Until when that node has it.
        until: Timestamp,
    },
    /// A node has executed it and died before it could reply. It is this node's now, to reply without executing it.
    Effected,
}

/// The commands, in the name of this node ([`Store::for_node`](crate::Store::for_node)). Time is the database's own, as for leases.
#[derive(Debug, Clone, Copy)]
pub struct CommandRepository<'s> {
    pub(crate) database: &'s Database,
}

impl CommandRepository<'_> {
    /// Asks for a command, for as long as `lease`. Of several nodes that ask, one may run it.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn claim(self, id: &str, kind: &str, lease: Duration) -> Result<Claim, StoreError> {
        let transaction = connection::begin(self.database.writer()).await?;
        let now = connection::now(&transaction).await?;
        let row = command::ActiveModel {
            id: Set(id.into()),
            kind: Set(kind.into()),
            done: Set(false),
            node: Set(self.database.node.to_string()),
            claimed_at: Set(now.0),
            lease_until: Set(now.plus(lease).0),
            effect: Set(false),
            reply: Set(None),
            received_at: Set(now.0),
        };
        // The insertion settles a race: of two nodes one writes the row, and the other finds it.
        let keep = OnConflict::column(command::Column::Id).do_nothing().to_owned();
        let new = command::Entity::insert(row).on_conflict(keep).exec_without_returning(&transaction).await? > 0;
        let claim = if new { Claim::Run } else { self.claim_again(&transaction, id, now, lease).await? };
        transaction.commit().await?;
        Ok(claim)
    }

    /// What to do with one that has been delivered before.
    async fn claim_again(
        self,
        transaction: &DatabaseTransaction,
        id: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        // Locked, or two nodes could both find the lease over and both take the command.
        let known = command::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
        // Gone since the insertion found it: released or expired by another node.
        let known = known.ok_or_else(|| StoreError::not_found(format!("command `{id}`")))?;
        if known.done {
            return Ok(Claim::Repeat { reply: known.reply });
        }
        if known.lease_until > now.0 {
            return Ok(Claim::Elsewhere { until: Timestamp(known.lease_until) });
        }
        command::Entity::update_many()
            // `effect` stays as it is: it is the only trace of what the node before has done.
            .col_expr(command::Column::Node, Expr::value(&*self.database.node))
            .col_expr(command::Column::ClaimedAt, Expr::value(now.0))
            .col_expr(command::Column::LeaseUntil, Expr::value(now.plus(lease).0))
            .filter(command::Column::Id.eq(id))
            .exec(transaction)
            .await?;
        Ok(if known.effect { Claim::Effected } else { Claim::Run })
    }

    /// Keeps a command that this node works on for as long as `lease` from now. Whether it still is this node's.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn extend(self, id: &str, lease: Duration) -> Result<bool, StoreError> {
        let until = connection::now(self.database.writer()).await?.plus(lease);
        let extended = command::Entity::update_many()
            .col_expr(command::Column::LeaseUntil, Expr::value(until.0))
            .filter(command::Column::Id.eq(id))
            .filter(command::Column::Node.eq(&*self.database.node))
            .filter(command::Column::Done.eq(false))
            .exec(self.database.writer())
            .await?;
        Ok(extended.rows_affected > 0)
    }

    /// Notes that a command that this node works on is done, with the reply that repetitions get. Whether it still was
    /// this node's.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn finish(self, id: &str, reply: Option<&str>) -> Result<bool, StoreError> {
        // Whether the lease has run out is not asked: as long as nobody else has taken the command over, the work
        // counts.
        let finished = command::Entity::update_many()
            .col_expr(command::Column::Done, Expr::value(true))
            .col_expr(command::Column::Reply, Expr::value(reply.map(str::to_owned)))
            .filter(command::Column::Id.eq(id))
            .filter(command::Column::Node.eq(&*self.database.node))
            .filter(command::Column::Done.eq(false))
            .exec(self.database.writer())
            .await?;
        Ok(finished.rows_affected > 0)
    }

    /// Forgets a command that could not be executed for now, so that it may be claimed again at once: unless it has had
    /// an effect.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn release(self, id: &str) -> Result<(), StoreError> {
        command::Entity::delete_many()
            .filter(command::Column::Id.eq(id))
            .filter(command::Column::Node.eq(&*self.database.node))
            .filter(command::Column::Done.eq(false))
            .filter(command::Column::Effect.eq(false))
            .exec(self.database.writer())
            .await?;
        Ok(())
    }

    /// Forgets what was received before then and is not under way. How many.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn expire(self, before: Timestamp) -> Result<u64, StoreError> {
        let now = connection::now(self.database.writer()).await?;
        let expired = command::Entity::delete_many()
            .filter(command::Column::ReceivedAt.lt(before.0))
            // Asked of the lease and not of `done`: a command whose node died with it would otherwise stay for ever.
            .filter(command::Column::LeaseUntil.lt(now.0))
            .exec(self.database.writer())
            .await?;
        Ok(expired.rows_affected)
    }
}

/// Notes in a change's own transaction that its command has had an effect.
pub(crate) async fn note_effect(transaction: &DatabaseTransaction, id: &str, node: &str) -> Result<(), StoreError> {
    let noted = command::Entity::update_many()
        .col_expr(command::Column::Effect, Expr::value(true))
        .filter(command::Column::Id.eq(id))
        .filter(command::Column::Node.eq(node))
        .filter(command::Column::Done.eq(false))
        .exec(transaction)
        .await?;
    if noted.rows_affected > 0 {
        return Ok(());
    }
    Err(StoreError::conflict(format!("the command `{id}` was taken over by another node")))
}

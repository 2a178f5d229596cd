//! Numbers that are counted up in transactions.

use crate::StoreError;
use crate::entity::counter;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

/// Counts changes of what is registered.
pub(crate) const REVISION: &str = "revision";
/// The position of the event that was placed last.
pub(crate) const POSITION: &str = "position";

/// The number as it is.
pub(crate) async fn get(database: &impl ConnectionTrait, name: &str) -> Result<u64, StoreError> {
    let row = counter::Entity::find_by_id(name).one(database).await?;
    let row = row.ok_or_else(|| StoreError::not_found(format!("counter `{name}`")))?;
    u64::try_from(row.number).map_err(|error| StoreError::corrupt(format!("a counter (`{name}`)"), error))
}

/// Counts up, and returns what that has led to. Others who count the same wait for the end of the transaction.
pub(crate) async fn count_up(transaction: &DatabaseTransaction, name: &str, by: u64) -> Result<u64, StoreError> {
    // Written before it is read: from here on the row is locked, so nobody else gets the same number.
    counter::Entity::update_many()
        .col_expr(counter::Column::Number, Expr::col(counter::Column::Number).add(crate::json::integer(by)))
        .filter(counter::Column::Name.eq(name))
        .exec(transaction)
        .await?;
    get(transaction, name).await
}

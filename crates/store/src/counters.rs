//! Numbers that are counted up in transactions.

use crate::StoreError;
use crate::entity::counter;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

/// Counts changes of what is registered. Programs before an update know no other counter.
pub(crate) const REVISION: &str = "revision";
/// Counts changes of keys among them, and sets of them; what a key was changed by stands with it.
pub(crate) const KEYS: &str = "keys";
/// Counts the other changes among them.
pub(crate) const OTHERS: &str = "others";
/// Counts keys that were removed: no row is left that could say so.
pub(crate) const REMOVED_KEYS: &str = "removed_keys";
/// The position of the event that was placed last.
pub(crate) const POSITION: &str = "position";

/// The number as it is.
pub(crate) async fn get(database: &impl ConnectionTrait, name: &str) -> Result<u64, StoreError> {
    let row = counter::Entity::find_by_id(name).one(database).await?;
    let row = row.ok_or_else(|| StoreError::not_found(format!("counter `{name}`")))?;
    u64::try_from(row.number).map_err(|error| StoreError::corrupt(format!("a counter (`{name}`)"), error))
}

/// Several numbers as they are at one moment.
pub(crate) async fn get_all<const N: usize>(
    database: &impl ConnectionTrait,
    names: [&str; N],
) -> Result<[u64; N], StoreError> {
    let rows = counter::Entity::find().filter(counter::Column::Name.is_in(names)).all(database).await?;
    let number = |name: &str| {
        let row = rows.iter().find(|row| row.name == name);
        row.and_then(|row| u64::try_from(row.number).ok())
            .ok_or_else(|| StoreError::not_found(format!("counter `{name}`")))
    };
    let mut numbers = [0; N];
    for (place, name) in numbers.iter_mut().zip(names) {
        *place = number(name)?;
    }
    Ok(numbers)
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

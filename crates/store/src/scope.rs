//! Where a repository works.

use crate::connection;
use crate::database::Database;
use sea_orm::{DatabaseExecutor, DatabaseTransaction, DbErr};

/// The whole database, each call by itself; or a unit of work, all calls together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DatabaseScope<'s> {
    Database(&'s Database),
    Change(&'s DatabaseTransaction),
}

impl<'s> DatabaseScope<'s> {
    /// For questions. In a unit of work they see what it has written.
    pub fn reader(self) -> DatabaseExecutor<'s> {
        match self {
            Self::Database(database) => database.reader().into(),
            Self::Change(transaction) => transaction.into(),
        }
    }

    /// For single statements that write.
    pub fn writer(self) -> DatabaseExecutor<'s> {
        match self {
            Self::Database(database) => database.writer().into(),
            Self::Change(transaction) => transaction.into(),
        }
    }

    /// For several statements that belong together: a transaction of their own, or a part of the one they are in.
    pub async fn begin(self) -> Result<DatabaseTransaction, DbErr> {
        match self {
            Self::Database(database) => connection::begin(database.writer()).await,
            // A savepoint: the surrounding transaction still decides.
            Self::Change(transaction) => sea_orm::TransactionTrait::begin(transaction).await,
        }
    }
}

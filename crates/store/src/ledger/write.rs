//! Writes a batch of records, all or none.

use super::row;
use crate::StoreError;
use crate::connection;
use crate::entity::{attempt, request};
use baton_model::record::RequestRecord;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use std::collections::HashSet;

/// Rows in one statement: a row has up to 30 values, and SQLite takes 32,766 in a statement, PostgreSQL 65,535.
const ROWS: usize = 500;

pub(super) async fn write(writer: &DatabaseConnection, records: &[RequestRecord]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let transaction = connection::begin(writer).await?;
    let mut seen = HashSet::new();
    for records in records.chunks(ROWS) {
        let known = known(&transaction, records).await?;
        let new = records
            .iter()
            .filter(|record| !known.contains(record.id.as_str()) && seen.insert(record.id.as_str()))
            .collect::<Vec<_>>();
        insert(&transaction, &new).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The ids among these that are there already.
async fn known(transaction: &DatabaseTransaction, records: &[RequestRecord]) -> Result<HashSet<String>, StoreError> {
    let ids = records.iter().map(|record| record.id.as_str());
    let query = request::Entity::find().select_only().column(request::Column::Id);
    let known = query.filter(request::Column::Id.is_in(ids)).into_tuple::<String>().all(transaction).await?;
    Ok(known.into_iter().collect())
}

async fn insert(transaction: &DatabaseTransaction, records: &[&RequestRecord]) -> Result<(), StoreError> {
    let requests = records.iter().map(|record| row::request(record).into_active_model()).collect::<Vec<_>>();
    let attempts = records.iter().flat_map(|record| row::attempts(record)).map(IntoActiveModel::into_active_model);
    let attempts = attempts.collect::<Vec<_>>();
    if !requests.is_empty() {
        request::Entity::insert_many(requests)
            .on_conflict(OnConflict::column(request::Column::Id).do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    for attempts in attempts.chunks(ROWS) {
        attempt::Entity::insert_many(attempts.to_vec())
            .on_conflict(
                OnConflict::columns([attempt::Column::RequestId, attempt::Column::Number]).do_nothing().to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

//! Records of requests: written in batches, read as a list, as totals, and as statistics of one model.

// Money is counted in integers all the way.
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod charge;
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod corrections;
pub(crate) mod list;
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod query;
mod retain;
pub(crate) mod row;
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod spent;
mod totals;
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod usage;
mod write;

pub use corrections::{Correction, PricedAttempt, RepriceQuery};
pub use list::{RequestCursor, RequestFilter, RequestPage};
pub use retain::Retained;
pub use spent::{ScopeField, SpentQuery, SpentSum};
pub use totals::{GroupBy, Latency, ModelStats, Spent, UsageQuery, UsageRow};

use crate::database::Database;
use crate::entity::request;
use crate::{StoreError, connection, partitions};
use baton_model::Amounts;
use baton_model::entity::Measure;
use baton_model::record::RequestRecord;
use baton_model::{RequestId, Timestamp};
use sea_orm::EntityTrait;

/// The records of requests.
#[derive(Debug, Clone, Copy)]
pub struct LedgerRepository<'s> {
    pub(crate) database: &'s Database,
}

impl LedgerRepository<'_> {
    /// Writes records with their attempts, and for each the event that tells of it, all or none. A request that is there already stays as it is, so that
    /// writing a batch again after a crash changes nothing.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; then nothing of the batch is there.
    pub async fn write(self, records: &[RequestRecord]) -> Result<(), StoreError> {
        write::write(self.database, records).await
    }

    /// Makes what was written outlive a power cut. Whether it does; if not, ask again later.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn make_durable(self) -> Result<bool, StoreError> {
        Ok(connection::make_durable(self.database.writer()).await?)
    }

    /// One request with each attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &RequestId) -> Result<RequestRecord, StoreError> {
        let row = request::Entity::find_by_id(id.as_str()).one(self.database.reader()).await?;
        let row = row.ok_or_else(|| StoreError::not_found(format!("request `{id}`")))?;
        let records = list::with_attempts(self.database.reader(), vec![row]).await?;
        records.into_iter().next().ok_or_else(|| StoreError::not_found(format!("request `{id}`")))
    }

    /// One page of requests with their attempts, newest first; the first page where `cursor` is `None`. It has no more than
    /// `limit`, and no more than fit [`bounds::PAGE`](baton_model::bounds::PAGE), but one.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(
        self,
        filter: &RequestFilter,
        cursor: Option<&RequestCursor>,
        limit: u64,
    ) -> Result<RequestPage, StoreError> {
        list::list(self.database.reader(), filter, cursor, limit).await
    }

    /// Totals, one row a group, ordered by the groups.
    ///
    /// What was consumed and what it cost is booked on the model and provider of the attempt that consumed it;
    /// requests, errors and latencies on those that replied, or were tried last.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooMuch`] if there are more than [`bounds::TOTALS`](baton_model::bounds::TOTALS); or if the
    /// database is unavailable.
    pub async fn usage(self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        usage::usage(self.database.reader(), query).await
    }

    /// What was spent of a measure: the sum over what a scope names, since a moment. Without parts it is one row, or none.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn spent(self, query: &SpentQuery, measure: Measure) -> Result<Vec<SpentSum>, StoreError> {
        spent::spent(self.database.reader(), query, measure).await
    }

    /// What the attempts of such a sum have used whose cost is not known.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn unpriced(self, query: &SpentQuery) -> Result<Amounts, StoreError> {
        spent::unpriced(self.database.reader(), query).await
    }

    /// Makes room ahead: on PostgreSQL the parts for the months around `now`. To be done every few days; without it
    /// records are kept all the same, but their month can't be dropped as a whole. Elsewhere there is nothing to do.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from changing its tables.
    pub async fn prepare(self, now: Timestamp) -> Result<(), StoreError> {
        partitions::prepare(self.database.writer(), now).await
    }

    /// Removes what arrived before `since`, with what was said of it: on PostgreSQL the months that lie wholly before,
    /// in one go each; on SQLite the requests, some hundreds at a time. Requests whose events wait for the relay stay.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; what was removed by then is gone.
    pub async fn retain(self, since: Timestamp) -> Result<Retained, StoreError> {
        retain::retain(self.database.writer(), since).await
    }

    /// A batch of attempts, with what each costs by the last word on it, in order; behind the one of that request and number.
    /// Fewer than a batch, or none: there are no more.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn priced_attempts(
        self,
        query: &RepriceQuery,
        after: Option<(&str, i32)>,
    ) -> Result<Vec<PricedAttempt>, StoreError> {
        corrections::attempts(self.database.reader(), query, after).await
    }

    /// Writes corrections, all or none, and returns how many were written. The records stay as they are; totals include
    /// the last correction of each attempt.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; then nothing has changed.
    pub async fn correct(self, corrections: &[Correction], now: Timestamp, by: &str) -> Result<u64, StoreError> {
        corrections::correct(self.database, corrections, now, by).await
    }

    /// What attempts of a request cost by the last correction of each: the attempt's number, the cost, why there is none.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn corrections_of(
        self,
        id: &RequestId,
    ) -> Result<Vec<(i32, baton_model::Cost, Option<String>)>, StoreError> {
        corrections::of_request(self.database.reader(), id.as_str()).await
    }

    /// How one model has done since a moment: for one project, where it is named.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn model_stats(
        self,
        model: &baton_model::ModelId,
        from: Timestamp,
        project: Option<&str>,
    ) -> Result<ModelStats, StoreError> {
        usage::model_stats(self.database.reader(), model, from, project).await
    }
}

//! The ledger in parts by month of arrival, on PostgreSQL: an old month goes by dropping its tables, in a moment.
//!
//! `requests` and `attempts` have a partition for each month around the present, and one for everything else. SQLite
//! has the same tables in one piece.

use crate::{StoreError, connection};
use baton_model::Timestamp;
use chrono::{DateTime, Datelike, NaiveDate};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement};
use std::collections::BTreeSet;

/// The tables that are in parts, in the order in which everyone locks them.
const TABLES: [&str; 2] = ["requests", "attempts"];

/// Puts the ledger's tables, as the first migration has made them, into parts; on SQLite, gives attempts their
/// request's arrival.
pub(crate) async fn create_partitions(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    if !connection::is_postgres(database) {
        database.execute_unprepared("ALTER TABLE attempts ADD COLUMN arrived BIGINT NOT NULL DEFAULT 0").await?;
        let arrived = "UPDATE attempts SET arrived = (SELECT arrived FROM requests WHERE id = request_id)";
        database.execute_unprepared(arrived).await?;
        return Ok(());
    }
    // A part has no room for rows of another part, so a key that is unique over all parts has the month's column in
    // it; and a month can be dropped only if no other table refers to it, so attempts refer to nothing. Ids are
    // compared byte by byte, as SQLite does.
    database
        .execute_unprepared(
            r#"
            ALTER TABLE attempts RENAME TO first_attempts;
            ALTER TABLE requests RENAME TO first_requests;
            CREATE TABLE requests (LIKE first_requests) PARTITION BY RANGE (arrived);
            CREATE TABLE attempts (LIKE first_attempts, arrived bigint NOT NULL) PARTITION BY RANGE (arrived);
            CREATE TABLE requests_rest PARTITION OF requests DEFAULT;
            CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;
            INSERT INTO requests SELECT * FROM first_requests;
            INSERT INTO attempts SELECT a.*, r.arrived FROM first_attempts a JOIN first_requests r ON r.id = a.request_id;
            DROP TABLE first_attempts;
            DROP TABLE first_requests;
            ALTER TABLE requests ALTER COLUMN id TYPE varchar COLLATE "C";
            ALTER TABLE attempts ALTER COLUMN request_id TYPE varchar COLLATE "C";
            ALTER TABLE models ALTER COLUMN id TYPE varchar COLLATE "C";
            ALTER TABLE requests ADD PRIMARY KEY (id, arrived);
            ALTER TABLE attempts ADD PRIMARY KEY (request_id, number, arrived);
            CREATE INDEX requests_arrived ON requests (arrived, id);
            CREATE INDEX requests_served ON requests (served, arrived);
            CREATE INDEX requests_provider ON requests (provider, arrived);
            CREATE INDEX requests_key_id ON requests (key_id, arrived);
            CREATE INDEX requests_project ON requests (project, arrived);
            CREATE INDEX requests_user ON requests ("user", arrived);
            "#,
        )
        .await?;
    Ok(())
}

/// Makes the parts of the months around `now` that are missing; what is among the rest for them moves there.
pub(crate) async fn prepare(writer: &DatabaseConnection, now: Timestamp) -> Result<(), StoreError> {
    if !connection::is_postgres(writer) {
        return Ok(());
    }
    let months = Month::of(now).map(Month::with_neighbours).unwrap_or_default();
    let there = existing(writer).await?;
    for month in months {
        for table in TABLES {
            if !there.contains(&(table, month)) {
                add(writer, table, month).await?;
            }
        }
    }
    Ok(())
}

async fn add(writer: &DatabaseConnection, table: &str, month: Month) -> Result<(), StoreError> {
    let transaction = begin(writer).await?;
    let (name, from, to) = (month.part_of(table), month.start().0, month.next().start().0);
    // Another node may have been here while this one waited for the lock.
    if existing(&transaction).await?.iter().any(|(known, at)| *known == table && *at == month) {
        return Ok(());
    }
    // The rest is locked: if a record of the month came into it after the move, the part could not be attached.
    // `ATTACH` makes the part's keys and indexes.
    let statements = format!(
        "LOCK TABLE {table}_rest IN ACCESS EXCLUSIVE MODE;
         CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS);
         WITH moved AS (DELETE FROM {table}_rest WHERE arrived >= {from} AND arrived < {to} RETURNING *)
             INSERT INTO {name} SELECT * FROM moved;
         ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to});"
    );
    // Unprepared, because PostgreSQL prepares one command at a time.
    transaction.execute_unprepared(&statements).await?;
    transaction.commit().await?;
    Ok(())
}

/// Drops the months that lie wholly before `since`, and names them.
pub(crate) async fn drop_before(writer: &DatabaseConnection, since: Timestamp) -> Result<Vec<String>, StoreError> {
    let there = existing(writer).await?;
    let old = there.into_iter().map(|(_, month)| month).filter(|month| month.next().start() <= since);
    let old = old.collect::<BTreeSet<_>>();
    // Both tables in one transaction: no request may lose its attempts alone.
    for month in &old {
        let transaction = begin(writer).await?;
        for table in TABLES {
            // It may not exist: another node was faster, or `prepare` has come to one of the two tables only.
            transaction.execute_unprepared(&format!("DROP TABLE IF EXISTS {}", month.part_of(table))).await?;
        }
        transaction.commit().await?;
    }
    Ok(old.into_iter().map(|month| format!("{:04}-{:02}", month.year, month.month)).collect())
}

/// Removes what arrived before `since` and is in no month's part. How many requests.
pub(crate) async fn remove_unpartitioned(writer: &DatabaseConnection, since: Timestamp) -> Result<u64, StoreError> {
    let mut requests = 0;
    // Attempts first: what is left by a crash in between are requests, which the next round finds.
    for table in ["attempts", "requests"] {
        let old = format!(
            // By the place of the row, because PostgreSQL's DELETE has no LIMIT.
            "DELETE FROM {table}_rest WHERE ctid IN (SELECT ctid FROM {table}_rest WHERE arrived < {} LIMIT 500)",
            since.0
        );
        loop {
            let removed = writer.execute_unprepared(&old).await?.rows_affected();
            if removed == 0 {
                break;
            }
            requests += if table == "requests" { removed } else { 0 };
        }
    }
    Ok(requests)
}

/// A transaction that changes tables, alone, and gives up rather than let requests wait behind it.
async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let transaction = connection::begin(writer).await?;
    transaction.execute_unprepared("SET LOCAL lock_timeout = '5s'").await?;
    connection::lock_tables(&transaction).await?;
    Ok(transaction)
}

/// The parts that are there.
async fn existing(database: &impl ConnectionTrait) -> Result<Vec<(&'static str, Month)>, StoreError> {
    let mut parts = Vec::new();
    for table in TABLES {
        let query = format!("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass");
        for row in database.query_all_raw(Statement::from_string(database.get_database_backend(), query)).await? {
            let name = row.try_get_by_index::<String>(0)?;
            // The part for the rest has no month in its name, and is passed over.
            parts.extend(Month::read(table, &name).map(|month| (table, month)));
        }
    }
    Ok(parts)
}

/// A month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: i32,
    /// From 1.
    month: u32,
}

impl Month {
    fn of(time: Timestamp) -> Option<Self> {
        let date = DateTime::from_timestamp_micros(time.0)?;
        Some(Self { year: date.year(), month: date.month() })
    }

    fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    fn previous(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { year: self.year, month: month - 1 },
        }
    }

    /// This month with the one before, for records that come late, and three to come.
    fn with_neighbours(self) -> Vec<Self> {
        std::iter::successors(Some(self.previous()), |month| Some(month.next())).take(5).collect()
    }

    fn start(self) -> Timestamp {
        let midnight = NaiveDate::from_ymd_opt(self.year, self.month, 1).and_then(|date| date.and_hms_opt(0, 0, 0));
        // A month that the calendar can't have lies in the future, so it is never dropped.
        Timestamp(midnight.map_or(i64::MAX, |midnight| midnight.and_utc().timestamp_micros()))
    }

    /// The name of its part of a table.
    fn part_of(self, table: &str) -> String {
        format!("{table}_{:04}_{:02}", self.year, self.month)
    }

    /// Reads such a name.
    fn read(table: &str, name: &str) -> Option<Self> {
        let (year, month) = name.strip_prefix(table)?.strip_prefix('_')?.split_once('_')?;
        Some(Self { year: year.parse().ok()?, month: month.parse().ok().filter(|month| (1..=12).contains(month))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other() {
        let december = Month { year: 2026, month: 12 };
        assert_eq!(Month::of(december.start()), Some(december));
        assert_eq!(Month::of(Timestamp(december.start().0 - 1)), Some(december.previous()));
        let names = december.with_neighbours().into_iter().map(|month| month.part_of("requests")).collect::<Vec<_>>();
        let expected = ["2026_11", "2026_12", "2027_01", "2027_02", "2027_03"].map(|name| format!("requests_{name}"));
        assert_eq!(names, expected);
        assert_eq!(Month::read("requests", "requests_2026_12"), Some(december));
        for other in ["requests_rest", "requests_2026_13", "attempts_2026_12", "requests_2026"] {
            assert_eq!(Month::read("requests", other), None, "{other}");
        }
    }
}

//! The ledger in parts by month of arrival, on PostgreSQL: an old month goes by dropping its tables, in a moment.
//!
//! `requests` and `attempts` have a partition for each month around the present, and one for everything else. SQLite
//! has the same tables in one piece.

use crate::connection;
use sea_orm::{ConnectionTrait, DbErr};

/// Puts the ledger's tables, as the first migration has made them, into parts; on SQLite, gives attempts their
/// request's arrival.
pub(crate) async fn divide(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    if !connection::is_postgres(database) {
        database.execute_unprepared("ALTER TABLE attempts ADD COLUMN arrived BIGINT NOT NULL DEFAULT 0").await?;
        let arrived = "UPDATE attempts SET arrived = (SELECT arrived FROM requests WHERE id = request_id)";
        database.execute_unprepared(arrived).await?;
        return Ok(());
    }
    // A part has no room for rows of another part, so a key that is unique over all parts has the month's column in
    // it; and a month can be dropped only if no other table refers to it, so attempts refer to nothing. Ids are compared
    // byte by byte, as SQLite does.
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

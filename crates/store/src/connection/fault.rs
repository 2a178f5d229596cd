//! What kept a statement from running, by the codes of the databases.

/// What kept a statement from running, where the database says so by a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseFault {
    ReadOnly,
    Busy,
    Full,
    /// With what the server says.
    Denied(String),
    /// Text that PostgreSQL does not keep.
    Nul,
}

/// What kept a statement from running.
pub(crate) fn classify_fault(error: Option<&sqlx::Error>) -> Option<DatabaseFault> {
    let error = error?;
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Some(DatabaseFault::Busy);
    }
    let error = error.as_database_error()?;
    let code = error.code()?;
    // SQLite's codes are numbers, PostgreSQL's have five characters.
    if code.len() == 5 { of_postgres(&code, error.message()) } else { of_sqlite(&code) }
}

/// What kept a statement from running, by SQLite's result code ("Result and Error Codes").
fn of_sqlite(code: &str) -> Option<DatabaseFault> {
    // READONLY, BUSY, LOCKED, FULL.
    match primary(code)? {
        8 => Some(DatabaseFault::ReadOnly),
        5 | 6 => Some(DatabaseFault::Busy),
        13 => Some(DatabaseFault::Full),
        _ => None,
    }
}

/// What kept a statement from running, by its SQLSTATE ("PostgreSQL Error Codes").
fn of_postgres(code: &str, message: &str) -> Option<DatabaseFault> {
    match code {
        "25006" => Some(DatabaseFault::ReadOnly),
        // No connection left, starting up, locked, deadlock, serialization, out of time.
        "53300" | "57P03" | "55P03" | "40P01" | "40001" | "57014" => Some(DatabaseFault::Busy),
        "53100" => Some(DatabaseFault::Full),
        "42501" => Some(DatabaseFault::Denied(message.to_owned())),
        "22021" => Some(DatabaseFault::Nul),
        _ => None,
    }
}

/// The primary result code: the lowest byte of the extended one.
pub(super) fn primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}

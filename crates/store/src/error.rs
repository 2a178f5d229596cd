//! What can go wrong, by what the caller can do about it.

use crate::connection::DatabaseFault;
use baton_model::{Code, PublicError};
use sea_orm::{DbErr, RuntimeErr};

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is not one of a database that is known.
    #[error(
        "`{address}` is not a database address: use `sqlite:PATH`, `sqlite::memory:` or \
         `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`"
    )]
    Address {
        /// The address, without a password.
        address: String,
    },
    /// The database can't be opened.
    #[error("the database `{path}` can't be opened: {reason}")]
    CannotOpen {
        /// Its path, or its name and server.
        path: String,
        /// Why, and what helps.
        reason: String,
    },
    /// A newer program has changed its tables.
    #[error(
        "the database has the migration `{migration}`, which this version does not know, because a newer Baton has \
         used it; start that version, or restore a backup from before the update"
    )]
    Newer {
        /// The first migration that is unknown.
        migration: String,
    },
    /// It is not there.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for: `model `fast``.
        what: String,
    },
    /// It is there already, or was changed by someone else meanwhile.
    #[error("{what}")]
    Conflict {
        /// What is in the way, as a sentence.
        what: String,
    },
    /// It is more than can be held at once.
    #[error("{what}")]
    TooMuch {
        /// What helps, as a sentence.
        what: String,
    },
    /// The database refuses to be written.
    #[error(
        "the database is read-only: check the owner and permissions of its file and folder; for a server, check that \
         it is not a standby, and `default_transaction_read_only`"
    )]
    ReadOnly,
    /// The user lacks a right.
    #[error(
        "the database does not allow it ({message}): grant its user that right, or run `baton migrate` once as a user who may create tables"
    )]
    Denied {
        /// What the server says.
        message: String,
    },
    /// Another process holds the database, or it is too busy: worth trying again.
    #[error("the database is unavailable or busy, has no free connection, or is locked by another process")]
    Busy(#[source] DbErr),
    /// The disk is full.
    #[error("the database's disk is full: free some space; records wait in the journal until then")]
    Full(#[source] DbErr),
    /// A row holds what this program can't read.
    #[error("the database contains {what} that can't be read: {reason}")]
    Corrupt {
        /// Which row.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else: the database is gone, damaged, or has other tables.
    #[error("the database failed")]
    Unavailable(#[source] DbErr),
}

impl StoreError {
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    pub(crate) fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict { what: what.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Corrupt { what: what.into(), reason: reason.to_string() }
    }

    /// Whether the same may work a moment later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Full(_) | Self::ReadOnly | Self::Unavailable(_))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error {
            // The pool waited in vain: each connection is in use, or none can be had.
            DbErr::ConnectionAcquire(_) => Self::Busy(error),
            _ => match crate::connection::classify_fault(driver(&error)) {
                Some(DatabaseFault::ReadOnly) => Self::ReadOnly,
                Some(DatabaseFault::Busy) => Self::Busy(error),
                Some(DatabaseFault::Full) => Self::Full(error),
                Some(DatabaseFault::Denied(message)) => Self::Denied { message },
                // A conflict, because those are told to the caller word for word, and the text came from there.
                Some(DatabaseFault::Nul) => Self::conflict("text must not contain the character U+0000"),
                None => Self::Unavailable(error),
            },
        }
    }
}

/// What a caller may know: its own mistakes word for word. Everything else is one sentence, whatever the database said,
/// with the chain behind it for the log.
impl From<StoreError> for PublicError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::new(Code::NotFound, error.to_string()),
            StoreError::Conflict { .. } => Self::new(Code::Conflict, error.to_string()),
            StoreError::TooMuch { .. } => Self::new(Code::InvalidRequest, error.to_string()),
            // Not `Overloaded` like the rest: to try again does not help.
            StoreError::Corrupt { .. } => {
                Self::new(Code::Internal, "a stored entry can't be read; see the log of the service").with_cause(error)
            }
            other => Self::new(Code::Overloaded, "the database is unavailable at the moment; try again later")
                .with_cause(other),
        }
    }
}

/// What the driver said.
fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

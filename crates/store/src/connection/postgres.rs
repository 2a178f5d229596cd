//! PostgreSQL: a server, version 15 or newer.

use super::{Connection, Pools};
use crate::error::StoreError;
use sea_orm::SqlxPostgresConnector;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use std::io::ErrorKind;
use std::time::Duration;

/// The oldest version that is known to do.
const OLDEST: i32 = 15;
/// A node that stands still in the middle of a change must not keep the others waiting for longer.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// The options of an address; `None` if it is one of another database. What Python's drivers are given is taken too:
/// `postgresql+asyncpg://…?ssl=require`.
pub(super) fn address(url: &str) -> Option<Result<PgConnectOptions, sqlx::Error>> {
    let (scheme, rest) = url.split_once("://")?;
    match scheme {
        "postgres" | "postgresql" => Some(url.parse()),
        "postgresql+asyncpg" | "postgres+asyncpg" => Some(format!("postgresql://{}", ssl_mode(rest)).parse()),
        _ => None,
    }
}

/// asyncpg's `ssl` by the name that it has elsewhere.
fn ssl_mode(rest: &str) -> String {
    let Some((place, query)) = rest.split_once('?') else { return rest.to_owned() };
    let pair = |pair: &str| match pair.split_once('=') {
        Some(("ssl", "true")) => "sslmode=require".to_owned(),
        Some(("ssl", "false")) => "sslmode=disable".to_owned(),
        Some(("ssl", mode)) => format!("sslmode={mode}"),
        _ => pair.to_owned(),
    };
    format!("{place}?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

pub(super) async fn open(options: PgConnectOptions, pools: &Pools) -> Result<Connection, StoreError> {
    let options = options.application_name("baton").disable_statement_logging();
    // A pool would try for its whole timeout, whatever is wrong, and then know nothing: so one connection goes ahead.
    let looked_at = tokio::time::timeout(pools.acquire_timeout, read_version(&options)).await;
    let cannot = |reason: String| StoreError::CannotOpen { path: describe_server(&options), reason };
    match looked_at {
        Ok(Ok(version)) if version / 10_000 >= OLDEST => {}
        Ok(Ok(version)) => {
            let version = version / 10_000;
            return Err(cannot(format!("it is PostgreSQL {version}; version {OLDEST} or newer is required")));
        }
        Ok(Err(error)) => return Err(cannot(reason(&options, &error))),
        Err(_) => return Err(cannot(format!("it does not respond within {:?}", pools.acquire_timeout))),
    }
    let pool = |connections: u32, options: PgConnectOptions| {
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(pools.acquire_timeout)
            // Lazily: that the server replies was seen above.
            .connect_lazy_with(options);
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    };
    let bound = |setting: &'static str, bound: Duration| [(setting, bound.as_millis().to_string())];
    // No bound for statements of the writer: a migration may take as long as it takes.
    let reader = options.clone().options(bound("statement_timeout", pools.statement_timeout));
    let writer = options.clone().options(bound("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION));
    // Two pools: long lists and totals must not keep records and changes waiting for a connection.
    Ok(Connection { reader: pool(pools.readers, reader), writer: pool(pools.writers, writer) })
}

/// The server's version, as a number: 150004.
async fn read_version(options: &PgConnectOptions) -> Result<i32, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let version = sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut connection);
    let version = version.await?;
    connection.close().await?;
    Ok(version)
}

/// The server and database, to be shown.
fn describe_server(options: &PgConnectOptions) -> String {
    // As PostgreSQL does: without a name, the database has the name of the user.
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!("{database} at {}:{}", options.get_host(), options.get_port()),
    }
}

/// Why a server could not be reached, in words that help.
fn reason(options: &PgConnectOptions, error: &sqlx::Error) -> String {
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let unencrypted = |error: &dyn std::fmt::Display| {
        format!(
            "the connection can't be encrypted ({error}); check `sslmode` and `sslrootcert` in the address and the \
             server's certificate"
        )
    };
    match error {
        sqlx::Error::Tls(error) => unencrypted(error),
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => {
                format!("nothing listens on port {port} of {host}; check that the server is running, and the port")
            }
            // What a handshake fails with.
            ErrorKind::InvalidData => unencrypted(error),
            _ => format!("{host} can't be reached ({error}); check the host name and the network"),
        },
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("28P01") => format!("the password of the user `{user}` is wrong or missing"),
            Some("28000") => format!("the server refuses the user `{user}` ({})", error.message()),
            Some("3D000") => {
                let name = options.get_database().unwrap_or(user);
                format!("the database `{name}` does not exist; create it with `CREATE DATABASE \"{name}\"`")
            }
            Some("53300") => format!(
                "the server has no free connection ({}); raise its `max_connections`, or lower `database.readers` and `database.writers` of the nodes",
                error.message()
            ),
            Some("57P03") => "the server is starting up or going down; try again in a moment".into(),
            _ => error.message().to_owned(),
        },
        sqlx::Error::PoolTimedOut => "it does not respond in time".into(),
        sqlx::Error::Protocol(_) => format!("{host} does not speak PostgreSQL's protocol on port {port}"),
        _ => format!("the connection to {host} failed; check the address and the network"),
    }
}

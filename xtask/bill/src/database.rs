//! The database of the run, and how it is taken away for a while.

use anyhow::{Context, bail, ensure};
use baton_servers::postgres::{PostgresServer, TestDatabase, database_on};
use sqlx::{Connection as _, SqliteConnection};
use std::path::Path;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where the ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseChoice {
    /// A file in the data folder.
    Sqlite,
    /// PostgreSQL: a server that is started for the run.
    Postgres,
    /// A database of the run's own on a PostgreSQL server that is there (`postgresql://USER@HOST:PORT`).
    PostgresAt(String),
}

impl std::str::FromStr for DatabaseChoice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "sqlite" => Self::Sqlite,
            "postgres" => Self::Postgres,
            url if url.starts_with("postgresql://") || url.starts_with("postgres://") => {
                Self::PostgresAt(url.to_owned())
            }
            other => bail!("`{other}` must be sqlite, postgres or postgresql://USER@HOST:PORT"),
        })
    }
}

/// An open database.
pub enum Database {
    Sqlite {
        url: String,
        /// Who holds the only lock for writers.
        lock: Option<SqliteConnection>,
    },
    Postgres {
        /// Leads to the database through [`Passage`].
        url: String,
        passage: Passage,
        // Dropped in this order: the database needs its server.
        _database: TestDatabase,
        _server: Option<PostgresServer>,
    },
}

impl Database {
    /// Makes one; a file is in the folder.
    ///
    /// # Errors
    /// If it can't be made.
    pub async fn open(choice: &DatabaseChoice, folder: &Path) -> anyhow::Result<Self> {
        let (server, at) = match choice {
            DatabaseChoice::Sqlite => {
                return Ok(Self::Sqlite { url: format!("sqlite:{}", folder.join("baton.db").display()), lock: None });
            }
            DatabaseChoice::Postgres => {
                let server = PostgresServer::start(&["max_connections=60"]);
                let url = server.url();
                (Some(server), url)
            }
            DatabaseChoice::PostgresAt(url) => (None, url.trim_end_matches('/').to_owned()),
        };
        let database = database_on(&at);
        let mut url = url::Url::parse(&database.url())?;
        let host = url.host_str().context("the address of the database has no host")?.to_owned();
        let passage = Passage::open(format!("{host}:{}", url.port().unwrap_or(5432))).await?;
        let placed = url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(passage.port)).is_ok();
        ensure!(placed, "the address `{url}` can't be led through a proxy");
        Ok(Self::Postgres { url: url.into(), passage, _database: database, _server: server })
    }

    /// What a node is given.
    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite { url, .. } | Self::Postgres { url, .. } => url,
        }
    }

    /// Takes it away: nobody can write to SQLite, nobody reaches PostgreSQL.
    ///
    /// # Errors
    /// If the lock can't be had.
    pub async fn take_away(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Postgres { passage, .. } => passage.close(),
            Self::Sqlite { url, lock } if lock.is_none() => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::raw_sql("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE").execute(&mut connection).await?;
                *lock = Some(connection);
            }
            Self::Sqlite { .. } => {}
        }
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// If the lock can't be given back.
    pub async fn give_back(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Postgres { passage, .. } => passage.reopen(),
            Self::Sqlite { lock, .. } => {
                if let Some(mut connection) = lock.take() {
                    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
                    connection.close().await?;
                }
            }
        }
        Ok(())
    }
}

/// A proxy that can be closed: connections through it break, and new ones end at once.
pub struct Passage {
    port: u16,
    is_open: watch::Sender<bool>,
}

impl Passage {
    async fn open(target: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (is_open, watched) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target.clone(), watched.clone()));
            }
        });
        Ok(Self { port, is_open })
    }

    fn close(&self) {
        self.is_open.send_replace(false);
    }

    fn reopen(&self) {
        self.is_open.send_replace(true);
    }
}

async fn pass(mut client: TcpStream, target: String, mut is_open: watch::Receiver<bool>) {
    if !*is_open.borrow_and_update() {
        return;
    }
    // Small messages go back and forth, which must not wait for each other.
    let _ = client.set_nodelay(true);
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let _ = server.set_nodelay(true);
    tokio::select! {
        // Whatever ends it, both ends see it.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}

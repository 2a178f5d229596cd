//! What this machine has to give: the port, folders to write into, the certificate.

use super::finding::Finding;
use crate::config::Config;
use crate::serve::tls::Certificates;
use baton_model::{Clock, SystemClock};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpSocket;

/// Looks at each of them.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let journal = config.data_dir.join("journal");
    let mut findings = vec![
        port(config, &journal).await,
        folder("journal", &journal, "data_dir (BATON_DATA_DIR)"),
        folder("logs", &config.logs.dir, "logs.dir (BATON_LOG_DIR)"),
    ];
    findings.extend(certificate(config));
    findings
}

/// Whether the port can be had, or is the one of the Baton that runs on this data folder.
async fn port(config: &Config, journal: &Path) -> Finding {
    let (check, address) = ("port", &config.server.listen);
    match bind(address) {
        Ok(()) => Finding::good(check, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_running(journal) => {
            Finding::good(check, format!("{address} is in use by a running Baton, which uses this data folder too"))
        }
        Err(error) => Finding::bad(
            check,
            format!("can't listen on {address}: {error}; choose another with server.listen (BATON_LISTEN) or --listen"),
        ),
    }
}

/// Takes the address without listening there: a Baton that starts at this moment is not kept from it.
fn bind(address: &str) -> io::Result<()> {
    let address: SocketAddr =
        address.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "expected ADDRESS:PORT"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

/// Whether a process has that journal open.
fn is_running(journal: &Path) -> bool {
    let lock = File::open(journal.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Whether files can be written there. Nothing stays, not even the folder: it should belong to the user that Baton runs
/// as, and this may be another.
fn folder(check: &str, folder: &Path, key: &str) -> Finding {
    match probe(folder) {
        Ok(()) => Finding::good(check, folder.display().to_string()),
        Err(error) => Finding::bad(
            check,
            format!(
                "`{}` can't be written to: {error}; give the user that Baton runs as the right to write there, or choose \
                 another folder with {key}",
                folder.display()
            ),
        ),
    }
}

fn probe(folder: &Path) -> io::Result<()> {
    let present = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
    if !present.is_dir() {
        return Err(io::Error::other(format!("`{}` is not a folder", present.display())));
    }
    let file = present.join(format!(".baton-check-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&file)?;
    std::fs::remove_file(file)
}

/// Whether the port's certificate is of use, now.
fn certificate(config: &Config) -> Option<Finding> {
    let section = config.server.tls.as_ref()?;
    let looked_at = Certificates::load(section).and_then(|certificates| certificates.check_time(SystemClock.now()));
    Some(match looked_at {
        Ok(()) => Finding::good("certificate", section.certificate.display().to_string()),
        Err(error) => Finding::bad("certificate", format!("{error:#}")),
    })
}

//! What this machine has to give: the port, folders to write into, the certificate.

use super::finding::Finding;
use crate::config::Config;
use crate::config::sections::TlsSection;
use crate::serve::tls::Certificates;
use baton_model::{Clock, SystemClock};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpSocket;

/// Looks at each of them.
pub(super) fn check_local(config: &Config) -> Vec<Finding> {
    let journal = config.data_dir.join("journal");
    let mut findings: Vec<Finding> =
        config.server.listens().map(|(key, address)| port(key, address, &journal)).collect();
    findings.push(check_folder("journal", &journal, "data_dir (BATON_DATA_DIR)"));
    findings.push(check_folder("logs", &config.logs.dir, "logs.dir (BATON_LOG_DIR)"));
    let management = &config.server.management.tls;
    findings.extend(config.server.tls.as_ref().map(|section| certificate("certificate", "server.tls", section)));
    findings.extend(
        management.as_ref().map(|section| certificate("management certificate", "server.management.tls", section)),
    );
    findings
}

/// Whether the port can be had, or is the one of the Baton that runs on this data folder.
fn port(key: &str, address: &str, journal: &Path) -> Finding {
    let main = key == "listen";
    let (check, other) = if main { ("port", " (BATON_LISTEN) or --listen") } else { ("management port", "") };
    match bind(address) {
        Ok(()) => Finding::good(check, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_running(journal) => {
            Finding::good(check, format!("{address} is in use by a running Baton, which uses this data folder too"))
        }
        Err(error) => {
            Finding::bad(check, format!("can't listen on {address}: {error}; choose another with server.{key}{other}"))
        }
    }
}

/// Takes the address without listening there: a Baton that starts at this moment is not kept from it.
fn bind(address: &str) -> io::Result<()> {
    let address: SocketAddr =
        address.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "must be ADDRESS:PORT"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As for the server's own socket: else connections of a Baton that just stopped (TIME_WAIT) would make the port
    // look taken.
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

/// Whether a process has that journal open.
fn is_running(journal: &Path) -> bool {
    let lock = File::open(journal.join("lock"));
    // A running Baton holds the lock exclusively. It is tried as a shared one, so that two checks at once don't take
    // each other for a Baton; dropping the file gives it back.
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Whether files can be written there. Nothing stays, not even the folder: it should belong to the user that Baton runs
/// as, and this may be another.
fn check_folder(check: &str, folder: &Path, key: &str) -> Finding {
    match try_to_write(folder) {
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

fn try_to_write(folder: &Path) -> io::Result<()> {
    // The nearest that exists, because Baton makes the rest. A dangling link counts as existing: no folder can be
    // made in its place.
    let present = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
    if !present.is_dir() {
        return Err(io::Error::other(format!("`{}` is not a folder", present.display())));
    }
    let file = present.join(format!(".baton-check-{}", std::process::id()));
    // Permissions alone don't tell: a volume may be read-only or full.
    OpenOptions::new().write(true).create_new(true).open(&file)?;
    std::fs::remove_file(file)
}

/// Whether a port's certificate is of use, now.
fn certificate(check: &str, place: &'static str, section: &TlsSection) -> Finding {
    let loaded = Certificates::load(place, section);
    match loaded.and_then(|certificates| certificates.check_time(SystemClock.now())) {
        Ok(()) => Finding::good(check, section.certificate.display().to_string()),
        Err(error) => Finding::bad(check, format!("{error:#}")),
    }
}

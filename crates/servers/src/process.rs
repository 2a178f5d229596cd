//! Processes of a test's own.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    // Another process may take it before it is used. Nothing better is to be had for servers that want a number.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Waits until somebody listens there.
pub(crate) fn wait_for(port: u16, what: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < until, "{what} does not listen on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program of that name: on the path, or where Debian keeps it.
pub(crate) fn program(name: &str, folders: &[&str]) -> String {
    folders.iter().map(|folder| format!("{folder}/{name}")).find(|path| Path::new(path).exists()).unwrap_or(name.into())
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {told}{complained}");
    told.into_owned()
}

/// A process that is killed when dropped.
#[derive(Debug)]
pub(crate) struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        // Without it the process stays as a zombie, and its port may still be taken when the server starts again.
        let _ = self.0.wait();
    }
}

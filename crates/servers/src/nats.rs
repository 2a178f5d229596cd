//! NATS.

use crate::process::{Killed, free_port, program, wait_for};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The shared server, with JetStream: `BATON_TEST_NATS`, else the standard port.
pub fn url() -> String {
    crate::address("BATON_TEST_NATS", "nats://127.0.0.1:4222")
}

/// A prefix for subjects and streams that no other test uses.
pub fn prefix() -> String {
    crate::unique("nats")
}

/// A server of the test's own.
#[derive(Debug)]
pub struct NatsServer {
    port: u16,
    jetstream: bool,
    folder: TempDir,
    process: Option<Killed>,
}

impl NatsServer {
    /// Starts one, with JetStream (which outlives a restart) or without.
    pub fn start(jetstream: bool) -> Self {
        let folder = TempDir::new().expect("a folder");
        // One port for all its starts: what was connected to it looks for it there again.
        let mut own = Self { port: free_port(), jetstream, folder, process: None };
        own.restart();
        own
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it (again) on the same port, with the streams it had.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = Command::new(program("nats-server", &["/usr/sbin", "/usr/bin"]));
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]);
        if self.jetstream {
            // The folder outlives the process, so that streams do, too.
            command.arg("-js").arg("-sd").arg(self.folder.path());
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("nats-server can't be started: {error}"));
        self.process = Some(Killed(child));
        wait_for(self.port, "nats-server");
    }
}

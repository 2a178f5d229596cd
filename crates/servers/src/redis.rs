//! Redis.

use crate::process::{Killed, free_port, program, wait_for};
use std::process::{Command, Stdio};

/// The shared server: `BATON_TEST_REDIS`, else the standard port.
pub fn url() -> String {
    crate::address("BATON_TEST_REDIS", "redis://127.0.0.1:6379")
}

/// A prefix for keys and streams that no other test uses.
pub fn prefix() -> String {
    crate::unique("redis")
}

/// A server of the test's own.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    options: Vec<String>,
    process: Option<Killed>,
}

impl RedisServer {
    /// Starts one that keeps nothing on disk; `options` as on its command line: `&["--requirepass", "secret"]`.
    pub fn start(options: &[&str]) -> Self {
        let options = options.iter().map(ToString::to_string).collect();
        let mut own = Self { port: free_port(), options, process: None };
        own.restart();
        own
    }

    /// `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it, with all that it holds.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it (again) on the same port, empty.
    pub fn restart(&mut self) {
        self.stop();
        let child = Command::new(program("redis-server", &["/usr/bin"]))
            // Nothing on disk, so that a restart is one that has lost everything: the worst case for who shares it.
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &self.port.to_string()])
            .args(&self.options)
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("redis-server can't be started: {error}"));
        self.process = Some(Killed(child));
        wait_for(self.port, "redis-server");
    }
}

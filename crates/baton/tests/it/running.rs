//! The binary as a process of its own: started, asked, killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;

/// The binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_baton");

/// The admin key that tests give.
pub const KEY: &str = "bt-a-key-for-the-tests-of-the-binary-000000000";

/// A command in that folder, with no variable but those that are given to it.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// What it printed, on both ways.
pub fn printed_text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running binary, killed when dropped.
pub struct Running {
    pub child: Child,
    pub address: String,
    pub lines: Vec<String>,
}

impl Running {
    /// Starts it on a free port; reads its output until a line holds `ready`.
    pub fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], ready: &str) -> Self {
        let mut command = command(folder, arguments);
        command.envs(variables.iter().copied());
        Self::start_by(command, ready)
    }

    /// The same, by a command that takes its arguments.
    pub fn start_by(mut command: Command, ready: &str) -> Self {
        let address = free_address();
        let mut child = command
            .args(["--listen", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines(&mut child);
        let mut running = Self { child, address, lines: Vec::new() };
        for line in lines {
            let over = line.contains(ready);
            running.lines.push(line);
            if over {
                return running;
            }
        }
        panic!("it ended before it was ready: {:?}", running.lines);
    }

    /// Asks it; the status and the body.
    pub fn ask(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        ask_at(&self.address, method, path, key, body)
    }
}

/// Asks a Baton at that address; the status and the body.
pub fn ask_at(address: &str, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    // A connection that is refused may be closed before all is written.
    let _ = write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let reply = String::from_utf8(reply).unwrap();
    let status = reply.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{reply}"));
    (status, reply.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// An address of this machine that nobody listens at.
pub fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What a process prints on either way, line by line, until it ends.
pub fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    // Both are read to the end, otherwise the process would wait for room in a pipe.
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for pipe in pipes {
        let sender = sender.clone();
        std::thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
    }
    receiver
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A Baton under test: built, started on a free port in a folder of its own, stopped when dropped.

use anyhow::{Context, bail, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running Baton.
pub struct Baton {
    child: Child,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its folder: data and logs.
    pub folder: PathBuf,
}

/// Builds the binary; release or not.
///
/// # Errors
/// If it does not build.
pub fn build(release: bool) -> anyhow::Result<PathBuf> {
    build_package("baton", if release { "release" } else { "dev" })
}

/// Builds a package's binary of the same name, in a profile.
///
/// # Errors
/// If it does not build.
pub fn build_package(package: &str, profile: &str) -> anyhow::Result<PathBuf> {
    run_cargo(package, &["build", "--quiet", "--package", package, "--profile", profile])?;
    binary(package, profile)
}

/// Builds a package's binary in a profile, and leaves the names of functions in it. Only the binary itself is built anew for that.
///
/// # Errors
/// If it does not build.
pub fn build_with_symbols(package: &str, profile: &str) -> anyhow::Result<PathBuf> {
    let build = ["rustc", "--quiet", "--package", package, "--bin", package, "--profile", profile];
    run_cargo(package, &[&build[..], &["--", "-C", "strip=none"]].concat())?;
    binary(package, profile)
}

fn run_cargo(package: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(env!("CARGO")).args(arguments).status().context("cargo")?;
    ensure!(status.success(), "{package} does not build");
    Ok(())
}

/// Where a package's binary is put.
fn binary(package: &str, profile: &str) -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = std::path::absolute(target.join(if profile == "dev" { "debug" } else { profile }))?;
    Ok(folder.join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}

/// A port that nobody uses now.
///
/// # Errors
/// If there is none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Baton {
    /// Starts it and waits until it replies.
    ///
    /// # Errors
    /// If it does not reply within two minutes.
    pub fn start(binary: &Path, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let port = free_port()?;
        let listen = format!("127.0.0.1:{port}");
        let mut command = Command::new(binary);
        command.args(arguments).args(["--listen", &listen]).current_dir(folder).stdout(Stdio::null());
        // A developer's own: real providers would be asked and paid, and a real database written to.
        for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_URL", "DATABASE_URL", "BATON_CONFIG"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        // A file and no pipe: nobody reads along, and a full pipe would stop the process.
        let log = std::fs::File::create(folder.join("stderr.txt"))?;
        let child = command.stderr(log).spawn().with_context(|| format!("starting {}", binary.display()))?;
        let mut baton = Self { child, url: format!("http://{listen}"), folder: folder.to_owned() };
        baton.wait(port)?;
        Ok(baton)
    }

    fn wait(&mut self, port: u16) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(120);
        // The port is open before Baton is ready, so the reply counts.
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() || !self.replies(port) {
            if let Some(status) = self.child.try_wait()? {
                bail!("Baton ended with {status}: {}", self.log());
            }
            if Instant::now() > deadline {
                bail!("Baton does not answer: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn replies(&self, port: u16) -> bool {
        use std::io::Write;
        let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let asked = stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let mut line = String::new();
        asked.is_ok() && BufReader::new(stream).read_line(&mut line).is_ok() && line.contains(" 200 ")
    }

    /// What it wrote to its standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("stderr.txt")).unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Baton {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The process under test: started, asked by the admin, killed.

use anyhow::{Context, bail, ensure};
use reqwest::Method;
use serde_json::Value;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const ADMIN_KEY: &str = "bt-the-admin-key-of-the-bill-000000000000000000";
/// How long anything may take that has to come about.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The pause before something is looked at again.
pub const PAUSE: Duration = Duration::from_millis(5);

/// A running `baton serve`; killed when dropped.
pub struct Node {
    child: Child,
    log: PathBuf,
    pub api: Api,
}

/// How a node is asked.
#[derive(Clone)]
pub struct Api {
    pub http: reqwest::Client,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Node {
    /// Starts the process on the data of that folder, and waits until it is ready.
    ///
    /// # Errors
    /// If it ends, or is not ready in time.
    pub async fn start(binary: &Path, folder: &Path, database: &str) -> anyhow::Result<Self> {
        // Free for a moment only; a new one for each process, because connections to the killed one still hold the old.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        let log = folder.join("stderr.txt");
        // Behind what earlier processes wrote, which is what explains a difference.
        let errors = std::fs::File::options().create(true).append(true).open(&log)?;
        // Without a developer's own variables: real providers would be asked and paid.
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", &listen]).current_dir(folder).env_clear().stdin(Stdio::null());
        command.env("DATABASE_URL", database).env("BATON_ADMIN_KEY", ADMIN_KEY).stdout(Stdio::null()).stderr(errors);
        let child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
        let api = Api { http: reqwest::Client::builder().timeout(PATIENCE).build()?, url: format!("http://{listen}") };
        let mut node = Self { child, log, api };
        let deadline = Instant::now() + PATIENCE;
        while !node.is_ready().await {
            if let Some(status) = node.child.try_wait()? {
                bail!("baton ended with {status}: {}", node.last_lines());
            }
            ensure!(Instant::now() < deadline, "baton is not ready: {}", node.last_lines());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(node)
    }

    async fn is_ready(&self) -> bool {
        let reply = self.api.http.get(format!("{}/health/ready", self.api.url)).send().await;
        reply.is_ok_and(|reply| reply.status().is_success())
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It is dead already, most often.
        let _ = self.kill();
    }
}

impl Api {
    /// Asks as that key; the status and the text.
    ///
    /// # Errors
    /// If the connection breaks.
    pub async fn ask(&self, method: Method, path: &str, key: &str, body: &Value) -> anyhow::Result<(u16, String)> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(key);
        if !body.is_null() {
            request = request.json(body);
        }
        let reply = request.send().await.with_context(|| format!("asking {path}"))?;
        let status = reply.status().as_u16();
        Ok((status, reply.text().await.with_context(|| format!("reading the reply of {path}"))?))
    }

    /// Asks as the admin for something that must succeed.
    ///
    /// # Errors
    /// If it does not.
    pub async fn admin(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<String> {
        let (status, text) = self.ask(method.clone(), path, ADMIN_KEY, body).await?;
        ensure!((200..300).contains(&status), "{method} {path}: {status}: {text}");
        Ok(text)
    }

    /// The sum of a metric over all its labels.
    ///
    /// # Errors
    /// If the metrics can't be had.
    pub async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let text = self.admin(Method::GET, "/metrics", &Value::Null).await?;
        let of_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
        let values = text.lines().filter(of_it).filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(values.sum::<f64>() as u64)
    }
}

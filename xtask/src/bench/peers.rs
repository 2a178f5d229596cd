//! Other gateways, as far as they are installed: what they pay for the same requests in the same run.

use super::gateway::{GATEWAY_CORE, Process, start};
use super::rows::Row;
use super::sender::Sender;
use super::testbed::Testbed;
use crate::process::free_port;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A running gateway.
pub struct Peer {
    /// Its name and version.
    pub name: &'static str,
    process: Process,
    port: u16,
    path: &'static str,
    model: &'static str,
    /// The events of a stream: what it sends of the upstream's own.
    events: u32,
}

/// Where both are looked for: a Python environment.
pub const ENVIRONMENT: &str = ".venv/peers";

/// Starts those that are installed, on the core of the gateways, and says which are not.
///
/// # Errors
/// If one does not start.
pub fn start_installed(testbed: &Testbed) -> anyhow::Result<Vec<Peer>> {
    let programs = PathBuf::from(ENVIRONMENT).join("bin");
    let mut peers = Vec::new();
    if programs.join("smg").exists() {
        peers.push(start_smg(&programs, testbed)?);
    } else {
        eprintln!("smg is not installed in {ENVIRONMENT}");
    }
    let python = programs.join("python");
    let found = Command::new(&python).args(["-c", "import tensorzero"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        peers.push(start_tensorzero(&python, testbed)?);
    } else {
        eprintln!("TensorZero is not installed in {ENVIRONMENT}");
    }
    Ok(peers)
}

/// Without authentication, history and checks of the upstream's health.
fn start_smg(programs: &Path, testbed: &Testbed) -> anyhow::Result<Peer> {
    let (port, metrics) = (free_port()?, free_port()?.to_string());
    let upstream = format!("http://127.0.0.1:{}", testbed.upstream);
    let listen = port.to_string();
    let arguments = [
        ["launch", "--host", "127.0.0.1"].as_slice(),
        &["--port", &listen, "--prometheus-host", "127.0.0.1", "--prometheus-port", &metrics],
        &["--backend", "openai", "--worker-urls", &upstream],
        &["--history-backend", "none", "--disable-health-check", "--disable-load-monitoring", "--log-level", "error"],
        &["--shutdown-grace-period-secs", "1"],
    ];
    let process = start(GATEWAY_CORE, &programs.join("smg"), &arguments.concat(), port)?;
    // With the usage, for which it does not look.
    Ok(Peer { name: "smg 1.13.0", process, port, path: "/v1/chat/completions", model: "gpt-4o-mini", events: 204 })
}

/// The gateway that the Python package carries, which chooses its port by itself.
const TENSORZERO: &str = "
import sys, threading
from tensorzero.tensorzero import _start_http_gateway
gateway = _start_http_gateway(
    config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False)
open(sys.argv[2], 'w').write(gateway.base_url + '\\n')
threading.Event().wait()
";

/// Without observability, which would need a ClickHouse.
fn start_tensorzero(python: &Path, testbed: &Testbed) -> anyhow::Result<Peer> {
    let upstream = testbed.upstream;
    let file = testbed.folder.join("tensorzero.toml");
    fs::write(
        &file,
        format!(
            "[gateway]\nobservability.enabled = false\ndisable_pseudonymous_usage_analytics = true\n\n\
             [models.bench]\nrouting = [\"upstream\"]\n\n[models.bench.providers.upstream]\ntype = \"openai\"\n\
             model_name = \"gpt-4o-mini\"\napi_base = \"http://127.0.0.1:{upstream}/v1/\"\napi_key_location = \"none\"\n"
        ),
    )?;
    let address = testbed.folder.join("tensorzero.url");
    let mut command = Command::new("taskset");
    command.args(["-c", GATEWAY_CORE]).arg(python).args(["-c", TENSORZERO]).arg(&file).arg(&address);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("taskset (util-linux)")?;
    let process = Process::from(child);
    let deadline = Instant::now() + Duration::from_secs(30);
    let port = loop {
        // The line is whole when its end is there.
        let text = fs::read_to_string(&address).unwrap_or_default();
        if let Some(url) = text.strip_suffix('\n') {
            let port = url.trim_start_matches("http://").split([':', '/']).nth(1).context("a port")?;
            break port.parse().with_context(|| format!("the port of {url}"))?;
        }
        ensure!(Instant::now() < deadline, "TensorZero does not start");
        std::thread::sleep(Duration::from_millis(20));
    };
    Ok(Peer {
        name: "TensorZero 2026.6.0",
        process,
        port,
        path: "/openai/v1/chat/completions",
        model: "tensorzero::model_name::bench",
        events: 203,
    })
}

impl Peer {
    /// The process that does the work.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What sends requests to it.
    pub fn sender<'s>(&self, testbed: &'s Testbed) -> Sender<'s> {
        testbed.sender_to_port(self.port)
    }

    /// The row as it is sent to this one; `None`: it has no like.
    pub fn row(&self, row: &Row) -> Option<Row> {
        // Translation, caches and keys are each gateway's own.
        let compared = ["chat", "large", "stream"].contains(&row.name);
        let events = row.events.map(|_| (self.events, self.events));
        compared.then(|| Row { path: self.path, model: self.model, events, headers: &[], ..row.clone() })
    }
}

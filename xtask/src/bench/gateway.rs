//! What is measured: a Baton and an nginx, each on the core that they share, in front of the same upstream.

use crate::process::{Baton, free_port};
use anyhow::{Context, ensure};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The core of gateways; load and upstream have the other.
pub const GATEWAY_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";
pub const ADMIN_KEY: &str = "bt-measurement-admin-key-000000000000000000000";

/// How many models are registered: a company's, with all versions.
pub const MODELS: usize = 1_000;

/// A process that ends with its value.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // nginx's worker ends with its master, if that is asked and not killed.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

impl From<Child> for Process {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Process {
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

/// Starts something on a core, and waits until its port is open.
pub fn start(core: &str, program: &Path, arguments: &[&str], port: u16) -> anyhow::Result<Process> {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().with_context(|| format!("taskset (util-linux) and {}", program.display()))?;
    let process = Process(child);
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < deadline, "{} does not listen on port {port}", program.display());
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(process)
}

/// nginx as a reverse proxy: one worker, connections kept; on a second port without buffering, for streams.
pub struct Nginx {
    master: Process,
    pub port: u16,
    pub stream_port: u16,
}

impl Nginx {
    pub fn start(folder: &Path, upstream: u16) -> anyhow::Result<Self> {
        let (port, stream_port) = (free_port()?, free_port()?);
        let folder_name = folder.display();
        let server = |port: u16, buffering: &str| {
            format!(
                "server {{ listen 127.0.0.1:{port}; client_body_buffer_size 1m; client_max_body_size 64m;
                 location / {{ proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection \"\";
                 proxy_buffering {buffering}; proxy_max_temp_file_size 0; }} }}"
            )
        };
        let configuration = format!(
            "daemon off; worker_processes 1; pid {folder_name}/nginx.pid; error_log {folder_name}/nginx.log crit;
             events {{ worker_connections 4096; }}
             http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder_name}/body;
             proxy_temp_path {folder_name}/proxy; fastcgi_temp_path {folder_name}/f; uwsgi_temp_path {folder_name}/u;
             scgi_temp_path {folder_name}/s; upstream upstream {{ server 127.0.0.1:{upstream}; keepalive 64;
             keepalive_requests 1000000000; }} {} {} }}",
            server(port, "on"),
            server(stream_port, "off"),
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration)?;
        let file = file.to_string_lossy().into_owned();
        let master = start(GATEWAY_CORE, Path::new("nginx"), &["-c", &file, "-p", &folder_name.to_string()], port)?;
        Ok(Self { master, port, stream_port })
    }

    /// The process that does the work.
    pub fn worker(&self) -> anyhow::Result<u32> {
        let master = self.master.id();
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        children.split_whitespace().next().context("nginx has no worker")?.parse().context("a process id")
    }
}

/// How a Baton is started.
pub struct Start<'s> {
    /// A program that runs it, with its arguments.
    pub under: &'s [&'s str],
    /// The cores that it may use.
    pub cores: &'s str,
    /// Registered models, beside those that are measured.
    pub models: usize,
    pub variables: &'s [(&'s str, &'s str)],
    /// Further tables of the configuration.
    pub configuration: &'s str,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { under: &[], cores: GATEWAY_CORE, models: MODELS, variables: &[], configuration: "" }
    }
}

/// Starts a Baton with everything on: a key, models, prices, the ledger.
pub fn start_baton(start: &Start<'_>, binary: &Path, folder: &Path, upstream: u16) -> anyhow::Result<Baton> {
    let mut file = format!(
        "[auth]\nadmin_key = \"{ADMIN_KEY}\"\n\n[server]\nmax_in_flight = 20000\n\n[server.connections]\nmax_per_address = 10000\n\n\
         [providers.openai]\nkind = \"openai\"\napi_key = \"x\"\nbase_url = \"http://127.0.0.1:{upstream}/v1\"\n\n\
         [providers.anthropic]\nkind = \"anthropic\"\napi_key = \"x\"\nbase_url = \"http://127.0.0.1:{upstream}\"\n\n\
         [discovery]\nat_start = false\n\n{}",
        start.configuration
    );
    let mut model = |id: &str, provider: &str, upstream: &str, capability: &str| {
        file += &format!(
            "\n[[models]]\nmodel_id = \"{id}\"\nprovider = \"{provider}\"\nupstream = \"{upstream}\"\n\
             capabilities = [\"{capability}\"]\nprice = {{ input = \"0.15\", output = \"0.6\" }}\n"
        );
    };
    model("bench", "openai", "gpt-4o-mini", "CHAT");
    model("bench-anthropic", "anthropic", "claude-sonnet-4-5", "CHAT");
    model("bench-embeddings", "openai", "text-embedding-3-small", "EMBEDDING");
    for number in 0..start.models {
        model(&format!("model-{number}"), "openai", &format!("gpt-4o-mini-{number}"), "CHAT");
    }
    fs::write(folder.join("baton.toml"), file)?;
    let binary = binary.to_string_lossy().into_owned();
    let arguments = [&["-c", start.cores], start.under, &[&binary, "serve"]].concat();
    Baton::start(Path::new("taskset"), folder, &arguments, start.variables)
}

/// Processor time of a process in seconds: all threads, those that ended too.
pub fn processor_seconds(id: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).context("processor time is read from /proc")?;
    // Behind the name, which may have spaces: the state is the first field, user and system time are the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit_once(')').context("a name")?.1.split_whitespace().collect();
    let ticks = |place: usize| -> anyhow::Result<f64> {
        Ok(fields.get(place).context("fewer fields than expected")?.parse::<u64>()? as f64)
    };
    // A tick is a hundredth of a second on every Linux that Rust's standard library runs on.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Memory that a process has in use now, in KiB.
pub fn resident(id: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("resident memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS")
}

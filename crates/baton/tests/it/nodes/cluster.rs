//! Three nodes, each a process of its own, with servers of their own behind them.

use crate::running::{KEY, command};
use baton_servers::{free_port, nats, postgres, redis};
use baton_sim::{Kind, Sim, SimOptions};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many nodes there are.
pub const NODES: usize = 3;

/// The nodes, what is behind them, and what was done to them.
pub struct Cluster {
    pub postgres: postgres::PostgresServer,
    pub database: postgres::TestDatabase,
    pub redis: redis::RedisServer,
    pub nats: nats::NatsServer,
    pub sims: [Sim; 3],
    folder: TempDir,
    nodes: [Node; NODES],
    pub balancer: Balancer,
}

struct Node {
    address: String,
    child: Option<Child>,
}

/// What a load balancer in front knows: who is up, and who was killed when.
#[derive(Clone)]
pub struct Balancer {
    pub addresses: [String; NODES],
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    up: [bool; NODES],
    kills: Vec<(usize, Instant, Instant)>,
}

impl Balancer {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nodes that are up, beginning with the `turn`th.
    pub fn nodes(&self, turn: usize) -> Vec<usize> {
        let up = self.state().up;
        (0..NODES).map(|step| (turn + step) % NODES).filter(|node| up[*node]).collect()
    }

    /// Whether that node was killed in that time.
    pub fn was_killed(&self, node: usize, from: Instant, to: Instant) -> bool {
        self.state().kills.iter().any(|(killed, begun, over)| *killed == node && *begun <= to && *over >= from)
    }
}

impl Cluster {
    /// Starts everything; a token of a simulated provider takes `pace`.
    pub async fn start(pace: Duration) -> Self {
        let (postgres, redis, nats) =
            (postgres::PostgresServer::start(&[]), redis::RedisServer::start(&[]), nats::NatsServer::start(true));
        let database = postgres::database_on(&postgres.url());
        let mut sims = Vec::new();
        for kind in Kind::ALL {
            let options = SimOptions { token_delay: pace, ..SimOptions::of(kind) };
            sims.push(Sim::start(kind, options).await.unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        let nodes = std::array::from_fn(|_| Node { address: format!("127.0.0.1:{}", free_port()), child: None });
        let addresses = std::array::from_fn(|node| {
            let nodes: &[Node; NODES] = &nodes;
            nodes[node].address.clone()
        });
        let balancer = Balancer { addresses, state: Arc::default() };
        let sims: [Sim; 3] = sims.try_into().unwrap_or_else(|_| unreachable!());
        let mut cluster = Self { postgres, database, redis, nats, sims, folder, nodes, balancer };
        cluster.write_configuration();
        // All at once: migrations, discovery and streams must not collide.
        for node in 0..NODES {
            cluster.spawn(node);
        }
        for node in 0..NODES {
            cluster.wait_until_ready(node).await;
        }
        cluster
    }

    fn write_configuration(&self) {
        let mut file = String::from("[discovery]\nat_start = true\n");
        for sim in &self.sims {
            let (name, url) = (sim.kind().name(), sim.base_url());
            file.push_str(&format!(
                "[providers.{name}]\nkind = \"{name}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\nretries = 0\n"
            ));
        }
        for (id, provider, upstream, capability) in [
            ("gpt", "openai", "gpt-4o-mini", "CHAT"),
            ("claude", "anthropic", "claude-haiku-4-5", "CHAT"),
            ("llama", "ollama", "llama3.2:latest", "CHAT"),
            ("embed", "openai", "text-embedding-3-small", "EMBEDDING"),
        ] {
            file.push_str(&format!(
                "[[models]]\nmodel_id = \"{id}\"\nprovider = \"{provider}\"\nupstream = \"{upstream}\"\n\
                 capabilities = [\"{capability}\"]\ntoken_limit = 100000\nmax_tokens = 4096\n\
                 price = {{ input = \"1\", output = \"2\", cache_read = \"0.5\", cache_write = \"1.25\" }}\n"
            ));
        }
        std::fs::write(self.folder.path().join("baton.toml"), file).unwrap();
    }

    /// Starts a node's process, with the folder that it had.
    fn spawn(&mut self, node: usize) {
        let folder = self.folder.path().join(format!("node{node}"));
        std::fs::create_dir_all(&folder).unwrap();
        let configuration = self.folder.path().join("baton.toml");
        let child = command(&folder, &["serve", "--listen", &self.nodes[node].address, "--config"])
            .arg(configuration)
            .envs([
                ("DATABASE_URL", self.database.url()),
                ("REDIS_URL", self.redis.url()),
                ("NATS_URL", self.nats.url()),
                ("BATON_ADMIN_KEY", KEY.to_owned()),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.nodes[node].child = Some(child);
    }

    async fn wait_until_ready(&mut self, node: usize) {
        let child = self.nodes[node].child.as_mut().unwrap();
        let stderr = child.stderr.take().unwrap();
        // What it says is kept for the one who looks into a failed test.
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let url = format!("http://{}/health/ready", self.nodes[node].address);
        let until = Instant::now() + Duration::from_secs(60);
        while !reqwest::get(&url).await.is_ok_and(|reply| reply.status().is_success()) {
            let ended = self.nodes[node].child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
            assert!(!ended && Instant::now() < until, "node {node} is not ready: {:?}", lines.lock());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.balancer.state().up[node] = true;
    }

    /// Kills a node as a power cut would.
    pub fn kill(&mut self, node: usize) {
        let begun = Instant::now();
        let mut child = self.nodes[node].child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut state = self.balancer.state();
        state.up[node] = false;
        state.kills.push((node, begun, Instant::now()));
    }

    /// Starts a node again.
    pub async fn restart(&mut self, node: usize) {
        self.spawn(node);
        self.wait_until_ready(node).await;
    }

    /// The last warnings and errors in each node's log, for a test that fails.
    pub fn warnings(&self) -> String {
        let mut all = String::new();
        for node in 0..NODES {
            let folder = self.folder.path().join(format!("node{node}")).join("logs");
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let text: String = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
            let warnings: Vec<&str> =
                text.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
            let last = &warnings[warnings.len().saturating_sub(20)..];
            all.push_str(&format!("node {node}:\n{}\n", last.join("\n")));
        }
        all
    }

    /// `http://…` of a node.
    pub fn url(&self, node: usize) -> String {
        format!("http://{}", self.nodes[node].address)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

//! A node whose database is away, out of connections, or back.

use crate::running::{KEY, Running, command, printed_text};
use baton_servers::postgres;
use baton_sim::{Kind, Sim, SimOptions};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Waits until something is so.
#[track_caller]
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A node on a PostgreSQL of its own, with a model that was registered and a key that was made over the API.
struct Node {
    postgres: postgres::PostgresServer,
    database: postgres::TestDatabase,
    sim: Sim,
    folder: TempDir,
    running: Option<Running>,
    key: String,
}

impl Node {
    async fn start(settings: &[&str]) -> Self {
        let postgres = postgres::PostgresServer::start(settings);
        let database = postgres::database_on(&postgres.url());
        let sim = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let configuration = format!(
            "[database]\nacquire_timeout = \"1s\"\nreaders = 2\nwriters = 2\n[discovery]\nat_start = false\n\
             [providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\n",
            sim.base_url()
        );
        std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
        let mut node = Self { postgres, database, sim, folder, running: None, key: String::new() };
        node.restart();
        let model = json!({
            "model_id": "kept", "provider": "openai", "upstream": "gpt-4o-mini", "capabilities": ["CHAT"],
            "token_limit": 128_000, "price": { "input": "1", "output": "2", "cache_read": "0.5" },
        });
        assert_eq!(node.manage("POST", "/api/models", &model).0, 201);
        let (status, made) = node.manage("POST", "/api/keys", &json!({ "name": "team", "role": "caller" }));
        assert_eq!(status, 201, "{made}");
        node.key = made["key"].as_str().unwrap().to_owned();
        node
    }

    /// Starts the process, with the folder that it had.
    fn restart(&mut self) {
        // Killed first: the new process needs the lock of the journal.
        self.running = None;
        let url = self.database.url();
        let variables = [("DATABASE_URL", url.as_str()), ("BATON_ADMIN_KEY", KEY)];
        self.running = Some(Running::start(self.folder.path(), &["serve"], &variables, "baton is ready"));
    }

    /// Kills the process as a power cut would.
    fn kill(&mut self) {
        self.running = None;
    }

    fn ask(&self, method: &str, path: &str, key: &str, body: &Value) -> (u16, String) {
        self.running.as_ref().unwrap().ask(method, path, key, &body.to_string())
    }

    /// A call of the management API, by the admin.
    fn manage(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, reply) = self.ask(method, path, KEY, body);
        (status, serde_json::from_str(&reply).unwrap_or(Value::Null))
    }

    fn chat(&self, key: &str, text: &str) -> u16 {
        let body = json!({ "model": "kept", "messages": [{ "role": "user", "content": text }] });
        self.ask("POST", "/v1/chat/completions", key, &body).0
    }

    /// So many requests, each of which gets a reply.
    fn chats(&self, count: usize) {
        for number in 0..count {
            assert_eq!(self.chat(&self.key, &format!("Say {number}")), 200);
        }
    }

    fn ready(&self) -> (u16, String) {
        self.ask("GET", "/health/ready", "", &Value::Null)
    }

    /// What is refused while the database is unavailable, and how.
    fn refuses_what_needs_the_database(&self) {
        let reason =
            "the database is unavailable: no response within 800 ms: it is unreachable, busy, or out of connections";
        assert_eq!(self.ready(), (503, reason.to_owned()));
        for (method, path, body) in [
            ("POST", "/api/models", json!({ "model_id": "new", "provider": "openai", "upstream": "gpt-4o" })),
            ("DELETE", "/api/models/kept", Value::Null),
            ("POST", "/api/keys", json!({ "name": "new" })),
            ("POST", "/api/projects", json!({ "id": "new", "name": "new" })),
            ("GET", "/api/audit", Value::Null),
            ("GET", "/api/usage?group_by=model", Value::Null),
        ] {
            let (status, reply) = self.manage(method, path, &body);
            assert_eq!((status, &reply["error"]["code"]), (503, &json!("overloaded")), "{method} {path}: {reply}");
        }
        // Nobody who is known is turned away, and nobody else is let in.
        assert_eq!(self.chat(&self.key, "Say hello"), 200);
        assert_eq!(self.chat("bt-nobody-has-this-key-000000000000000000000000", "Say hello"), 401);
    }

    /// Every reply that the provider billed is recorded, once, at its price.
    fn has_recorded_everything(&self) {
        let billed = self.sim.billed_tokens();
        let count = billed.len().to_string();
        let recorded =
            |what: &str| self.database.sql(&format!("SELECT {what} FROM requests WHERE outcome = 'completed'"));
        until("every request is recorded", || recorded("count(*)") == count);
        until("it is ready again", || self.ready() == (200, "ready".to_owned()));
        assert_eq!(recorded("count(DISTINCT id)"), count);
        assert_eq!(
            self.database.sql("SELECT count(*) FROM requests WHERE outcome <> 'completed' AND status <> 401"),
            "0"
        );
        let nanos = billed.iter().map(|bill| bill.input * 1000 + bill.cache_read * 500 + bill.output * 2000);
        assert_eq!(recorded("sum(cost)"), nanos.sum::<u64>().to_string());
        // And each has one event.
        let event_number = "SELECT sum(requests) FROM events WHERE kind = 'model.requests.completed'";
        assert_eq!(self.database.sql(event_number), count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on_while_the_database_is_away() {
    let node = Node::start(&[]).await;
    node.chats(3);
    node.postgres.stop();
    node.chats(40);
    node.refuses_what_needs_the_database();
    node.chats(10);
    node.postgres.restart();
    node.has_recorded_everything();
    let (status, _) = node.manage("POST", "/api/keys", &json!({ "name": "new" }));
    assert_eq!(status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_while_the_database_is_away_loses_nothing() {
    let mut node = Node::start(&[]).await;
    node.chats(3);
    node.postgres.stop();
    node.chats(20);
    node.kill();
    // Whatever starts it anew is told why it can't.
    let mut serve = command(node.folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let output =
        serve.envs([("DATABASE_URL", node.database.url().as_str()), ("BATON_ADMIN_KEY", KEY)]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let place = node.database.url().split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (_, port) = place.split_once(':').unwrap();
    let expected = format!(
        "error: the database `{} at {place}` can't be opened: nothing listens on port {port} of 127.0.0.1; check that \
         the server is running, and the port\n",
        node.database.name()
    );
    assert!(printed_text(&output).ends_with(&expected), "{}", printed_text(&output));
    node.postgres.restart();
    node.restart();
    node.has_recorded_everything();
}

/// All connections that a server has to give.
struct Hoard {
    taken: Vec<Child>,
    keeper: Child,
    ask: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Hoard {
    /// Takes them all, those of the node too.
    fn take(node: &Node) -> Self {
        let session = || {
            let mut psql = Command::new("psql");
            psql.args(["-X", "-q", "-A", "-t", &node.database.url()]).stdout(Stdio::piped()).stderr(Stdio::null());
            psql
        };
        let mut keeper = session().stdin(Stdio::piped()).spawn().unwrap();
        let (ask, replies) = (keeper.stdin.take().unwrap(), BufReader::new(keeper.stdout.take().unwrap()));
        let mut hoard = Self { taken: Vec::new(), keeper, ask, replies };
        until("all connections are taken", || {
            hoard.taken.retain_mut(|session| session.try_wait().unwrap().is_none());
            // The node's own connections too, again and again: its pool opens new ones as long as there are any.
            hoard.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'baton'");
            let sleep = session().args(["-c", "SELECT pg_sleep(600)"]).stdin(Stdio::null()).spawn().unwrap();
            hoard.taken.push(sleep);
            let free = "SELECT current_setting('max_connections')::int - count(*) FILTER (WHERE application_name = 'psql') \
                        FROM pg_stat_activity WHERE backend_type = 'client backend'";
            hoard.ask(free) == "0"
        });
        hoard
    }

    fn ask(&mut self, query: &str) -> String {
        writeln!(self.ask, "{query};").unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        reply.trim().to_owned()
    }
}

impl Drop for Hoard {
    fn drop(&mut self) {
        // The server would only notice at the end of the sleep that nobody listens any more.
        self.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()",
        );
        for session in self.taken.iter_mut().chain([&mut self.keeper]) {
            let _ = session.kill();
            let _ = session.wait();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on_while_the_database_has_no_connection_left() {
    let node = Node::start(&["max_connections=12", "superuser_reserved_connections=0", "max_wal_senders=0"]).await;
    node.chats(3);
    let hoard = Hoard::take(&node);
    node.chats(40);
    node.refuses_what_needs_the_database();
    drop(hoard);
    node.has_recorded_everything();
}

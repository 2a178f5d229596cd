//! A demonstration with things in it that commands can name.

use super::recorder::Recorder;
use crate::running::{KEY, Running, printed_text, run};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running demonstration that lets webhooks be on this machine.
pub struct Things {
    demo: Running,
    /// What webhooks are posted to.
    pub service: Recorder,
    named: u32,
    _folder: TempDir,
}

/// How long is waited for what Baton does in the background.
const PATIENCE: Duration = Duration::from_secs(30);

impl Things {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Private addresses are refused otherwise.
        std::fs::write(folder.path().join("baton.toml"), "[webhooks]\nallow = [\"127.0.0.0/8\"]\n").unwrap();
        let secret = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";
        let variables = [("BATON_DEMO_KEY", KEY), ("BATON_SECRET_KEY", secret)];
        let demo = Running::start(folder.path(), &["demo"], &variables, "group_by=model");
        let service = Recorder::replying("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        Self { demo, service, named: 0, _folder: folder }
    }

    pub fn address(&self) -> &str {
        &self.demo.address
    }

    /// An argument of an example with its placeholder filled in.
    pub fn fill(&mut self, argument: &str, baton: &str, other: &str) -> String {
        let Some((before, rest)) = argument.split_once('{') else { return argument.to_owned() };
        let (name, after) = rest.split_once('}').unwrap();
        let value = match name {
            "baton" => baton.to_owned(),
            "other" => other.to_owned(),
            "new" => self.new_name(),
            "key" => self.create("/api/keys", &json!({ "name": "for tests" }), "id"),
            "project" => {
                let id = self.new_name();
                self.create("/api/projects", &json!({ "id": id }), "id")
            }
            "member" => {
                let body = json!({ "id": self.new_name(), "members": [{ "user_id": "anna", "role": "viewer" }] });
                self.create("/api/projects", &body, "id")
            }
            "user" => {
                let id = self.new_name();
                let (status, set) = self.demo.ask("PUT", &format!("/api/users/{id}"), KEY, "{}");
                assert_eq!(status, 200, "{set}");
                id
            }
            "model" => {
                let body = json!({ "model_id": self.new_name(), "provider": "sim-openai", "upstream": "gpt-4o" });
                self.create("/api/models", &body, "model_id")
            }
            "provider" => {
                let body = json!({ "name": self.new_name(), "kind": "openai", "base_url": "http://127.0.0.1:1/v1", "api_key": "none" });
                self.create("/api/providers", &body, "name")
            }
            "price" => {
                let body = json!({ "price_id": self.new_name(), "provider": "nobody", "factor": 0.9 });
                self.create("/api/prices", &body, "price_id")
            }
            "budget" => {
                let scope = json!({ "user": "*", "tag": self.new_name() });
                let body = json!({ "budget_id": self.new_name(), "scope": scope, "amount": 1, "period": "day" });
                self.create("/api/budgets", &body, "budget_id")
            }
            "limit" => {
                let scope = json!({ "user": "*", "tag": self.new_name() });
                let body = json!({ "limit_id": self.new_name(), "scope": scope, "concurrency": 5 });
                self.create("/api/limits", &body, "limit_id")
            }
            "prices" => {
                let list = json!({ "models": [{ "vendor": "openai", "id": "gpt-4o", "price": { "input": "2" } }] });
                self.file("prices.json", &list.to_string())
            }
            "team" => {
                let text = format!("[[projects]]\nid = \"{}\"\n", self.new_name());
                self.file("team.toml", &text)
            }
            "backup" => self.backup(),
            "empty" => {
                let (name, file) = (self.new_name(), self.new_name());
                let data = self._folder.path().join(name);
                self.file(&format!("{file}.toml"), &format!("data_dir = \"{}\"\n", data.display()))
            }
            "litellm" => self.file("config.yaml", include_str!("../../fixtures/litellm/config.yaml")),
            "webhook" => self.webhook("budget.exceeded", "http://127.0.0.1:1/hook"),
            "replying" => self.webhook("budget.exceeded", &format!("{}/hook", self.service.url())),
            "delivery" => self.delivery(),
            "request" => self.request(),
            _ => panic!("there is no placeholder {name}"),
        };
        format!("{before}{value}{after}")
    }

    fn new_name(&mut self) -> String {
        self.named += 1;
        format!("thing-{}", self.named)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self._folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// An archive of an installation with nothing in it.
    fn backup(&mut self) -> String {
        let name = self.new_name();
        let folder = self._folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        for arguments in [&["migrate"][..], &["backup", "backup.tar.gz"]] {
            let output = run(&folder, arguments);
            assert!(output.status.success(), "{}", printed_text(&output));
        }
        folder.join("backup.tar.gz").display().to_string()
    }

    fn create(&self, path: &str, body: &Value, id: &str) -> String {
        let (status, made) = self.demo.ask("POST", path, KEY, &body.to_string());
        assert_eq!(status, 201, "{made}");
        serde_json::from_str::<Value>(&made).unwrap()[id].as_str().unwrap().to_owned()
    }

    fn webhook(&self, kind: &str, url: &str) -> String {
        self.create("/api/webhooks", &json!({ "url": url, "types": [kind] }), "id")
    }

    fn delivery(&self) -> String {
        let webhook = self.webhook("key.created", "http://127.0.0.1:1/hook");
        self.create("/api/keys", &json!({ "name": "for an event" }), "id");
        self.wait_for(&format!("/api/webhooks/{webhook}/deliveries"), |reply| {
            Some(reply.pointer("/items/0/id")?.as_str()?.to_owned())
        })
    }

    fn request(&self) -> String {
        let body = json!({ "model_id": "gpt", "messages": [{ "role": "user", "content": "Say hello" }] });
        let (status, reply) = self.demo.ask("POST", "/api/models/chat", KEY, &body.to_string());
        assert_eq!(status, 200, "{reply}");
        let id = serde_json::from_str::<Value>(&reply).unwrap()["request_id"].as_str().unwrap().to_owned();
        self.wait_for(&format!("/api/requests/{id}"), |record| Some(record["id"].as_str()?.to_owned()))
    }

    /// Asks again until that is in the reply.
    fn wait_for(&self, path: &str, find: impl Fn(&Value) -> Option<String>) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let (_, reply) = self.demo.ask("GET", path, KEY, "");
            if let Some(found) = serde_json::from_str(&reply).ok().as_ref().and_then(&find) {
                return found;
            }
            assert!(Instant::now() < until, "{path}: {reply}");
            std::thread::yield_now();
        }
    }
}

//! Commands of the bus, executed by a Baton in this process over a bus in this process.

use crate::baton::Baton;
use crate::running::KEY;
use baton::execute::{CommandSettings, Executor};
use baton_bus::{Bus, BusEvent, Local};
use baton_model::chat::Json;
use baton_model::entity::Role;
use baton_model::{Caller, SystemClock};
use baton_sim::SimFault;
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const REPLIES: &str = "replies";

/// A Baton that executes commands.
struct Commanded {
    baton: Baton,
    bus: Arc<Local>,
    stop: CancellationToken,
}

impl Commanded {
    async fn start(identity: Option<Caller>) -> Self {
        // Short, so that a delivery that nobody acknowledges comes again within the test.
        let bus = Local::new(baton_bus::BusSettings { ack_wait: Duration::from_millis(200), ..Default::default() });
        // On the heap: what a whole service starts with is large.
        Box::pin(Self::over(Arc::new(bus), identity, 3)).await
    }

    async fn over(bus: Arc<Local>, identity: Option<Caller>, attempts: u32) -> Self {
        let baton = Baton::with(&format!("[auth]\nadmin_key = \"{KEY}\"\n")).await;
        let commanded = Self { baton, bus, stop: CancellationToken::new() };
        commanded.execute(identity, attempts);
        commanded
    }

    /// One more executor: another node.
    fn execute(&self, identity: Option<Caller>, attempts: u32) {
        let executor = Executor {
            bus: Arc::clone(&self.bus) as Arc<dyn Bus>,
            store: self.baton.app.store.clone(),
            paths: self.baton.app.paths.all.clone(),
            clock: Arc::new(SystemClock),
            settings: CommandSettings { concurrency: 4, attempts, lease: Duration::from_secs(30), identity },
        };
        tokio::spawn(executor.run(self.stop.clone()));
    }

    /// Sends a command and waits for its reply.
    async fn ask(&self, command: BusEvent) -> BusEvent {
        let mut replies = self.bus.replies(REPLIES).await.unwrap();
        self.bus.send(&command.with_attribute("replyto", REPLIES)).await.unwrap();
        tokio::time::timeout(Duration::from_secs(20), replies.next()).await.expect("a reply").unwrap()
    }

    async fn list_dead_letters(&self) -> Vec<Value> {
        let letters = self.bus.list_dead_letters(100).await.unwrap();
        letters.iter().map(|letter| data(letter)["reason"].clone()).collect()
    }
}

impl Drop for Commanded {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn command(id: &str, kind: &str, data: Value) -> BusEvent {
    BusEvent { data: Some(Json(data.to_string())), ..BusEvent::new(id, "/tests", kind) }
}

fn data(event: &BusEvent) -> Value {
    serde_json::from_str(&event.data.as_ref().unwrap().0).unwrap()
}

fn chat() -> Value {
    json!({ "model_id": "gpt", "messages": [{ "role": "user", "content": "Say hello" }] })
}

#[tokio::test]
async fn a_command_is_a_call_with_the_rights_of_its_key() {
    let commanded = Commanded::start(None).await;
    let reply = commanded.ask(command("1", "chat.execute", chat()).with_attribute("apikey", KEY)).await;
    assert_eq!((reply.kind.as_str(), reply.text("commandid")), ("chat.execute.result", Some("1")));
    assert_eq!(data(&reply)["model_id"], "gpt");
    assert!(data(&reply)["response"]["choices"][0]["message"]["content"].as_str().unwrap().contains("hello"));

    // An id with a slash, which stands in the path of the second call.
    let model = json!({ "model_id": "a/b", "provider": "openai", "upstream": "gpt-4o" });
    let reply = commanded.ask(command("2", "model.register", model).with_attribute("apikey", KEY)).await;
    assert_eq!((reply.kind.as_str(), data(&reply)["model_id"].as_str()), ("model.register.result", Some("a/b")));
    let reply =
        commanded.ask(command("3", "model.delete", json!({ "model_id": "a/b" })).with_attribute("apikey", KEY)).await;
    assert_eq!((reply.kind.as_str(), data(&reply)), ("model.delete.result", Value::Null));
    let noted = commanded.baton.app.store.audit().list(&Default::default(), None, 10).await.unwrap().items;
    let by: Vec<_> = noted.iter().map(|entry| (entry.action.as_str(), entry.command.as_deref())).collect();
    assert_eq!(by, [("model.delete", Some("3")), ("model.register", Some("2"))]);

    // Without a key, and with one that is none.
    for (id, key) in [("4", None), ("5", Some("bt-nobody"))] {
        let mut sent = command(id, "model.delete", json!({ "model_id": "gpt" }));
        if let Some(key) = key {
            sent = sent.with_attribute("apikey", key);
        }
        let reply = commanded.ask(sent).await;
        assert_eq!(
            (reply.kind.as_str(), &data(&reply)["code"]),
            ("model.delete.error", &json!("authentication_error"))
        );
    }
}

#[tokio::test]
async fn budgets_and_limits_are_kept_by_commands() {
    let commanded = Commanded::start(None).await;
    let budget = json!({ "budget_id": "b", "scope": {}, "amount": 5, "period": "day", "when_unpriced": "allow" });
    let raise = json!({ "budget_id": "b", "amount": 1, "until": "2999-01-01" });
    let limit = json!({ "limit_id": "l", "scope": {}, "concurrency": 5 });
    for (number, (kind, data)) in [
        ("budget.create", budget),
        ("budget.update", json!({ "budget_id": "b", "amount": 6 })),
        ("budget.raise", raise),
        ("budget.reset", json!({ "budget_id": "b" })),
        ("budget.delete", json!({ "budget_id": "b" })),
        ("limit.create", limit),
        ("limit.update", json!({ "limit_id": "l", "concurrency": 6 })),
        ("limit.delete", json!({ "limit_id": "l" })),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = command(&number.to_string(), kind, data).with_attribute("apikey", KEY);
        let reply = commanded.ask(sent).await;
        assert_eq!(reply.kind, format!("{kind}.result"), "{reply:?}");
    }
    let noted = commanded.baton.app.store.audit().list(&Default::default(), None, 20).await.unwrap().items;
    let of_commands = noted.iter().filter(|entry| entry.command.is_some()).count();
    assert_eq!(of_commands, 8);
}

#[tokio::test]
async fn a_command_without_a_key_has_the_configured_rights() {
    let identity = Caller { project: Some("batch".into()), ..Caller::new(Role::Caller) };
    let commanded = Commanded::start(Some(identity)).await;
    let reply = commanded.ask(command("1", "chat.execute", chat())).await;
    assert_eq!(reply.kind, "chat.execute.result");
    let reply = commanded.ask(command("2", "model.delete", json!({ "model_id": "gpt" }))).await;
    assert_eq!((reply.kind.as_str(), &data(&reply)["code"]), ("model.delete.error", &json!("permission_denied")));
}

/// However often it is delivered, and however many nodes there are: the effect is there once, the reply each time.
#[tokio::test]
async fn a_command_is_executed_once() {
    let commanded = Commanded::start(None).await;
    commanded.execute(None, 3);
    let sent = command("once", "chat.execute", chat()).with_attribute("apikey", KEY);
    let first = commanded.ask(sent.clone()).await;
    for _ in 0..3 {
        let again = commanded.ask(sent.clone()).await;
        assert_eq!((&again.id, &again.kind, data(&again)), (&first.id, &first.kind, data(&first)));
    }
    assert_eq!(commanded.baton.openai.requests().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_goes_to_the_dead_letters_with_its_reason() {
    let commanded = Commanded::start(None).await;
    commanded.bus.send_raw(b"not json".to_vec().into()).unwrap();
    let unknown = commanded.ask(command("1", "model.destroy", json!({})).with_attribute("apikey", KEY)).await;
    assert_eq!((unknown.kind.as_str(), &data(&unknown)["code"]), ("model.destroy.error", &json!("invalid_request")));
    let wrong =
        commanded.ask(command("2", "model.register", json!({ "model_id": "x" })).with_attribute("apikey", KEY)).await;
    assert_eq!(data(&wrong)["code"], "validation_error");
    let absent = json!({ "model_id": "nobody", "messages": [{ "role": "user", "content": "hi" }] });
    let absent = commanded.ask(command("3", "chat.execute", absent).with_attribute("apikey", KEY)).await;
    assert_eq!(data(&absent)["code"], "model_not_found");
    let reasons = commanded.list_dead_letters().await;
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for part in ["must be valid JSON", "unknown command `model.destroy`", "provider", "nobody"] {
        assert!(reasons.iter().any(|reason| reason.as_str().unwrap().contains(part)), "{part}: {reasons:?}");
    }
    assert!(!format!("{:?}", commanded.bus.list_dead_letters(100).await.unwrap()).contains(KEY));
}

/// No capacity now is no failure: the command comes again, and is given up only after its last delivery.
#[tokio::test]
async fn a_command_waits_for_capacity() {
    let commanded = Commanded::start(None).await;
    let busy = SimFault::lookup("fail-503").expect("a fault");
    commanded.baton.openai.script([Some(busy), None]);
    let reply = commanded.ask(command("1", "chat.execute", chat()).with_attribute("apikey", KEY)).await;
    assert_eq!(reply.kind, "chat.execute.result");
    assert_eq!(commanded.baton.openai.requests().len(), 2);

    commanded.baton.openai.always(Some(busy));
    let reply = commanded.ask(command("2", "chat.execute", chat()).with_attribute("apikey", KEY)).await;
    assert_eq!(reply.kind, "chat.execute.error");
    assert_eq!(commanded.list_dead_letters().await.len(), 1);
}

/// A node died after the effect and before the reply: the next one replies, and does not do it again.
#[tokio::test]
async fn an_effect_is_not_repeated() {
    let commanded = Commanded::start(None).await;
    let store = commanded.baton.app.store.clone().for_node("dead", Arc::new(SystemClock));
    // A lease that is over at once: that of a node that died.
    store.commands().claim("1", "model.delete", Duration::ZERO).await.unwrap();
    let by = baton_model::Actor { command: Some("1".into()), ..baton_model::Actor::service("tests") };
    store.change(&by).await.unwrap().commit().await.unwrap();
    let reply =
        commanded.ask(command("1", "model.delete", json!({ "model_id": "gpt" })).with_attribute("apikey", KEY)).await;
    assert_eq!((reply.kind.as_str(), &data(&reply)["repeated"]), ("model.delete.result", &json!(true)));
    // Its node died before the effect: it is executed.
    store.commands().claim("2", "chat.execute", Duration::ZERO).await.unwrap();
    let reply = commanded.ask(command("2", "chat.execute", chat()).with_attribute("apikey", KEY)).await;
    assert_eq!(data(&reply)["model_id"], "gpt");
}

/// What is kept of a command is bounded: its id, and the reply for when it comes again.
#[tokio::test]
async fn what_is_kept_of_a_command_is_bounded() {
    let commanded = Commanded::start(None).await;
    let long = "x".repeat(249);
    let kind = format!("chat.{}", "x".repeat(300));
    commanded.bus.send(&command(&long, "chat.execute", chat()).with_attribute("apikey", KEY)).await.unwrap();
    commanded.bus.send(&command("kind", &kind, chat()).with_attribute("apikey", KEY)).await.unwrap();
    let said =
        |length: usize| json!({ "model_id": "gpt", "messages": [{ "role": "user", "content": "x".repeat(length) }] });
    let longest = command(&long[..248], "chat.execute", said(10)).with_attribute("apikey", KEY);
    assert_eq!(commanded.ask(longest).await.kind, "chat.execute.result");
    let buried = commanded.list_dead_letters().await;
    assert!(buried.contains(&json!("id: must be at most 248 bytes, got 249")), "{buried:?}");
    assert!(buried.contains(&json!("type: must be at most 256 bytes, got 305")), "{buried:?}");

    // Vectors are the largest replies that there are.
    let vectors = json!({ "model_id": "embed", "input": vec!["hi"; 20], "dimensions": 4_096 });
    let large = command("large", "embedding.execute", vectors).with_attribute("apikey", KEY);
    let first = commanded.ask(large.clone()).await;
    let length = first.data.as_ref().unwrap().0.len();
    assert!(length > 1 << 20, "whoever waits for it gets all of it: {length}, {:.300}", first.data.unwrap().0);
    let again = commanded.ask(large).await;
    assert_eq!((again.kind.as_str(), &data(&again)["repeated"]), ("embedding.execute.result", &json!(true)));
    assert_eq!(commanded.baton.openai.requests().len(), 2, "each was executed once");
}

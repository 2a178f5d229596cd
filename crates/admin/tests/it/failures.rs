//! What a caller and the log are told when the database fails.

use crate::setup::TestAdmin;
use axum::http::Method;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

/// Keeps the errors that are logged, as lines of fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::ERROR
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn the_caller_sees_a_sentence_and_the_log_gets_the_cause_once() {
    let admin = TestAdmin::new().await;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    // Closed under the running service, as by a database that goes away.
    admin.store.close().await;
    for (method, path, body) in [
        (Method::GET, "/api/keys", ""),
        (Method::POST, "/api/keys", r#"{"name": "new"}"#),
        (Method::POST, "/api/models", r#"{"model_id": "new", "provider": "openai"}"#),
        (Method::PUT, "/api/projects/p", r#"{"name": "new"}"#),
        (Method::GET, "/api/usage?group_by=model", ""),
        (Method::GET, "/api/audit", ""),
        (Method::GET, "/api/webhooks", ""),
    ] {
        let reply = admin.send(method, path, &[], body).await;
        reply.is_refused(503, "overloaded", &[]);
        let message = &reply.json()["error"]["message"];
        assert_eq!(message, "the database is unavailable at the moment; try again later", "{path}");
        let lines = std::mem::take(&mut *log.0.lock().unwrap());
        let id = format!("request.id={}", reply.header("x-request-id"));
        let expected = |line: &String| line.contains(&id) && line.contains("Connection closed");
        assert!(lines.len() == 1 && lines.iter().all(expected), "{path}: {lines:?}");
    }
}

//! A service with a webhook, on a real socket.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it replies.
#[derive(Clone, Copy)]
pub enum ScriptedReplies {
    /// This status.
    Status(u16),
    /// Too many requests, and the seconds after which to come again.
    Busy(&'static str),
    /// Nothing, ever.
    Silence,
}

/// A request that came.
#[derive(Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone)]
pub struct WebhookTarget {
    replies: Arc<Mutex<ScriptedReplies>>,
    received: Arc<Mutex<Vec<Received>>>,
    pub url: String,
}

impl WebhookTarget {
    pub async fn start(replies: ScriptedReplies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=s3cret", listener.local_addr().unwrap());
        let target = Self { replies: Arc::new(Mutex::new(replies)), received: Arc::default(), url };
        let router = Router::new().fallback(take).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    pub fn reply(&self, replies: ScriptedReplies) {
        *self.replies.lock().unwrap() = replies;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

async fn take(State(target): State<WebhookTarget>, headers: HeaderMap, body: Bytes) -> Response {
    target.received.lock().unwrap().push(Received { headers, body });
    let replies = *target.replies.lock().unwrap();
    match replies {
        ScriptedReplies::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        ScriptedReplies::Busy(seconds) => {
            let headers = [("retry-after", HeaderValue::from_static(seconds))];
            (StatusCode::TOO_MANY_REQUESTS, headers).into_response()
        }
        ScriptedReplies::Silence => std::future::pending().await,
    }
}

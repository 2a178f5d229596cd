//! The socket, and what happens to every request whatever the vendor.

use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::faults::SimFault;
use crate::journal::{BilledTokens, RecordedRequest, SimJournal};
use crate::options::{Kind, SimOptions};
use crate::play::Stage;
use crate::{anthropic, ollama, openai, watch};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The largest request body.
const BODY_BYTES: usize = 64 << 20;

/// A simulated provider. Stops when it is dropped.
pub struct Sim {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    kind: Kind,
    options: SimOptions,
    journal: SimJournal,
    control: Mutex<Control>,
    stopped: CancellationToken,
}

#[derive(Default)]
struct Control {
    script: VecDeque<Option<SimFault>>,
    always: Option<SimFault>,
    chosen: Option<ChooseFault>,
}

/// Which fault a request gets, by its body.
type ChooseFault = Box<dyn Fn(&[u8]) -> Option<SimFault> + Send + Sync>;

// === impl Sim ===

impl Sim {
    /// Starts a provider on a port of its own.
    pub async fn start(kind: Kind, options: SimOptions) -> std::io::Result<Self> {
        // Bound before the address is told, so that nobody connects too early.
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            kind,
            journal: SimJournal::new(options.max_remembered_bytes),
            options,
            control: Mutex::default(),
            stopped: CancellationToken::new(),
        });
        let router = Router::new().fallback(handle).with_state(shared.clone());
        let stopped = shared.stopped.clone();
        tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned());
            if let Err(error) = serving.await {
                // Nothing waits for this task, and a test that needs the socket will see that it is gone.
                drop(error);
            }
        });
        Ok(Self { address, shared })
    }

    /// Which vendor's API it speaks.
    pub fn kind(&self) -> Kind {
        self.shared.kind
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that clients of the vendor are given: with `/v1` for OpenAI, without a path for the others.
    pub fn base_url(&self) -> String {
        match self.shared.kind {
            Kind::OpenAi => format!("http://{}/v1", self.address),
            Kind::Anthropic | Kind::Ollama => format!("http://{}", self.address),
        }
    }

    /// The next requests fail in these ways, one after the other; `None` lets one pass.
    pub fn script(&self, faults: impl IntoIterator<Item = Option<SimFault>>) {
        self.shared.control().script.extend(faults);
    }

    /// Every request fails in this way from now on, unless [scripted](Self::script) otherwise; `None` ends that.
    pub fn always(&self, fault: Option<SimFault>) {
        self.shared.control().always = fault;
    }

    /// From now on each request fails as this says of its body, unless [scripted](Self::script) otherwise: for traffic whose
    /// order is not known beforehand. It must not call back.
    pub fn choose(&self, choose: impl Fn(&[u8]) -> Option<SimFault> + Send + Sync + 'static) {
        self.shared.control().chosen = Some(Box::new(choose));
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.journal.requests()
    }

    /// Takes out of the memory what is over, up to the first request that is not: each with the number in its
    /// `x-request-id` (`req_sim_NUMBER`). For a run that is too long to be remembered as a whole.
    pub fn take_finished(&self) -> Vec<(usize, RecordedRequest)> {
        self.shared.journal.take_finished()
    }

    /// What was billed so far, a request each.
    pub fn billed_tokens(&self) -> Vec<BilledTokens> {
        self.requests().into_iter().map(|seen| seen.billed).collect()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shared.stopped.cancel();
    }
}

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, body: &[u8], json: &Value) -> Option<SimFault> {
        let mut control = self.control();
        match control.script.pop_front() {
            Some(scripted) => scripted,
            None => {
                let chosen = || control.chosen.as_ref().and_then(|choose| choose(body));
                // A form is no JSON, so that the name of its model makes nothing fail.
                control.always.or_else(chosen).or_else(|| SimFault::lookup(json["model"].as_str()?))
            }
        }
    }
}

/// Starts one provider of each kind, at these addresses, and serves until `stop` resolves.
pub async fn run(
    providers: Vec<(Kind, SimOptions)>,
    started: impl FnOnce(&[Sim]),
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let mut sims = Vec::new();
    for (kind, options) in providers {
        sims.push(Sim::start(kind, options).await?);
    }
    started(&sims);
    stop.await;
    Ok(())
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    // Before the body is read and before the journal: what tests ask must not count as a request of the gateway.
    if let Some(response) = watch::serve_watch(&shared.journal, request.uri()).await {
        return response;
    }
    let (head, body) = request.into_parts();
    // A body that is too large or was cut reads as none, and is refused for its missing fields.
    let body = axum::body::to_bytes(body, BODY_BYTES).await.unwrap_or_default();
    let mut json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let entry = shared.journal.open(RecordedRequest {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.clone(),
        status: None,
        billed: BilledTokens::default(),
        reported: false,
        complete: false,
        disconnected: false,
    });
    let number = entry.number();
    // One fault a request, refused ones too, so that a script is used up in the order of arrival.
    let fault = shared.fault(&body, &json);
    if fault == Some(SimFault::AlwaysStream) && json.is_object() {
        json["stream"] = true.into();
    }
    let delay = if fault == Some(SimFault::Slow) { Duration::from_millis(200) } else { shared.options.token_delay };
    let headers = reply_headers(shared.kind, number);
    let stage = Stage { entry, fault, delay, stopped: shared.stopped.clone(), headers };
    let call = SimRequest {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body: &body,
        json: &json,
        options: &shared.options,
        journal: &shared.journal,
        number,
    };
    match unusual(&shared, stage, number).await {
        Ok(response) => response,
        Err(stage) => reply_as_usual(&shared, stage, &call).await,
    }
}

async fn reply_as_usual(shared: &Shared, stage: Stage, call: &SimRequest<'_>) -> Response {
    let plan = match shared.kind {
        Kind::OpenAi => openai::plan(call),
        Kind::Anthropic => anthropic::plan(call),
        Kind::Ollama => ollama::plan(call),
    };
    match plan {
        Ok(SimPlan::Whole { content_type, body, billed }) => stage.whole(content_type, body, billed).await,
        Ok(SimPlan::Stream { script, billed }) => stage.stream_of(script, billed),
        Err(refusal) => refuse(shared.kind, stage, &refusal, call.number),
    }
}

/// Replies that don't depend on the request. Gives the stage back if there is none.
async fn unusual(shared: &Shared, stage: Stage, number: usize) -> Result<Response, Stage> {
    let kind = shared.kind;
    let refusal = match stage.fault {
        Some(SimFault::Hang) => {
            shared.stopped.cancelled().await;
            return Ok(stage.reply(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "stopped"));
        }
        Some(SimFault::Reset) => return Ok(stage.reset()),
        Some(SimFault::DrippingError) => {
            let body = error_body(kind, &forced_refusal(kind, 503), number);
            return Ok(stage.dripping(StatusCode::SERVICE_UNAVAILABLE, body));
        }
        Some(SimFault::Html) => {
            let page = "<!doctype html><html><title>Welcome</title><body>It works!</body></html>";
            return Ok(stage.reply(StatusCode::OK, "text/html; charset=utf-8", page));
        }
        Some(SimFault::WrongType) => return Ok(stage.reply(StatusCode::OK, "application/xml", "<answer/>")),
        Some(SimFault::Empty204) => return Ok(stage.reply(StatusCode::NO_CONTENT, "application/json", Body::empty())),
        Some(SimFault::Redirect) => {
            let mut response = stage.reply(StatusCode::FOUND, "text/plain", "elsewhere");
            // A secret in the target: it must appear in no error and no log.
            let aim = header::HeaderValue::from_static("https://elsewhere.example/login?token=hunter2");
            response.headers_mut().insert(header::LOCATION, aim);
            return Ok(response);
        }
        Some(SimFault::Error200) => {
            let body = error_body(kind, &forced_refusal(kind, 500), number);
            return Ok(stage.reply(StatusCode::OK, "application/json", body));
        }
        Some(SimFault::Status(status)) => forced_refusal(kind, status),
        Some(SimFault::Context) => match kind {
            Kind::OpenAi => openai::context_refusal(),
            Kind::Anthropic => anthropic::context_refusal(),
            Kind::Ollama => ollama::context_refusal(),
        },
        Some(SimFault::Quota) => match kind {
            Kind::OpenAi => openai::quota_refusal(),
            Kind::Anthropic => forced_refusal(kind, 402),
            // This vendor has no error of its own for an account without money.
            Kind::Ollama => forced_refusal(kind, 429),
        },
        _ => return Err(stage),
    };
    Ok(refuse(kind, stage, &refusal, number))
}

fn refuse(kind: Kind, mut stage: Stage, refusal: &SimRefusal, number: usize) -> Response {
    // The shortest time that the header can say, so that tests of retries don't wait long.
    if matches!(refusal.status, 429 | 503 | 529) {
        stage.headers.push(("retry-after", "1".into()));
    }
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    stage.reply(status, "application/json", error_body(kind, refusal, number))
}

fn error_body(kind: Kind, refusal: &SimRefusal, number: usize) -> String {
    match kind {
        Kind::OpenAi => openai::error_json(refusal),
        Kind::Anthropic => anthropic::error_json(refusal, number),
        Kind::Ollama => ollama::error_json(refusal),
    }
    .to_string()
}

fn forced_refusal(kind: Kind, status: u16) -> SimRefusal {
    match kind {
        Kind::OpenAi => openai::forced_refusal(status),
        Kind::Anthropic => anthropic::forced_refusal(status),
        Kind::Ollama => ollama::forced_refusal(status),
    }
}

/// The headers that the vendor sends with every reply.
fn reply_headers(kind: Kind, number: usize) -> Vec<(&'static str, String)> {
    match kind {
        Kind::OpenAi => vec![
            ("x-request-id", format!("req_sim_{number}")),
            ("openai-processing-ms", "1".into()),
            ("openai-version", "2020-10-01".into()),
            ("x-ratelimit-limit-requests", "10000".into()),
            ("x-ratelimit-remaining-requests", "9999".into()),
            ("x-ratelimit-reset-requests", "6ms".into()),
        ],
        Kind::Anthropic => vec![
            ("request-id", format!("req_sim_{number}")),
            ("anthropic-ratelimit-requests-limit", "4000".into()),
            ("anthropic-ratelimit-requests-remaining", "3999".into()),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z".into()),
        ],
        Kind::Ollama => Vec::new(),
    }
}

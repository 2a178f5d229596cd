//! A request on its way down the pipeline.

use crate::limit::{no_bytes, translation_cost};
use crate::policy::RunBudget;
use crate::shares::Hold;
use crate::trace::Trace;
use baton_model::record::Attribution;
use baton_model::{Body, Caller, ModelId, Nanos, Operation, PublicError, RequestId, Timestamp, Wire};
use baton_provider_api::ReplyForm;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Reads the canonical request out of a body; given by the API, which knows the format.
pub type ParsedCall = Box<dyn Fn(&[u8]) -> Result<Operation, PublicError> + Send + Sync>;

/// One request on its way down the pipeline.
///
/// It holds the client's bytes, and their meaning only once a step or a target asks for it: most requests are
/// forwarded without ever being taken apart.
pub struct Call {
    /// Who asks, and through which API.
    pub identity: Identity,
    /// The format of the body and of the reply, and what is asked.
    pub wire: Wire,
    /// Which models may reply, and how long they have.
    pub routing: Routing,
    /// How the reply is to be.
    pub options: CallOptions,
    /// What was sent.
    pub content: Content,
}

/// Who asks, and through which API.
pub struct Identity {
    /// The request's id.
    pub id: RequestId,
    /// When its head arrived.
    pub arrived: Timestamp,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// Who asks.
    pub caller: Caller,
    /// On whose behalf.
    pub attribution: Attribution,
    /// The client API's name in records: `native`, `openai` …
    pub api: &'static str,
    /// The HTTP status of an error in the client API: formats differ, and a provider's own error may be forwarded.
    pub status: fn(&PublicError) -> u16,
}

/// Which models may reply, and how long they have.
pub struct Routing {
    /// Which model is asked for.
    pub selector: ModelSelector,
    /// Fallbacks in place of the model's own.
    pub fallbacks: Option<Vec<ModelId>>,
    /// Whether the request is refused where something of it can't be expressed for a model. Otherwise that is left out,
    /// and the client gets a warning.
    pub strict: bool,
    /// The most time that the client gives it.
    pub timeout: Option<Duration>,
    /// The most that it may cost, all attempts together.
    pub max_cost: Option<Nanos>,
    /// What all calls of its run may take together.
    pub run_budget: Option<RunBudget>,
}

/// How the reply is to be, and what goes to the provider beside the body.
pub struct CallOptions {
    /// Whether the client asked for a stream.
    pub form: ReplyForm,
    /// The output limit that the client set, in tokens.
    pub max_output_tokens: Option<u64>,
    /// Whether the client asked for determinism (temperature 0 or a seed): such replies are cached by default.
    pub deterministic: bool,
    /// What the client says about the cache.
    pub cache: CachePolicy,
    /// Client headers to be passed on (lower-case name and value).
    pub headers: Vec<(String, String)>,
    /// Query of the client's request to be passed on.
    pub query: Option<String>,
    /// Whether the client has a head already.
    pub head_sent: HeadSent,
}

/// Whether a client got the head of its reply before anyone replied: then its status is 200, whatever becomes of the
/// request. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct HeadSent(Arc<AtomicBool>);

impl HeadSent {
    /// The head is sent.
    pub fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    pub fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Which model a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSelector {
    /// By its name.
    Model(String),
    /// The default model of a provider.
    Provider(String),
    /// The service's default model.
    Default,
}

impl std::fmt::Display for ModelSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model(name) | Self::Provider(name) => f.write_str(name),
            Self::Default => f.write_str("(default)"),
        }
    }
}

/// What a client says about the cache (`x-baton-cache`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CachePolicy {
    /// Nothing: embeddings and deterministic requests are cached.
    #[default]
    Default,
    /// `no-store`: neither read nor kept.
    NoStore,
    /// `no-cache`: asked anew, then kept.
    NoCache,
    /// `max-age=N`: a cached reply of at most that age is welcome, whatever the request.
    MaxAge(Duration),
}

/// What was sent: bytes whose meaning is read when asked for, or (from forms) the meaning alone.
pub struct Content {
    body: Option<Body>,
    read: ParsedCall,
    operation: OnceLock<Operation>,
    /// The memory that it is counted with.
    hold: Mutex<Option<Hold>>,
}

impl Content {
    /// A JSON body, and how to read it.
    pub fn json(body: Body, read: ParsedCall) -> Self {
        Self { body: Some(body), read, operation: OnceLock::new(), hold: Mutex::default() }
    }

    /// A request that has no JSON body (a multipart form).
    pub fn operation(operation: Operation) -> Self {
        let read = Box::new(|_: &[u8]| Err(missing_body()));
        // The cell is new, so it takes the value.
        Self { body: None, read, operation: OnceLock::from(operation), hold: Mutex::default() }
    }

    /// The same, counted with memory that was taken for it before it was read.
    #[must_use]
    pub fn with_hold(mut self, hold: Option<Hold>) -> Self {
        self.hold = Mutex::new(hold);
        self
    }

    /// The bytes, if it came as JSON.
    pub fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// The meaning; read on the first call.
    ///
    /// # Errors
    /// If the body is not of the API's format: the error names the field. `overloaded`, if there is no memory for it now, or
    /// `payload_too_large`, if there never is.
    pub fn read_operation(&self) -> Result<&Operation, PublicError> {
        if let Some(operation) = self.operation.get() {
            return Ok(operation);
        }
        let body = self.body.as_ref().ok_or_else(missing_body)?;
        // Counted before it is spent: a few large bodies that are read at the same time would need many times their size.
        if let Some(hold) = &mut *self.hold.lock().unwrap_or_else(PoisonError::into_inner) {
            hold.grow(translation_cost(&body.bytes)).map_err(no_bytes)?;
        }
        // Two may read at once, and one result is thrown away. A lock held over the reading would block the threads
        // of others.
        let operation = (self.read)(&body.bytes)?;
        Ok(self.operation.get_or_init(|| operation))
    }

    /// The meaning, if it was read already.
    pub fn read_if_read(&self) -> Option<&Operation> {
        self.operation.get()
    }

    /// Whether the meaning was read already.
    pub fn is_read(&self) -> bool {
        self.operation.get().is_some()
    }

    /// Gives back the memory that it is counted with: the reply is over, and others wait for it.
    pub fn release_memory(&self) {
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many bytes were sent; an upper bound for the number of tokens of their text.
    pub fn len(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes.len())
    }

    /// Whether nothing was sent as JSON.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn missing_body() -> PublicError {
    PublicError::new(baton_model::Code::Internal, "a request without a body has no operation to read")
}

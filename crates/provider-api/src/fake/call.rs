//! What a fake provider was asked.

use crate::{Mode, OutgoingRequest, ReplyForm};
use baton_model::{Capability, Detail, ModelId, Operation};
use bytes::Bytes;
use std::time::Duration;

/// A call that a [`FakeProvider`](super::FakeProvider) got.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeCall {
    /// The model of the target, as Baton calls it.
    pub model: ModelId,
    /// The model of the target, as the provider calls it.
    pub upstream: String,
    /// The output limit of the target.
    pub max_output_tokens: Option<u64>,
    /// The context window of the target.
    pub context_window: Option<u64>,
    /// What was asked.
    pub capability: Capability,
    /// The client's bytes, of a passthrough.
    pub body: Option<Bytes>,
    /// The operation, where it is translated.
    pub operation: Option<Operation>,
    /// Whether a stream was asked.
    pub form: ReplyForm,
    /// How closely the reply was to be read.
    pub detail: Detail,
    /// Client headers passed on.
    pub headers: Vec<(String, String)>,
    /// Client query passed on.
    pub query: Option<String>,
    /// The bound on the whole call.
    pub timeout: Option<Duration>,
}

impl FakeCall {
    pub(super) fn of(outgoing: &OutgoingRequest<'_>) -> Self {
        let (body, operation) = match outgoing.mode {
            Mode::Passthrough(body) => (Some(body.bytes.clone()), None),
            Mode::Translated(operation) => (None, Some(operation.clone())),
        };
        Self {
            model: outgoing.target.model.id.clone(),
            upstream: outgoing.target.upstream().to_owned(),
            max_output_tokens: outgoing.target.max_output_tokens,
            context_window: outgoing.target.context_window,
            capability: outgoing.capability,
            body,
            operation,
            form: outgoing.form,
            detail: outgoing.detail,
            headers: outgoing.headers.to_vec(),
            query: outgoing.query.map(str::to_owned),
            timeout: outgoing.timeout,
        }
    }
}

//! The format as a whole.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod other_endpoints;
mod replies;
mod requests;

use crate::testing::codec;
use crate::{Codec, Dropped, EncodedBody};
use baton_model::chat::ChatRequest;
use baton_model::entity::ReasoningHistory;
use baton_model::{Capability, Dialect, Operation, Quirks, Target};

fn chat() -> &'static dyn Codec {
    codec(Dialect::OpenAi, Capability::Chat)
}

fn read(body: &str) -> ChatRequest {
    match chat().read_request(body.as_bytes()).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn write(request: &ChatRequest, target: &Target) -> (String, Vec<Dropped>) {
    let EncodedBody { body, dropped, .. } =
        chat().write_request(&Operation::Chat(Box::new(request.clone())), target).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), dropped)
}

/// Of a model that takes back all that the format can say.
fn everything() -> Quirks {
    let reasoning_history = ReasoningHistory::ThinkingBlocks;
    Quirks { cache_marks: Some(true), reasoning_history, ..Quirks::default() }
}

//! The format as a whole.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod generated;
mod replies;
mod requests;

use crate::testing::codec;
use crate::{Codec, Dropped, EncodedBody};
use baton_model::chat::ChatRequest;
use baton_model::entity::ReasoningStyle;
use baton_model::{Capability, Dialect, Operation, Quirks, Target};

fn chat() -> &'static dyn Codec {
    codec(Dialect::Ollama, Capability::Chat)
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

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn fields(dropped: &[Dropped]) -> Vec<&str> {
    dropped.iter().map(|dropped| dropped.field.as_str()).collect()
}

/// A model that can be told how hard to think.
fn with_levels() -> Quirks {
    Quirks { reasoning: ReasoningStyle::Adaptive, ..Quirks::default() }
}

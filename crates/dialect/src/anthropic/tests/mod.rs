//! The format as a whole: fixtures, generated requests, rewritten bodies.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod requests;
mod streams;

use crate::testing::codec;
use crate::{Codec, Dropped, EncodedBody};
use baton_model::chat::ChatRequest;
use baton_model::{Capability, Dialect, Operation, Target};

fn messages() -> &'static dyn Codec {
    codec(Dialect::Anthropic, Capability::Chat)
}

fn read(body: &str) -> ChatRequest {
    match messages().read_request(body.as_bytes()).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn write(request: &ChatRequest, target: &Target) -> (String, Vec<Dropped>) {
    let EncodedBody { body, dropped, .. } =
        messages().write_request(&Operation::Chat(Box::new(request.clone())), target).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), dropped)
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn fields(dropped: &[Dropped]) -> Vec<&str> {
    dropped.iter().map(|dropped| dropped.field.as_str()).collect()
}

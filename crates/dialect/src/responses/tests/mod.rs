//! The format as a whole.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod reasoning;
mod replies;
mod requests;

use crate::testing::codec;
use crate::{Codec, Dropped, EncodedBody, ReplyContext};
use baton_model::chat::ChatRequest;
use baton_model::{Capability, Dialect, Operation, Target};
use bytes::Bytes;

const STREAM: &[u8] = include_bytes!("../fixtures/by-hand/everything_stream.response.txt");
const REPLY: &[u8] = include_bytes!("../fixtures/by-hand/everything.response.txt");

fn chat() -> &'static dyn Codec {
    codec(Dialect::Responses, Capability::Chat)
}

fn read(codec: &dyn Codec, body: &[u8]) -> ChatRequest {
    match codec.read_request(body).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn write(codec: &dyn Codec, request: &ChatRequest, target: &Target) -> (String, Vec<Dropped>) {
    let EncodedBody { body, dropped, .. } =
        codec.write_request(&Operation::Chat(Box::new(request.clone())), target).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), dropped)
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn names() -> ReplyContext {
    let request = br#"{"model":"m","instructions":"Be kind.","tools":[{"type":"web_search"}],"temperature":0.50}"#;
    ReplyContext {
        id: "7".into(),
        model: "m".into(),
        created: 5,
        request: Bytes::from_static(request),
        ..ReplyContext::default()
    }
}

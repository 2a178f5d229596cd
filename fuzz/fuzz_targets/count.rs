//! Counting: no panic, parts that sum to the number, a bound that is no less, whatever the texts, schemas and images are.
#![no_main]

use baton_meter::count;
use baton_model::chat::{ChatRequest, Image, Json, MediaSource, Message, MessageRole, Part, PartKind, Schema, Tool};
use baton_model::chat::OutputFormat;
use baton_model::{Dialect, Model, Operation};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;

const MODELS: [&str; 5] = ["gpt-4o", "gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "llama3"];

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let image = MediaSource::Base64 { media_type: String::new(), data: STANDARD.encode(bytes) };
    let parts = vec![Part::text(text.as_str()), PartKind::Image(Image { source: image, detail: None }).into()];
    let mut request =
        ChatRequest { messages: vec![Message { role: MessageRole::User, name: None, parts }], ..ChatRequest::default() };
    // A schema is JSON by construction.
    if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
        request.output = OutputFormat::Schema(Schema { schema: Json(text.clone()), ..Schema::default() });
        request.tools.push(Tool::Function {
            name: "f".into(),
            description: None,
            parameters: Some(Json(text)),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        });
    }
    let request = Operation::Chat(Box::new(request));
    let model = Model::new(MODELS[*first as usize % MODELS.len()], "fuzz");
    for dialect in [Dialect::OpenAi, Dialect::Responses] {
        for count in [count::operation(&request, &model, dialect), count::estimate(&request, &model)] {
            assert_eq!(count.breakdown.total(), count.tokens);
            assert!(count.at_most >= count.tokens);
        }
    }
});

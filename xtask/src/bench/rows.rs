//! The kinds of requests that are measured, and what each may cost as a multiple of nginx's cost for its like.

use anyhow::Context;

/// A kind of request.
#[derive(Clone)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in the table.
    pub title: &'static str,
    /// The most that it may cost, as a multiple of nginx.
    pub most: f64,
    pub path: &'static str,
    /// The model that is asked for.
    pub model: &'static str,
    pub shape: Shape,
    /// Headers beside the key.
    pub headers: &'static [&'static str],
    /// Whether the key is a wrong one.
    pub refused: bool,
    /// The events that a stream must have: at Baton, and at nginx.
    pub events: Option<(u32, u32)>,
}

/// What a body is made of.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A chat whose prompt has that many bytes.
    Chat { bytes: usize, stream: bool },
    /// The same in Anthropic's format.
    Messages { bytes: usize, stream: bool },
    /// The same in Ollama's format.
    Ollama { bytes: usize },
    /// The same in the format of OpenAI's Responses API.
    Response { bytes: usize },
    /// That many texts.
    Embeddings { inputs: usize },
}

/// Baton keeps replies to requests with temperature 0, and embeddings, if nobody says otherwise.
const UNCACHED: &str = "x-baton-cache: no-store";
const CHAT: &str = "/v1/chat/completions";
/// What the upstream sends to OpenAI's clients.
const EVENTS: u32 = 204;
/// What it sends to Anthropic's.
const ANTHROPIC_EVENTS: u32 = 205;

/// The rows of the table.
pub const ROWS: [Row; 8] = [
    Row {
        name: "chat",
        title: "chat, same format, 1 KB",
        most: 3.0,
        path: CHAT,
        model: "bench",
        shape: Shape::Chat { bytes: 1_000, stream: false },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "large",
        title: "the same, 100 KB",
        most: 2.5,
        path: CHAT,
        model: "bench",
        shape: Shape::Chat { bytes: 100_000, stream: false },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "stream",
        title: "stream of 200 events, same format",
        most: 2.0,
        path: CHAT,
        model: "bench",
        shape: Shape::Chat { bytes: 1_000, stream: true },
        headers: &[UNCACHED],
        refused: false,
        // Without the usage, for which the client does not ask.
        events: Some((EVENTS - 1, EVENTS)),
    },
    Row {
        name: "translated",
        title: "chat translated (OpenAI client, Anthropic provider)",
        most: 5.0,
        path: CHAT,
        model: "bench-anthropic",
        shape: Shape::Chat { bytes: 1_000, stream: false },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "translated-stream",
        title: "stream of 200 events, translated",
        most: 4.0,
        path: CHAT,
        model: "bench-anthropic",
        shape: Shape::Chat { bytes: 1_000, stream: true },
        headers: &[UNCACHED],
        refused: false,
        events: Some((EVENTS - 1, EVENTS)),
    },
    Row {
        name: "cached",
        title: "cache hit",
        most: 2.0,
        path: CHAT,
        model: "bench",
        shape: Shape::Chat { bytes: 1_000, stream: false },
        headers: &["x-baton-cache: max-age=100000"],
        refused: false,
        events: None,
    },
    Row {
        name: "embeddings",
        title: "embeddings, 256 inputs, 1,536 floats each",
        most: 2.5,
        path: "/v1/embeddings",
        model: "bench-embeddings",
        shape: Shape::Embeddings { inputs: 256 },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "refused",
        title: "refused: wrong key",
        most: 0.6,
        path: CHAT,
        model: "bench",
        shape: Shape::Chat { bytes: 1_000, stream: false },
        headers: &[UNCACHED],
        refused: true,
        events: None,
    },
];

/// Further kinds of requests, whose instructions are counted.
pub const FURTHER: [Row; 4] = [
    Row {
        name: "messages",
        title: "chat of an Anthropic client, same format",
        most: 3.0,
        path: "/v1/messages",
        model: "bench-anthropic",
        shape: Shape::Messages { bytes: 1_000, stream: false },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "messages-stream",
        title: "stream of an Anthropic client, same format",
        most: 2.0,
        path: "/v1/messages",
        model: "bench-anthropic",
        shape: Shape::Messages { bytes: 1_000, stream: true },
        headers: &[UNCACHED],
        refused: false,
        events: Some((ANTHROPIC_EVENTS, ANTHROPIC_EVENTS)),
    },
    Row {
        name: "ollama",
        title: "chat of an Ollama client, OpenAI provider",
        most: 5.0,
        path: "/api/chat",
        model: "bench",
        shape: Shape::Ollama { bytes: 1_000 },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
    Row {
        name: "responses",
        title: "response of an OpenAI client, Anthropic provider",
        most: 5.0,
        path: "/v1/responses",
        model: "bench-anthropic",
        shape: Shape::Response { bytes: 1_000 },
        headers: &[UNCACHED],
        refused: false,
        events: None,
    },
];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(&FURTHER)
}

/// The row of that name.
///
/// # Errors
/// If there is none; the error names those that there are.
pub fn find(name: &str) -> anyhow::Result<&'static Row> {
    let names = || all().map(|row| row.name).collect::<Vec<_>>().join(", ");
    all().find(|row| row.name == name).with_context(|| format!("no row `{name}`; there are {}", names()))
}

impl Row {
    /// The body.
    pub fn body(&self) -> String {
        let model = self.model;
        match self.shape {
            Shape::Chat { bytes, stream } => {
                let (text, stream) = (prompt(bytes), streaming(stream));
                format!(
                    r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}],"temperature":0{stream}}}"#
                )
            }
            Shape::Messages { bytes, stream } => {
                let (text, stream) = (prompt(bytes), streaming(stream));
                format!(
                    r#"{{"model":"{model}","max_tokens":1000,"messages":[{{"role":"user","content":"{text}"}}]{stream}}}"#
                )
            }
            Shape::Ollama { bytes } => {
                let text = prompt(bytes);
                format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}],"stream":false}}"#)
            }
            Shape::Response { bytes } => {
                let text = prompt(bytes);
                format!(r#"{{"model":"{model}","input":"{text}","store":false}}"#)
            }
            Shape::Embeddings { inputs } => {
                let texts = vec![r#""a text of some words""#; inputs].join(",");
                format!(r#"{{"model":"{model}","input":[{texts}],"encoding_format":"float"}}"#)
            }
        }
    }
}

fn prompt(bytes: usize) -> String {
    let mut text = "Tell me about the sea. ".repeat(bytes.div_ceil(23));
    text.truncate(bytes);
    text
}

fn streaming(stream: bool) -> &'static str {
    if stream { r#","stream":true"# } else { "" }
}

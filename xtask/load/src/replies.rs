//! What the upstream replies: made once, in the shapes of the vendors' references.

use std::fmt::Write;

/// A reply as it goes out.
pub enum Canned {
    /// In one write.
    Whole(Vec<u8>),
    /// A write for each event.
    Stream(Vec<Vec<u8>>),
}

/// Everything that is asked for.
pub struct Replies {
    openai: Canned,
    openai_stream: Canned,
    anthropic: Canned,
    anthropic_stream: Canned,
    embeddings: Canned,
}

/// A reply of about 0.9 KB.
const WORDS: usize = 100;
/// Events with text in a stream.
const EVENTS: usize = 200;
const INPUTS: usize = 256;
const DIMENSIONS: usize = 1536;

impl Replies {
    pub fn new() -> Self {
        let text = "a word ".repeat(WORDS);
        let text = text.trim_end();
        Self {
            openai: whole(&format!(
                r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":220,"completion_tokens":200,"total_tokens":420}}}}"#
            )),
            openai_stream: stream(openai_events()),
            anthropic: whole(&format!(
                r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":220,"output_tokens":200}}}}"#
            )),
            anthropic_stream: stream(anthropic_events()),
            embeddings: whole(&embeddings()),
        }
    }

    /// The reply to a request.
    pub fn find(&self, path: &str, body: &[u8]) -> &Canned {
        let stream = memchr::memmem::find(body, br#""stream":true"#).is_some();
        match (path.contains("/messages"), path.contains("/embeddings"), stream) {
            (_, true, _) => &self.embeddings,
            (true, _, false) => &self.anthropic,
            (true, _, true) => &self.anthropic_stream,
            (false, _, false) => &self.openai,
            (false, _, true) => &self.openai_stream,
        }
    }
}

fn whole(body: &str) -> Canned {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    Canned::Whole([head.as_bytes(), body.as_bytes()].concat())
}

fn stream(events: Vec<String>) -> Canned {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut writes = vec![head.as_bytes().to_vec()];
    writes.extend(events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()));
    writes.push(b"0\r\n\r\n".to_vec());
    Canned::Stream(writes)
}

fn openai_events() -> Vec<String> {
    let chunk = |delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let mut events = vec![chunk(r#"{"role":"assistant","content":""}"#, "null")];
    events.extend((0..EVENTS).map(|number| chunk(&format!(r#"{{"content":"word {number} "}}"#), "null")));
    events.push(chunk("{}", "\"stop\""));
    events.push(
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":220,\"completion_tokens\":400,\"total_tokens\":620}}\n\n"
            .to_owned(),
    );
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn anthropic_events() -> Vec<String> {
    let event = |name: &str, data: &str| format!("event: {name}\ndata: {data}\n\n");
    let mut events = vec![
        event(
            "message_start",
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":220,"output_tokens":1}}}"#,
        ),
        event(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
    ];
    events.extend((0..EVENTS).map(|number| {
        let delta = format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"word {number} "}}}}"#
        );
        event("content_block_delta", &delta)
    }));
    events.push(event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#));
    events.push(event(
        "message_delta",
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":400}}"#,
    ));
    events.push(event("message_stop", r#"{"type":"message_stop"}"#));
    events
}

fn embeddings() -> String {
    let mut vector = String::new();
    for place in 0..DIMENSIONS {
        // Writing into a string can't fail.
        let _ = write!(vector, "{}-0.0{:07}", if place == 0 { "" } else { "," }, place * 6_197 % 10_000_000);
    }
    let mut json = r#"{"object":"list","data":["#.to_owned();
    for index in 0..INPUTS {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(json, r#"{comma}{{"object":"embedding","index":{index},"embedding":[{vector}]}}"#);
    }
    json + r#"],"model":"text-embedding-3-small","usage":{"prompt_tokens":2048,"total_tokens":2048}}"#
}

//! What a client API must know of a request before anyone reads it: a look at a few top-level fields.
//!
//! Everything else stays unread where the target speaks the same format, and the provider judges it.

use crate::ReadError;
use crate::framing::splice;
use baton_model::{Body, Capability, Detail, Dialect};
use bytes::Bytes;
use serde::de::DeserializeOwned;

/// A few facts of a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestHints {
    /// The model asked for.
    pub model: Option<String>,
    /// Whether a stream is asked for, of an endpoint that has streams.
    pub stream: bool,
    /// Whether usage is asked for inside the stream.
    pub include_usage: bool,
    /// The output limit, in tokens.
    pub max_output_tokens: Option<u64>,
    /// Whether determinism is asked for: temperature 0, or a seed.
    pub deterministic: bool,
    /// Whether vectors are wanted as base64.
    pub base64: bool,
}

/// Looks at a request's top-level fields.
///
/// # Errors
/// If one of these fields has the wrong type or value: the field is named.
pub fn peek(dialect: Dialect, capability: Capability, body: &Body) -> Result<RequestHints, ReadError> {
    let look = TopLevel { body, options: (dialect == Dialect::Ollama).then_some("options") };
    let max = match dialect {
        // The newer name first: it wins where a client sends both.
        Dialect::OpenAi => look.first_natural(&["max_completion_tokens", "max_tokens"])?,
        Dialect::Responses => look.first_natural(&["max_output_tokens"])?,
        Dialect::Anthropic => look.first_natural(&["max_tokens"])?,
        // -1 and -2 mean "no limit" and "fill the context".
        Dialect::Ollama => {
            look.sampling::<i64>("num_predict", "an integer")?.and_then(|limit| u64::try_from(limit).ok())
        }
    };
    let temperature: Option<f64> = look.sampling("temperature", "a number")?;
    let seed: Option<i64> = look.sampling("seed", "an integer")?;
    // Ollama streams unless told not to.
    let asks_for_stream = look.get("stream", "true or false")?.unwrap_or(dialect == Dialect::Ollama);
    let asks_for_stream = asks_for_stream || look.asks_for_events()?;
    let stream_options: Option<StreamOptions> = look.get("stream_options", "an object")?;
    Ok(RequestHints {
        model: look.get("model", "a string")?,
        stream: asks_for_stream && streams(dialect, capability),
        include_usage: stream_options.and_then(|options| options.include_usage).unwrap_or(false),
        max_output_tokens: max,
        deterministic: temperature == Some(0.0) || seed.is_some(),
        base64: look.get::<String>("encoding_format", "a string")?.as_deref() == Some("base64"),
    })
}

/// Whether the endpoint can stream at all. Vendors ignore `stream` where it can't.
fn streams(dialect: Dialect, capability: Capability) -> bool {
    crate::codec(dialect, capability).is_some_and(|codec| codec.stream_reader(Detail::MeterOnly).is_some())
}

/// Checks that what the capability is about is there, for a request that will be read; one that is forwarded as it came
/// is judged by its provider.
///
/// # Errors
/// If it is missing or empty: the field is named.
pub fn check(dialect: Dialect, capability: Capability, body: &[u8]) -> Result<(), ReadError> {
    let required = required(dialect, capability);
    if required.is_empty() {
        return Ok(());
    }
    let body = splice::scan(Bytes::copy_from_slice(body))?;
    // A stored conversation or prompt already has the input.
    if dialect == Dialect::Responses && KEPT.iter().any(|name| body.value(name).is_some_and(|value| value != b"null")) {
        return Ok(());
    }
    required.iter().try_for_each(|(name, form)| form.check(name, &body))
}

#[derive(serde::Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

struct TopLevel<'b> {
    body: &'b Body,
    /// The object that holds sampling parameters, where they don't stand at the top (Ollama).
    options: Option<&'static str>,
}

impl TopLevel<'_> {
    fn get<T: DeserializeOwned>(&self, name: &str, expected: &str) -> Result<Option<T>, ReadError> {
        match self.body.value(name) {
            None => Ok(None),
            Some(text) => parse(name, text, expected),
        }
    }

    fn sampling<T: DeserializeOwned>(&self, name: &str, expected: &str) -> Result<Option<T>, ReadError> {
        let Some(outer) = self.options else { return self.get(name, expected) };
        let options: Option<serde_json::Map<String, serde_json::Value>> = self.get(outer, "an object")?;
        match options.as_ref().and_then(|options| options.get(name)) {
            None => Ok(None),
            Some(value) => parse(&format!("{outer}.{name}"), value.to_string().as_bytes(), expected),
        }
    }

    /// The first of these fields that is there; zero asks for nothing, which only Anthropic allows.
    fn first_natural(&self, names: &[&str]) -> Result<Option<u64>, ReadError> {
        for name in names {
            if let Some(number) = self.get::<u64>(name, "a positive integer")? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Speech says `stream_format: "sse"` for a stream of events.
    fn asks_for_events(&self) -> Result<bool, ReadError> {
        Ok(self.get::<String>("stream_format", "a string")?.as_deref() == Some("sse"))
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &[u8], expected: &str) -> Result<Option<T>, ReadError> {
    if text == b"null" {
        return Ok(None);
    }
    serde_json::from_slice(text)
        .map(Some)
        .map_err(|_| ReadError::new(name, format!("must be {expected}, got {}", shorten(text))))
}

fn shorten(text: &[u8]) -> String {
    // The value may be a whole conversation, and it goes into an error's message.
    let text = String::from_utf8_lossy(text);
    if text.chars().count() <= 40 { text.into_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

/// What a field must be for the request to mean anything.
enum Required {
    /// An array with something in it.
    Filled,
    /// A string with something in it, or a filled array.
    Text,
}

impl Required {
    fn check(&self, name: &str, body: &Body) -> Result<(), ReadError> {
        let expected = match self {
            Self::Filled => "an array that is not empty",
            Self::Text => "a string or an array that is not empty",
        };
        let Some(text) = body.value(name) else {
            return Err(ReadError::new(name, format!("is required, and must be {expected}")));
        };
        let inside = |from: usize| text.get(from..text.len().saturating_sub(1)).unwrap_or_default();
        let filled = !inside(1).trim_ascii().is_empty();
        let fits = match (self, text.first()) {
            (_, Some(b'[')) => filled,
            // Not trimmed: white space is a text too.
            (Self::Text, Some(b'"')) => !inside(1).is_empty(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(ReadError::new(name, format!("must be {expected}, got {}", shorten(text)))) }
    }
}

/// What a response may go on from, and say nothing itself.
const KEPT: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

fn required(dialect: Dialect, capability: Capability) -> &'static [(&'static str, Required)] {
    match (dialect, capability) {
        // Ollama loads a model by an empty conversation, so there nothing is required.
        (Dialect::Ollama, _) => &[],
        (Dialect::Responses, _) => &[("input", Required::Text)],
        (_, Capability::Chat | Capability::TokenCount) => &[("messages", Required::Filled)],
        (_, Capability::Embedding | Capability::AudioSpeech) => &[("input", Required::Text)],
        (_, Capability::Completion | Capability::ImageGeneration | Capability::ImageEdit) => {
            &[("prompt", Required::Text)]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(dialect: Dialect, capability: Capability, text: &'static str) -> Result<RequestHints, String> {
        let body = splice::scan(Bytes::from_static(text.as_bytes())).map_err(|error| error.to_string())?;
        peek(dialect, capability, &body).map_err(|error| error.to_string())
    }

    #[test]
    fn facts_stand_where_each_format_puts_them() {
        let openai = look(
            Dialect::OpenAi,
            Capability::Chat,
            r#"{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":7,"seed":1}"#,
        );
        let expected = RequestHints {
            model: Some("m".into()),
            stream: true,
            include_usage: true,
            max_output_tokens: Some(7),
            deterministic: true,
            base64: false,
        };
        assert_eq!(openai, Ok(expected));
        let ollama = look(Dialect::Ollama, Capability::Chat, r#"{"options":{"temperature":0,"num_predict":9}}"#);
        let expected =
            RequestHints { stream: true, max_output_tokens: Some(9), deterministic: true, ..RequestHints::default() };
        assert_eq!(ollama, Ok(expected));
    }

    #[test]
    fn a_stream_is_asked_only_of_endpoints_that_have_one() {
        for (dialect, capability, stream) in [
            (Dialect::OpenAi, Capability::Chat, true),
            (Dialect::OpenAi, Capability::Embedding, false),
            (Dialect::OpenAi, Capability::Rerank, false),
            (Dialect::Anthropic, Capability::TokenCount, false),
            (Dialect::Ollama, Capability::Embedding, false),
        ] {
            let hints = look(dialect, capability, r#"{"model":"m","stream":true}"#);
            assert_eq!(hints.map(|hints| hints.stream), Ok(stream), "{dialect} {capability}");
        }
    }

    #[test]
    fn a_response_says_something_or_goes_on() {
        let check =
            |body: &str| check(Dialect::Responses, Capability::Chat, body.as_bytes()).map_err(|error| error.path);
        for said in
            [r#"{"input":"x"}"#, r#"{"input":[{}]}"#, r#"{"previous_response_id":"r"}"#, r#"{"prompt":{},"input":[]}"#]
        {
            assert_eq!(check(said), Ok(()), "{said}");
        }
        for nothing in ["{}", r#"{"input":[]}"#, r#"{"input":"","prompt":null}"#] {
            assert_eq!(check(nothing), Err("input".to_owned()), "{nothing}");
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        for (text, problem) in [
            (r#"{"messages":[1],"stream":"yes"}"#, "stream: must be true or false, got \"yes\""),
            (r#"{"messages":[1],"model":7}"#, "model: must be a string, got 7"),
            (r#"{"messages":[1],"max_tokens":-1}"#, "max_tokens: must be a positive integer, got -1"),
        ] {
            assert_eq!(look(Dialect::OpenAi, Capability::Chat, text), Err(problem.into()));
        }
        for (text, problem) in [
            (r#"{}"#, "messages: is required, and must be an array that is not empty"),
            (r#"{"messages":[ ]}"#, "messages: must be an array that is not empty, got [ ]"),
            (r#"{"messages":"hi"}"#, "messages: must be an array that is not empty, got \"hi\""),
        ] {
            let checked = check(Dialect::OpenAi, Capability::Chat, text.as_bytes());
            assert_eq!(checked.map_err(|error| error.to_string()), Err(problem.into()));
        }
    }
}

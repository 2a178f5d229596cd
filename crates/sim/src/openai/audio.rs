//! Speech in both directions.

use super::form::{self, FormField};
use super::{check_model, event, forced_refusal, invalid, model};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::tokens;
use serde_json::json;

/// What every recording says.
const HEARD: &str = "The quick brown fox jumps over the lazy dog.";

/// The same in English, for translations.
const TRANSLATED: &str = "The quick brown fox jumps over the lazy dog, in English.";

/// `POST /v1/audio/transcriptions` and `/v1/audio/translations`. A second of audio is a thousand bytes.
pub(super) fn transcribe(call: &SimRequest<'_>, translate: bool) -> Result<SimPlan, SimRefusal> {
    let fields = form::read(call).ok_or_else(|| invalid("file", "Could not parse multipart form"))?;
    let field = |name: &str| fields.iter().find(|field| field.name == name);
    let text_of = |name: &str| field(name).map(FormField::text);
    let model = text_of("model").ok_or_else(|| invalid("model", "you must provide a model parameter"))?;
    check_model(call, &model)?;
    let file = field("file").ok_or_else(|| invalid("file", "Missing required parameter: 'file'."))?;
    // OpenAI tells the format by the ending of the file's name, so a form that loses the name fails.
    let named = file.filename.as_deref().is_some_and(|name| {
        ["flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm"].iter().any(|end| name.ends_with(end))
    });
    if !named || file.value.is_empty() {
        return Err(invalid("file", "Invalid file format."));
    }
    let seconds = file.value.len().div_ceil(1000);
    let text = if translate { TRANSLATED } else { HEARD };
    let format = text_of("response_format").unwrap_or_else(|| "json".into());
    // Whisper never streams: it ignores the field and replies whole.
    if text_of("stream").as_deref() == Some("true") && !model.starts_with("whisper") && !translate {
        return Ok(plan_stream(text, seconds));
    }
    let usage = json!({ "type": "duration", "seconds": seconds });
    let (content_type, body) = match format.as_str() {
        "json" => ("application/json", json!({ "text": text, "usage": usage }).to_string()),
        "verbose_json" => {
            let segment = json!({ "id": 0, "start": 0.0, "end": seconds, "text": text });
            let task = if translate { "translate" } else { "transcribe" };
            let body = json!({
                "task": task,
                "language": "english",
                "duration": seconds as f64,
                "text": text,
                "segments": [segment],
                "usage": usage,
            });
            ("application/json", body.to_string())
        }
        "text" => ("text/plain; charset=utf-8", format!("{text}\n")),
        "srt" => ("text/plain; charset=utf-8", format!("1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n")),
        "vtt" => ("text/plain; charset=utf-8", format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n")),
        other => return Err(invalid("response_format", format!("Invalid value: '{other}'."))),
    };
    Ok(SimPlan::Whole { content_type, body: body.into_bytes(), billed: BilledTokens::default() })
}

fn plan_stream(text: &str, seconds: usize) -> SimPlan {
    let delta = |token: &str| (event(&json!({ "type": "transcript.text.delta", "delta": token })), 1);
    let input = u64::try_from(seconds).unwrap_or_default() * 10;
    let billed = BilledTokens { input, ..BilledTokens::default() };
    let output = tokens::count(text);
    let usage = json!({
        "type": "tokens",
        "input_tokens": input,
        "input_token_details": { "audio_tokens": input, "text_tokens": 0 },
        "output_tokens": output,
        "total_tokens": input + output,
    });
    let script = Script {
        content_type: "text/event-stream",
        before: Vec::new(),
        pieces: tokens::split(text).into_iter().map(delta).collect(),
        reasoning: 0,
        after: vec![event(&json!({ "type": "transcript.text.done", "text": text, "usage": usage }))],
        error: event(&super::error_json(&forced_refusal(500))),
        garbage: "data: {\"type\": oops\n\n".into(),
    };
    SimPlan::Stream { script, billed }
}

/// `POST /v1/audio/speech`: silence in a WAV file, ten samples a character.
pub(super) fn speech(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    model(call)?;
    let input = call.json["input"].as_str().filter(|input| !input.is_empty() && input.len() <= 4096);
    let input = input.ok_or_else(|| invalid("input", "Invalid 'input': expected 1 to 4096 characters."))?;
    if call.json["voice"].is_null() {
        return Err(invalid("voice", "Missing required parameter: 'voice'."));
    }
    let content_type = match call.json["response_format"].as_str().unwrap_or("mp3") {
        "mp3" => "audio/mpeg",
        "opus" => "audio/opus",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm" => "audio/pcm",
        other => return Err(invalid("response_format", format!("Invalid value: '{other}'."))),
    };
    let samples = u32::try_from(input.chars().count() * 10).unwrap_or(u32::MAX);
    // A WAV file under whatever type was asked for: nobody plays it.
    Ok(SimPlan::Whole { content_type, body: silent_wave(samples), billed: BilledTokens::default() })
}

/// 8 kHz, 8 bits, one channel (RIFF WAVE).
fn silent_wave(samples: u32) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    // The length of what follows: the rest of the head, and the samples.
    file.extend_from_slice(&(36 + samples).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    // The length of the description that follows.
    file.extend_from_slice(&16_u32.to_le_bytes());
    // Uncompressed, and one channel.
    for half in [1_u16, 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    // Samples a second, and bytes a second, which are as many: a sample is one byte.
    for word in [8000_u32, 8000] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    // Bytes and bits of a sample.
    for half in [1_u16, 8] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&samples.to_le_bytes());
    // Samples of 8 bits have no sign, so silence is the middle of their range.
    file.resize(file.len() + samples as usize, 0x80);
    file
}

//! The other capabilities: completions, vectors, images, audio.

use crate::baton::Baton;
use baton_model::{Cost, Nanos, UsageClass};
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_completion_is_served_by_models_that_complete_and_by_those_that_only_chat() {
    let baton = Baton::start().await;
    for model in ["instruct", "llama", "gpt", "claude"] {
        let body = json!({ "model": model, "prompt": "Say hello", "max_tokens": 50 });
        let told = baton.post("/v1/completions", &body).await.expect(200);
        let reply = told.json();
        assert_eq!(reply["object"], "text_completion", "{model}");
        let text = reply.pointer("/choices/0/text").and_then(Value::as_str).unwrap();
        assert!(text.contains("Say hello"), "{model}: {text}");
        let streamed = json!({ "model": model, "prompt": "Say hello", "max_tokens": 50, "stream": true });
        let told = baton.post("/v1/completions", &streamed).await.expect(200);
        let text: String = told
            .events()
            .iter()
            .filter_map(|event| event.pointer("/choices/0/text")?.as_str().map(str::to_owned))
            .collect();
        assert!(text.contains("Say hello"), "{model}: {}", told.text());
        let told = baton.post("/api/models/completion", &body).await.expect(200).json();
        assert_eq!(told.pointer("/response/object"), Some(&json!("text_completion")), "{model}");
    }
    // As a chat it would need two calls.
    let several = json!({ "model": "claude", "prompt": ["one", "two"] });
    let told = baton.post("/v1/completions", &several).await.expect(400);
    assert!(told.text().contains("prompt"), "{}", told.text());
}

#[tokio::test]
async fn vectors_come_as_numbers_and_as_base64_from_every_provider() {
    let baton = Baton::start().await;
    for model in ["embed", "nomic"] {
        let told =
            baton.post("/v1/embeddings", &json!({ "model": model, "input": ["a cat", "a dog"] })).await.expect(200);
        let body = told.json();
        let numbers: Vec<f32> = serde_json::from_value(body.pointer("/data/1/embedding").unwrap().clone()).unwrap();
        assert!(!numbers.is_empty() && body["usage"]["prompt_tokens"].as_u64() > Some(0), "{model}: {body}");
        // What OpenAI's SDKs ask for without being told to. Ollama has numbers alone.
        let wish = json!({ "model": model, "input": ["a cat", "a dog"], "encoding_format": "base64" });
        let told = baton.post("/v1/embeddings", &wish).await.expect(200).json();
        let text = told.pointer("/data/1/embedding").and_then(Value::as_str).unwrap();
        assert_eq!(text.trim_end_matches('=').len() * 3 / 4 / 4, numbers.len(), "{model}");
        let native =
            baton.post("/api/models/embedding", &json!({ "model_id": model, "input": "a bird" })).await.expect(200);
        assert!(native.json().pointer("/response/data/0/embedding").is_some(), "{model}");
    }
}

#[tokio::test]
async fn images_are_made_and_billed() {
    let baton = Baton::start().await;
    let told =
        baton.post("/v1/images/generations", &json!({ "model": "paint", "prompt": "a baton" })).await.expect(200);
    assert!(told.json().pointer("/data/0/b64_json").is_some());
    assert!(matches!(baton.record(&told).await.cost(), Cost::Known(nanos) if nanos > Nanos::ZERO));
    let native =
        baton.post("/api/models/image", &json!({ "model_id": "paint", "prompt": "a baton" })).await.expect(200);
    assert!(native.json().pointer("/response/data/0").is_some());
    let told =
        baton.post("/v1/images/generations", &json!({ "model": "claude", "prompt": "a baton" })).await.expect(400);
    assert!(told.text().contains("paint"), "{}", told.text());
}

fn form(fields: &[(&str, &str)]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--b0\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    body.extend_from_slice(
        b"--b0\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\ncontent-type: audio/wav\r\n\r\n",
    );
    // A second of silence: a header, and 16,000 samples of two bytes.
    body.extend_from_slice(b"RIFF\x24\x7d\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x00\x7d\x00\x00");
    body.extend_from_slice(&vec![0; 32_000]);
    body.extend_from_slice(b"\r\n--b0--\r\n");
    ("multipart/form-data; boundary=b0".into(), body)
}

#[tokio::test]
async fn speech_is_written_down_in_every_form() {
    let baton = Baton::start().await;
    for format in ["json", "text", "srt", "vtt", "verbose_json"] {
        let (kind, body) = form(&[("model", "listen"), ("response_format", format)]);
        let told =
            baton.send(Method::POST, "/v1/audio/transcriptions", &[("content-type", &kind)], body).await.expect(200);
        let json = told.header("content-type").is_some_and(|kind| kind.contains("json"));
        assert_eq!(json, format.contains("json"), "{format}");
        assert!(!told.body.is_empty(), "{format}");
    }
    let (kind, body) = form(&[("model", "listen")]);
    let told =
        baton.send(Method::POST, "/v1/audio/translations", &[("content-type", &kind)], body.clone()).await.expect(200);
    assert!(told.json()["text"].is_string());
    let (kind, body) = form(&[("model_id", "listen"), ("user_id", "u1")]);
    let told =
        baton.send(Method::POST, "/api/models/audio/transcription", &[("content-type", &kind)], body).await.expect(200);
    assert!(told.json().pointer("/response/text").is_some(), "{}", told.text());
    let record = baton.record(&told).await;
    assert_eq!(record.attribution.user.as_deref(), Some("u1"));
    assert!(record.usage().get(UsageClass::AudioMillis) > 0, "{:?}", record.usage());
}

#[tokio::test]
async fn a_transcript_that_comes_whole_is_streamed_in_one_piece() {
    let baton = Baton::start().await;
    let (kind, body) = form(&[("model", "listen"), ("stream", "true")]);
    let told = baton.send(Method::POST, "/v1/audio/transcriptions", &[("content-type", &kind)], body).await.expect(200);
    let events = told.events();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, [Some("transcript.text.delta"), Some("transcript.text.done")], "{}", told.text());
    assert_eq!(events[0]["delta"], events[1]["text"]);
}

#[tokio::test]
async fn text_is_spoken() {
    let baton = Baton::start().await;
    let body = json!({ "model": "speak", "input": "Hello", "voice": "alloy" });
    let told = baton.post("/v1/audio/speech", &body).await.expect(200);
    assert!(told.header("content-type").is_some_and(|kind| kind.starts_with("audio/")), "{:?}", told.headers);
    assert!(!told.body.is_empty());
}

#[tokio::test]
async fn a_form_without_a_file_is_refused() {
    let baton = Baton::start().await;
    let body = "--b0\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nlisten\r\n--b0--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=b0")];
    let told = baton.send(Method::POST, "/v1/audio/transcriptions", &kind, body).await.expect(400);
    assert!(told.text().contains("file"), "{}", told.text());
    let told = baton
        .send(Method::POST, "/v1/audio/transcriptions", &[("content-type", "application/json")], "{}")
        .await
        .expect(400);
    assert!(told.text().contains("multipart/form-data"), "{}", told.text());
}

/// A server with a second of audio, a page that is none, and nothing else. Its address.
async fn library() -> String {
    let (_, form) = form(&[]);
    let start = form.windows(4).position(|window| window == b"RIFF").unwrap();
    let audio = form[start..form.len() - b"\r\n--b0--\r\n".len()].to_vec();
    let router = axum::Router::new()
        .route("/calls/a.wav", axum::routing::get(|| async { ([("content-type", "audio/wav")], audio) }))
        .route("/page", axum::routing::get(|| async { ([("content-type", "text/html")], "hello") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn sound_is_fetched_from_its_address() {
    let library = library().await;
    let baton = Baton::with("[audio]\nallow = [\"127.0.0.0/8\"]\n").await;
    let ask = |file: &str| json!({ "model_id": "listen", "file_url": format!("{library}{file}"), "language": "en", "temperature": 0.5 });
    for path in ["/api/models/audio/transcription", "/api/models/audio/translation"] {
        let told = baton.post(path, &ask("/calls/a.wav?key=1")).await.expect(200);
        assert!(told.json().pointer("/response/text").is_some_and(serde_json::Value::is_string), "{}", told.text());
        let sent = String::from_utf8_lossy(&baton.openai.requests().pop().unwrap().body).into_owned();
        for part in [
            "filename=\"a.wav\"",
            "audio/wav",
            "name=\"language\"\r\n\r\nen",
            "name=\"temperature\"\r\n\r\n0.5",
            "WAVEfmt",
        ] {
            assert!(sent.contains(part), "{part}: {sent:.400}");
        }
    }
    for (file, part) in [("/page", "text/html"), ("/nothing", "404")] {
        let told = baton.post("/api/models/audio/transcription", &ask(file)).await.expect(400);
        assert!(told.text().contains("file_url") && told.text().contains(part), "{}", told.text());
    }
    let told = baton.post("/api/models/audio/transcription", &json!({ "model_id": "listen" })).await.expect(400);
    assert!(told.text().contains("file_url: is required"), "{}", told.text());
}

#[tokio::test]
async fn sound_is_not_fetched_from_where_it_shall_not_be() {
    let library = library().await;
    let body = json!({ "model_id": "listen", "file_url": format!("{library}/calls/a.wav") });
    let baton = Baton::start().await;
    let told = baton.post("/api/models/audio/transcription", &body).await.expect(400);
    // Where a name leads inside is nobody's business: no such address, none there and one that is refused are told alike.
    let inside = json!({ "model_id": "listen", "file_url": "http://localhost/a.wav" });
    let nowhere = json!({ "model_id": "listen", "file_url": "http://nobody.invalid/a.wav" });
    for other in [&inside, &nowhere] {
        let other = baton.post("/api/models/audio/transcription", other).await.expect(400);
        assert_eq!(other.json()["error"]["message"], told.json()["error"]["message"]);
    }
    assert!(told.text().contains("file_url") && !told.text().contains("127.0.0.1"), "{}", told.text());
    let small = Baton::with("[server]\nmax_body_bytes = 1000\n[audio]\nallow = [\"127.0.0.0/8\"]\n").await;
    small.post("/api/models/audio/transcription", &body).await.expect(413);
    assert!(baton.openai.requests().is_empty() && small.openai.requests().is_empty());
}

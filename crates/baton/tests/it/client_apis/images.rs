//! Images that are changed.

use super::JSON;
use crate::baton::{Baton, ClientReply};
use baton_model::{Capability, Cost, Nanos, UsageClass};
use http::Method;
use serde_json::json;

/// The start of a PNG, and bytes that are neither text nor a boundary's business.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff\xfe\r\n--\r\n--baton-\"%22 \r\n";

/// A part of a form: its name, the rest of its head, its content.
type Part<'p> = (&'p str, &'p str, &'p [u8]);

fn image<'p>(name: &'p str) -> Part<'p> {
    (name, "; filename=\"a cat.png\"\r\nContent-Type: image/png", PNG)
}

fn parts(boundary: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, head, content) in parts {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{head}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}

/// Sends a form, and checks that it arrives with the same parts in the same order, but for the model, which comes first.
async fn ask_form(baton: &Baton, path: &str, sent: &[Part<'_>], upstream: &str) -> ClientReply {
    let kind = ("content-type", "multipart/form-data; boundary=b0");
    let answer = baton.send(Method::POST, path, &[kind], parts("b0", sent)).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    assert_eq!(seen.path, path);
    let boundary = seen.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let others = sent.iter().copied().filter(|(name, _, _)| *name != "model");
    let expected: Vec<Part<'_>> = [("model", "", upstream.as_bytes())].into_iter().chain(others).collect();
    assert_eq!(seen.body.escape_ascii().to_string(), parts(boundary, &expected).escape_ascii().to_string());
    answer
}

#[tokio::test]
async fn images_are_changed_by_forms_whose_bytes_arrive() {
    let baton = Baton::start().await;
    let path = "/v1/images/edits";
    let several = [
        ("prompt", "", &b"a hat"[..]),
        image("image[]"),
        ("model", "", b"paint"),
        image("image[]"),
        ("size", "", b"auto"),
        image("mask"),
        ("n", "", b"2"),
    ];
    let answer = ask_form(&baton, path, &several, "gpt-image-1").await;
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2, "{}", answer.text());
    let record = baton.record(&answer).await;
    assert_eq!(record.capability, Capability::ImageEdit);
    let read = record.usage().get(UsageClass::Input) + record.usage().get(UsageClass::ImageInput);
    assert_eq!(record.usage().get(UsageClass::ImageInput), 3 * 272);
    assert_eq!(record.usage().get(UsageClass::ImageOutput), 2 * 272);
    // A dollar a million tokens read, forty a million made.
    let nanos = i64::try_from(read * 1_000 + 2 * 272 * 40_000).unwrap();
    assert_eq!(record.cost(), Cost::Known(Nanos(nanos)));
}

#[tokio::test]
async fn images_that_are_changed_are_streamed() {
    let baton = Baton::start().await;
    // The only model that paints is the one that is meant without a name.
    let streamed = [image("image"), ("prompt", "", b"a hat"), ("stream", "", b"true")];
    let answer = ask_form(&baton, "/v1/images/edits", &streamed, "gpt-image-1").await;
    let events = answer.events();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["image_edit.partial_image", "image_edit.completed"], "{}", answer.text());
    assert!(matches!(baton.record(&answer).await.cost(), Cost::Known(nanos) if nanos > Nanos::ZERO));
}

#[tokio::test]
async fn images_are_changed_by_json_as_it_came() {
    let baton = Baton::start().await;
    let body = r#"{ "images":[{"file_id":"file-1"}, {"image_url":"https://pictures.example/1.png"}],"prompt":"a hat" , "model":"paint", "new_field":1.0 }"#;
    let answer = baton.send(Method::POST, "/v1/images/edits", &[JSON], body).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    assert_eq!(seen.path, "/v1/images/edits");
    assert_eq!(String::from_utf8_lossy(&seen.body), body.replace("\"paint\"", "\"gpt-image-1\""));
    assert_eq!(baton.record(&answer).await.usage().get(UsageClass::ImageInput), 2 * 272);
}

#[tokio::test]
async fn variations_of_an_image_are_paid_by_the_piece() {
    let baton = Baton::start().await;
    let model = json!({
        "model_id": "vary", "provider": "openai", "upstream": "dall-e-2", "capabilities": ["IMAGE_GENERATION"],
        "price": { "images": "20000" },
    });
    baton.post("/api/models", &model).await.expect(201);
    let sent = [("model", "", &b"vary"[..]), image("image"), ("n", "", b"3"), ("response_format", "", b"b64_json")];
    let answer = ask_form(&baton, "/v1/images/variations", &sent, "dall-e-2").await;
    assert!(answer.json().pointer("/data/2/b64_json").is_some(), "{}", answer.text());
    let record = baton.record(&answer).await;
    assert_eq!((record.capability, record.usage().get(UsageClass::Images)), (Capability::ImageVariation, 3));
    // Two cents each.
    assert_eq!(record.cost(), Cost::Known(Nanos(60_000_000)));
}

#[tokio::test]
async fn forms_without_images_are_refused() {
    let baton = Baton::start().await;
    let kind = ("content-type", "multipart/form-data; boundary=b0");
    let form = |model: &'static str| parts("b0", &[("model", "", model.as_bytes()), ("prompt", "", b"a hat")]);
    for path in ["/v1/images/edits", "/v1/images/variations"] {
        let answer = baton.send(Method::POST, path, &[kind], form("paint")).await.expect(400).json();
        assert_eq!(answer["error"]["param"], "image", "{answer}");
    }
    let answer = baton.send(Method::POST, "/v1/images/variations", &[JSON], "{}").await.expect(400);
    assert!(answer.text().contains("multipart/form-data"), "{}", answer.text());
    let wrong = parts("b0", &[("model", "", b"gpt"), image("image"), ("prompt", "", b"a hat")]);
    let answer = baton.send(Method::POST, "/v1/images/edits", &[kind], wrong).await.expect(400);
    assert!(answer.text().contains("IMAGE_EDIT; these models do: paint"), "{}", answer.text());
    assert!(baton.openai.requests().is_empty());
}

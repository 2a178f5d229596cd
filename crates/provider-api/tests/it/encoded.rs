//! Replies that a service compresses although it was asked not to.

use crate::{PATIENT, send, serve};
use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::routing::post;
use baton_model::fault::ErrorKind;
use futures::StreamExt as _;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

const ENCODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

/// What an encoder makes of pieces: the bytes of each, flushed, and those of the end.
async fn encoded(encoding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    macro_rules! with {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            let mut encoded = Vec::new();
            for piece in pieces {
                encoder.write_all(piece).await.unwrap();
                encoder.flush().await.unwrap();
                encoded.push(std::mem::take(encoder.get_mut()));
            }
            encoder.shutdown().await.unwrap();
            encoded.push(encoder.into_inner());
            encoded
        }};
    }
    match encoding {
        "gzip" => with!(GzipEncoder),
        "deflate" => with!(ZlibEncoder),
        "br" => with!(BrotliEncoder),
        _ => with!(ZstdEncoder),
    }
}

/// A server that replies with these bytes, and calls them encoded.
async fn replying(encoding: &'static str, bytes: Vec<u8>) -> baton_provider_api::transport::BaseUrl {
    let reply = async move |headers: HeaderMap| {
        assert_eq!(headers.get("accept-encoding").unwrap(), "identity");
        ([("content-encoding", encoding)], bytes)
    };
    serve(Router::new().route("/", post(reply))).await
}

#[tokio::test]
async fn a_compressed_reply_is_decoded_within_its_bound() {
    let text = b"words, words, words".repeat(10_000);
    for encoding in ENCODINGS {
        let bytes = encoded(encoding, &[&text]).await.concat();
        assert!(bytes.len() < 10_000, "{encoding}");
        let base_url = replying(encoding, bytes).await;
        let reply = send(&base_url, "/", PATIENT).await.unwrap().collect(text.len()).await.unwrap();
        assert!(reply == text, "{encoding}");
        // The bound is that of what comes out: a few bytes can become gigabytes.
        let error = send(&base_url, "/", PATIENT).await.unwrap().collect(text.len() - 1).await.unwrap_err();
        assert!(error.message.contains("larger than"), "{encoding}: {error}");
        // Error replies are read in part.
        assert_eq!(send(&base_url, "/", PATIENT).await.unwrap().collect_start(100).await.len(), 100, "{encoding}");
    }
}

#[tokio::test]
async fn each_piece_of_a_compressed_stream_arrives_before_the_next_is_sent() {
    for encoding in ENCODINGS {
        let pieces = encoded(encoding, &[b"data: one\n\n", b"data: two\n\n"]).await;
        let next = Arc::new(Notify::new());
        let waits = Arc::clone(&next);
        let served = Arc::new(Mutex::new(Some(pieces)));
        let reply = async move || {
            let pieces = served.lock().unwrap().take().unwrap();
            let stream = futures::stream::iter(pieces).enumerate().then(move |(number, piece)| {
                let waits = Arc::clone(&waits);
                async move {
                    // A piece is sent only when the one before has been read.
                    if number > 0 {
                        waits.notified().await;
                    }
                    Ok::<_, std::io::Error>(Bytes::from(piece))
                }
            });
            ([("content-encoding", encoding)], Body::from_stream(stream))
        };
        let base_url = serve(Router::new().route("/", post(reply))).await;
        let mut reply = send(&base_url, "/", PATIENT).await.unwrap();
        for expected in ["data: one\n\n", "data: two\n\n"] {
            assert_eq!(reply.next_piece().await.unwrap().unwrap(), expected, "{encoding}");
            next.notify_one();
        }
        assert_eq!(reply.next_piece().await.unwrap(), None, "{encoding}");
    }
}

#[tokio::test]
async fn what_does_not_decode_is_a_protocol_error() {
    let text = b"words, words, words".repeat(10_000);
    for encoding in ENCODINGS {
        let mut truncated = encoded(encoding, &[&text]).await.concat();
        truncated.truncate(truncated.len() / 2);
        for bytes in [truncated, b"not encoded at all".to_vec()] {
            let base_url = replying(encoding, bytes).await;
            let error = send(&base_url, "/", PATIENT).await.unwrap().collect(1 << 20).await.unwrap_err();
            let expected =
                format!("provider `p` sent a body that can't be decoded as {encoding}, though its head says so");
            assert_eq!((error.kind, error.message), (ErrorKind::Protocol, expected));
        }
    }
    for encoding in ["compress", "gzip, br"] {
        let error = send(&replying(encoding, Vec::new()).await, "/", PATIENT).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.contains(&format!("content-encoding {encoding}")), "{error}");
    }
}

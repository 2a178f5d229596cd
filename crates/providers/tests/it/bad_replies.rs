//! Everything that a provider can do wrong, and the error that it becomes.

use crate::setup::{KEY, KINDS, Pair, TestRequest};
use baton_model::fault::ErrorKind;
use baton_provider_api::{ProviderError, ReplyForm};
use baton_providers::ProviderConfig;
use baton_sim::{Kind, SimFault};
use std::time::Duration;
use tokio::net::TcpSocket;

fn impatient(config: &mut ProviderConfig) {
    config.settings.timeouts.first_token = Duration::from_millis(300);
    config.settings.timeouts.idle = Duration::from_millis(300);
    config.settings.timeouts.total = Duration::from_millis(1500);
    config.settings.max_frame_bytes = 1 << 20;
    config.settings.max_reply_bytes = 1 << 20;
}

async fn fails(kind: Kind, fault: SimFault, form: ReplyForm) -> ProviderError {
    let pair = Pair::with(kind, |options| options, impatient).await;
    pair.sim.always(Some(fault));
    let model = pair_model(kind);
    let ask = TestRequest::chat(model, "Good morning!");
    let error = pair.ask(if form == ReplyForm::Stream { ask.stream() } else { ask }).await.err();
    let error = error.unwrap_or_else(|| panic!("{kind:?} {fault:?} {form:?} did not fail"));
    assert!(!error.chain().contains("hunter2") && !error.chain().contains(KEY), "{}", error.chain());
    // Callers see the message, so it holds no address and no text of the HTTP client.
    for internal in ["127.0.0.1", "elsewhere.example", "os error", "hyper", "client error"] {
        assert!(!error.message.contains(internal), "{kind:?} {fault:?} {form:?}: {error}");
    }
    error
}

fn pair_model(kind: Kind) -> &'static str {
    kind.models()[0]
}

/// Fault, what it is in a whole reply, what it is in a stream, and a word of the sentence.
const CASES: &[(SimFault, ErrorKind, ErrorKind, &str)] = &[
    (SimFault::Html, ErrorKind::Protocol, ErrorKind::Protocol, "web page"),
    (SimFault::WrongType, ErrorKind::Protocol, ErrorKind::Protocol, ""),
    (SimFault::Truncated, ErrorKind::Protocol, ErrorKind::Protocol, ""),
    (SimFault::EndlessLine, ErrorKind::Protocol, ErrorKind::Protocol, "1048576"),
    (SimFault::Empty204, ErrorKind::Protocol, ErrorKind::Protocol, "204"),
    (SimFault::Redirect, ErrorKind::Protocol, ErrorKind::Protocol, "a redirect (302)"),
    // The connection broke, which says nothing about the format.
    (SimFault::CutMidStream, ErrorKind::Unreachable, ErrorKind::Unreachable, "in the middle of its reply"),
    (SimFault::Hang, ErrorKind::Timeout, ErrorKind::Timeout, "did not"),
    (SimFault::Status(401), ErrorKind::Authentication, ErrorKind::Authentication, ""),
    (SimFault::Status(429), ErrorKind::RateLimited, ErrorKind::RateLimited, ""),
    (SimFault::Status(500), ErrorKind::Internal, ErrorKind::Internal, ""),
    (SimFault::Status(503), ErrorKind::Overloaded, ErrorKind::Overloaded, ""),
    (SimFault::Context, ErrorKind::ContextLength, ErrorKind::ContextLength, ""),
];

#[tokio::test]
async fn each_fault_becomes_its_kind_of_error() {
    for (kind, _, _) in KINDS.iter().copied() {
        for (fault, whole, stream, word) in CASES {
            for (form, expected) in [(ReplyForm::Whole, whole), (ReplyForm::Stream, stream)] {
                let error = fails(kind, *fault, form).await;
                assert_eq!(error.kind, *expected, "{kind:?} {fault:?} {form:?}: {error}");
                // A whole reply has no first token to wait for, so its hang is bounded by the total.
                let word = if *fault == SimFault::Hang && form == ReplyForm::Whole { "total" } else { word };
                assert!(error.message.contains(word), "{kind:?} {fault:?} {form:?}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn streams_that_go_wrong_end_with_an_error() {
    for (kind, _, _) in KINDS.iter().copied() {
        for (fault, expected) in [
            (SimFault::NoEnd, ErrorKind::Protocol),
            (SimFault::GarbageMidStream, ErrorKind::Protocol),
            (SimFault::HangMidStream, ErrorKind::Timeout),
        ] {
            let error = fails(kind, fault, ReplyForm::Stream).await;
            assert_eq!(error.kind, expected, "{kind:?} {fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_its_last_event() {
    use baton_model::ReplyEvent;
    for (kind, _, _) in KINDS.iter().copied() {
        for fault in [SimFault::ErrorBeforeContent, SimFault::ErrorMidStream] {
            let pair = Pair::new(kind).await;
            pair.sim.always(Some(fault));
            let (_, frames) = pair.ask(TestRequest::chat(pair_model(kind), "Good morning!").stream()).await.unwrap();
            let last = frames.last().unwrap().events.last();
            assert!(matches!(last, Some(ReplyEvent::Failed(_))), "{kind:?} {fault:?}: {last:?}");
            let content = frames.iter().any(|frame| frame.events.iter().any(ReplyEvent::is_content));
            // The engine falls back as long as there was no content, so the two must be told apart.
            assert_eq!(content, fault == SimFault::ErrorMidStream, "{kind:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    for (kind, _, _) in KINDS.iter().copied() {
        let error = fails(kind, SimFault::Error200, ReplyForm::Whole).await;
        // The engine adds the bytes, which are in the frame.
        assert_eq!(error.kind, ErrorKind::Internal, "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn a_limit_says_when_to_come_again() {
    for (kind, _, _) in KINDS.iter().copied() {
        let error = fails(kind, SimFault::Status(429), ReplyForm::Whole).await;
        assert_eq!(error.retry_after, Some(Duration::from_secs(1)), "{kind:?}");
        let upstream = error.upstream.unwrap();
        assert_eq!(upstream.status, 429, "{kind:?}");
        assert!(serde_json::from_slice::<serde_json::Value>(&upstream.body).is_ok(), "{kind:?}");
    }
}

#[tokio::test]
async fn the_body_of_an_error_is_not_waited_for() {
    let cases = KINDS.iter().flat_map(|(kind, _, _)| [ReplyForm::Whole, ReplyForm::Stream].map(|form| (*kind, form)));
    futures::future::join_all(cases.map(|(kind, form)| async move {
        // With the usual time limits, which allow ten minutes for a whole reply.
        let pair = Pair::new(kind).await;
        pair.sim.always(Some(SimFault::DrippingError));
        let ask = TestRequest::chat(pair_model(kind), "Good morning!");
        let reply = pair.ask(if form == ReplyForm::Stream { ask.stream() } else { ask });
        let reply = tokio::time::timeout(Duration::from_secs(60), reply).await.unwrap();
        let error = reply.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Overloaded, "{kind:?} {form:?}: {error}");
        // What had come by then says why.
        assert!(error.upstream.unwrap().body.starts_with(b"{"), "{kind:?} {form:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_refused_key_stays_secret() {
    let pair = Pair::with(Kind::OpenAi, |options| options.key("another"), |_| {}).await;
    let error = pair.ask(TestRequest::chat("gpt-4o", "Good morning!")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Authentication);
    let told = String::from_utf8(error.upstream.clone().unwrap().body.to_vec()).unwrap();
    // The vendor shows the beginning and the end of a key.
    assert!(told.contains("provided: [key]") && !told.contains(&KEY[KEY.len() - 4..]), "{told}");
    assert!(!error.message.contains(KEY), "{error}");
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    // Bound, so that nobody else gets the port, but not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let pair = Pair::with(Kind::OpenAi, |o| o, |config| config.base_url = Some(format!("http://{address}/v1"))).await;
    let error = pair.ask(TestRequest::chat("gpt-4o", "Good morning!")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(error.message, "provider `p` can't be reached: the connection was refused");
    assert!(error.chain().contains(&address.to_string()), "{}", error.chain());
}

#[tokio::test]
async fn plain_http_is_no_tls() {
    let pair = Pair::new(Kind::OpenAi).await;
    let address = pair.sim.address();
    let tls = Pair::with(Kind::OpenAi, |o| o, |config| config.base_url = Some(format!("https://{address}/v1"))).await;
    let error = tls.ask(TestRequest::chat("gpt-4o", "Good morning!")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(error.message, "provider `p` can't be reached: the TLS handshake failed");
    assert!(error.chain().contains(&address.to_string()), "{}", error.chain());
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_logged_and_not_shown() {
    // `.invalid` never resolves (RFC 6761).
    let change = |config: &mut ProviderConfig| config.base_url = Some("http://nowhere.invalid/v1".into());
    let pair = Pair::with(Kind::OpenAi, |o| o, change).await;
    let error = pair.ask(TestRequest::chat("gpt-4o", "Good morning!")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(error.message, "provider `p` can't be reached: the name could not be resolved");
    assert!(error.chain().contains("nowhere.invalid"), "{}", error.chain());
}

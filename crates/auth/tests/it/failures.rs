//! Wrong credentials, one after another.

use crate::setup::{Fixture, at, by, show_from};
use baton_auth::token::TokenSettings;
use baton_auth::{ApiKey, ApiKeys, AuthError, Credentials, FailureLimit, KeySecret, Origin, TokenVerifier};
use baton_model::entity::Role;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

const SECRET: &str = "a secret of thirty-two characters";

/// Keys, one of them in use at 10.0.0.1 already and another nowhere yet.
async fn keys() -> (Fixture, ApiKeys, String, String) {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await.with_failures(FailureLimit { per_second: 10, burst: 3 });
    let (_, used) = keys.create(&by(), ApiKey::new("used", Role::Caller), &mut fixture.rng).await.unwrap();
    let (_, new) = keys.create(&by(), ApiKey::new("new", Role::Caller), &mut fixture.rng).await.unwrap();
    show_from(&keys, used.reveal(), "10.0.0.1").unwrap();
    let text = |secret: &KeySecret| secret.reveal().to_owned();
    let both = (text(&used), text(&new));
    (fixture, keys, both.0, both.1)
}

fn guess(keys: &ApiKeys, address: &str, times: usize) {
    for number in 0..times {
        let error = show_from(keys, &format!("bt-guess-{number}"), address).unwrap_err();
        assert!(matches!(error, AuthError::Unknown), "{number}: {error:?}");
    }
}

fn limited(error: AuthError) -> Duration {
    match error {
        AuthError::TooManyFailures { after } => after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn guesses_are_slowed_and_say_nothing() {
    let (fixture, keys, used, new) = keys().await;
    guess(&keys, "10.0.0.1", 3);
    let wait = limited(show_from(&keys, "bt-another", "10.0.0.1").unwrap_err());
    assert_eq!(wait, Duration::from_millis(100));
    let public = AuthError::TooManyFailures { after: wait }.public();
    assert_eq!((public.code.status(), public.retry_after), (429, Some(wait)));
    // A good guess is told the same as a bad one.
    limited(show_from(&keys, &new, "10.0.0.1").unwrap_err());
    // Whoever used its key from there before is not locked out, nor is anybody else elsewhere.
    assert!(show_from(&keys, &used, "10.0.0.1").is_ok());
    assert!(show_from(&keys, &new, "10.0.0.2").is_ok());
    limited(show_from(&keys, &used, "10.0.0.1").and_then(|_| show_from(&keys, "bt-wrong", "10.0.0.1")).unwrap_err());
    fixture.clock.0.fetch_add(100_000, Ordering::SeqCst);
    assert!(show_from(&keys, &new, "10.0.0.1").is_ok(), "after a while it may be used from there too");
}

#[tokio::test]
async fn an_address_is_all_that_one_client_can_choose_from() {
    let (_fixture, keys, _, new) = keys().await;
    for last in 1..=3 {
        show_from(&keys, "bt-wrong", &format!("2001:db8:0:1::{last}")).unwrap_err();
    }
    limited(show_from(&keys, &new, "2001:db8:0:1:ffff::9").unwrap_err());
    assert!(show_from(&keys, &new, "2001:db8:0:2::1").is_ok());
    // Behind a proxy that is trusted it is the client that counts, and not the proxy.
    let behind = |key: &str, client: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
        let origin = Origin { client: Some(client.parse().unwrap()), ..at("10.9.9.9".parse().unwrap()) };
        keys.lookup(Credentials::read(&headers).unwrap(), origin)
    };
    for _ in 0..3 {
        behind("bt-wrong", "192.0.2.1").unwrap_err();
    }
    limited(behind(&new, "192.0.2.1").unwrap_err());
    assert!(behind(&new, "192.0.2.2").is_ok());
}

#[tokio::test]
async fn tokens_are_admitted_and_wrong_ones_count() {
    let (fixture, keys, ..) = keys().await;
    let settings = TokenSettings { secret: Some(KeySecret::from_text(SECRET)), ..TokenSettings::default() };
    let keys = keys.with_tokens(Some(TokenVerifier::new(settings, None, fixture.clock())));
    let token = |secret: &str| {
        let claims = json!({ "sub": "ada", "exp": 4_000_000_000_u32 });
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    let forged = token("another secret of that same length");
    for _ in 0..3 {
        assert!(matches!(show_from(&keys, &forged, "10.0.0.1").unwrap_err(), AuthError::Token(_)));
    }
    limited(show_from(&keys, &forged, "10.0.0.1").unwrap_err());
    assert!(show_from(&keys, &token(SECRET), "10.0.0.1").is_ok(), "a signature can't be guessed");
}

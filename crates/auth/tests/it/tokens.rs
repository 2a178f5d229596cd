//! Tokens by a shared secret.

use crate::setup::{Fixture, by, show, show_from};
use baton_auth::token::{ClaimNames, Mint, TokenFault, TokenSettings, mint};
use baton_auth::{ApiKey, ApiKeys, AuthError, KeySecret, TokenVerifier};
use baton_model::entity::{ProjectMember, Role};
use baton_model::{Caller, ModelId, Project, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const SECRET: &str = "a secret of thirty-two characters";
/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200;

fn settings() -> TokenSettings {
    TokenSettings { secret: Some(KeySecret::from_text(SECRET)), ..TokenSettings::default() }
}

/// Keys that take tokens, at noon.
async fn keys(settings: TokenSettings) -> (Fixture, ApiKeys) {
    let mut fixture = Fixture::new().await;
    fixture.clock.0.store(NOON * 1_000_000, Ordering::SeqCst);
    let keys = fixture.keys().await.with_tokens(Some(TokenVerifier::new(settings, None, fixture.clock())));
    (fixture, keys)
}

fn signed(secret: &str, claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn fault(keys: &ApiKeys, token: &str) -> TokenFault {
    match show(keys, token).unwrap_err() {
        AuthError::Token(fault) => fault,
        other => TokenFault::NoSigners(format!("another error: {other}")),
    }
}

#[tokio::test]
async fn a_token_is_its_caller() {
    let (_fixture, keys) = keys(settings()).await;
    let wanted = Mint {
        user: "ada".into(),
        role: Role::Operator,
        project: Some("search".into()),
        models: vec!["fast".into()],
        ttl: Duration::from_secs(60),
        issuer: None,
        audience: None,
    };
    let token =
        mint(&KeySecret::from_text(SECRET), &ClaimNames::default(), &wanted, Timestamp(NOON * 1_000_000)).unwrap();
    let caller = show(&keys, &token).unwrap();
    assert_eq!((caller.role, caller.key.as_ref()), (Role::Operator, None));
    assert_eq!((caller.user.as_deref(), caller.project.as_deref()), (Some("ada"), Some("search")));
    assert!(caller.may_name(&ModelId::from("fast")) && !caller.may_name(&ModelId::from("other")));
    // A token where none is taken says so; a key is still a key.
    let mut fixture = Fixture::new().await;
    let without = fixture.keys().await;
    assert!(matches!(show(&without, &token), Err(AuthError::NoTokens)));
    let (_, key) = keys.create(&by(), ApiKey::new("k", Role::Caller), &mut fixture.rng).await.unwrap();
    assert_eq!(show(&keys, key.reveal()).unwrap().role, Role::Caller);
}

#[tokio::test]
async fn clocks_that_differ_are_told_apart() {
    let (_fixture, keys) = keys(settings()).await;
    let token = |nbf: i64, exp: i64| signed(SECRET, &json!({ "sub": "a", "nbf": nbf, "exp": exp }));
    // Within the leeway of a minute on either side.
    assert!(show(&keys, &token(NOON + 60, NOON + 600)).is_ok());
    assert!(show(&keys, &token(NOON - 600, NOON - 59)).is_ok());
    let early = show(&keys, &token(NOON + 600, NOON + 1200)).unwrap_err();
    assert_eq!(
        early.to_string(),
        "the token is not valid before 2026-11-23T12:10:00Z; this machine's time is 2026-11-23T12:00:00Z"
    );
    let late = show(&keys, &token(NOON - 1200, NOON - 600)).unwrap_err();
    assert_eq!(
        late.to_string(),
        "the token expired at 2026-11-23T11:50:00Z; this machine's time is 2026-11-23T12:00:00Z"
    );
    assert_eq!((early.public().code.status(), late.public().code.status()), (401, 401));
    let endless = fault(&keys, &signed(SECRET, &json!({ "sub": "a" })));
    assert_eq!(endless.to_string(), "the token's claim `exp` is required");
    let wrong = fault(&keys, &signed(SECRET, &json!({ "exp": "tomorrow" })));
    assert_eq!(wrong.to_string(), "the token's claim `exp` must be a time, in seconds since 1970");
    // Times beyond what the clock holds saturate; `nbf` far in the past and `exp` far in the future are valid.
    let huge = show(&keys, &signed(SECRET, &json!({ "exp": 1e300, "nbf": i64::MIN })));
    assert!(huge.is_ok(), "{huge:?}");
}

#[tokio::test]
async fn a_token_must_be_for_this_service() {
    let audience = vec!["baton".to_owned(), "gateway".to_owned()];
    let (_fixture, keys) = keys(TokenSettings { issuer: Some("https://id.test".into()), audience, ..settings() }).await;
    let token = |iss: Value, aud: Value| signed(SECRET, &json!({ "iss": iss, "aud": aud, "exp": NOON + 60 }));
    for aud in [json!("baton"), json!(["x", "gateway"])] {
        assert!(show(&keys, &token(json!("https://id.test"), aud)).is_ok());
    }
    for (iss, aud, claim) in [
        (json!("https://evil.test"), json!("baton"), "iss"),
        (json!(null), json!("baton"), "iss"),
        (json!("https://id.test"), json!("other"), "aud"),
        (json!("https://id.test"), json!(null), "aud"),
        (json!("https://id.test"), json!([5]), "aud"),
    ] {
        let fault = fault(&keys, &token(iss, aud));
        assert!(matches!(&fault, TokenFault::Party { claim: found, .. } if *found == claim), "{fault}");
    }
}

#[tokio::test]
async fn a_token_of_a_key_can_do_no_more_than_the_key() {
    let (mut fixture, keys) = keys(settings()).await;
    let new = ApiKey {
        project: Some("search".into()),
        models: Some([ModelId::from("a"), ModelId::from("b")].into()),
        addresses: Some(vec!["10.0.0.0/8".into()]),
        ..ApiKey::new("k", Role::Viewer)
    };
    let (key, _) = keys.create(&by(), new, &mut fixture.rng).await.unwrap();
    let claims = json!({ "key_id": key.id.as_str(), "role": "admin", "models": ["b", "c"], "exp": NOON + 60 });
    let token = signed(SECRET, &claims);
    let caller = show_from(&keys, &token, "10.1.1.1").unwrap();
    assert_eq!(
        (caller.role, caller.key.as_ref(), caller.project.as_deref()),
        (Role::Viewer, Some(&key.id), Some("search"))
    );
    assert_eq!(caller.models.as_deref(), Some([ModelId::from("b")].as_slice()));
    assert!(matches!(show_from(&keys, &token, "11.1.1.1"), Err(AuthError::Elsewhere { .. })));
    keys.revoke(&by(), &key.id).await.unwrap();
    assert!(matches!(show_from(&keys, &token, "10.1.1.1"), Err(AuthError::Revoked)));
    let stranger = signed(SECRET, &json!({ "key_id": "key_0", "exp": NOON + 60 }));
    assert!(matches!(show(&keys, &stranger), Err(AuthError::Unknown)));
}

#[tokio::test]
async fn signatures_are_checked_and_algorithms_not_chosen_by_tokens() {
    let (_fixture, keys) = keys(settings()).await;
    let claims = json!({ "sub": "a", "role": "admin", "exp": NOON + 60 });
    let good = signed(SECRET, &claims);
    assert_eq!(fault(&keys, &signed("another secret of the same length", &claims)), TokenFault::Signature);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other = signed(SECRET, &json!({ "sub": "b", "exp": NOON + 60 }));
    let foreign = other.split('.').nth(1).unwrap();
    assert_eq!(fault(&keys, &format!("{header}.{foreign}.{signature}")), TokenFault::Signature);
    // An algorithm of nobody, of the other kind, and one that is stronger but not among those accepted.
    let none = "eyJhbGciOiJub25lIn0";
    for header in [none, "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJIUzUxMiJ9"] {
        let fault = fault(&keys, &format!("{header}.{foreign}.{signature}"));
        assert!(matches!(fault, TokenFault::Algorithm { .. }), "{fault}");
    }
    assert!(matches!(fault(&keys, &format!("{none}.{foreign}.")), TokenFault::Algorithm { .. }));
    let critical = "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdfQ";
    assert!(matches!(fault(&keys, &format!("{critical}.{foreign}.{signature}")), TokenFault::Malformed(_)));
    let parts_of_a_sealed_one = format!("{good}.e.f");
    assert!(matches!(fault(&keys, &parts_of_a_sealed_one), TokenFault::Malformed(_)));
    assert!(matches!(fault(&keys, &format!("{good}{}", "A".repeat(20_000))), TokenFault::Malformed(_)));
}

proptest! {
    #[test]
    fn no_text_is_believed_or_ends_the_process(text in "eyJ[ -~]{0,200}", claims in "\\PC{0,100}") {
        let clock = Arc::new(baton_model::SystemClock);
        let tokens = TokenVerifier::new(settings(), None, clock);
        prop_assert!(tokens.check(&text).is_err());
        prop_assert!(tokens.check(&claims).is_err());
    }

    /// Signed, so that the claims themselves are read.
    #[test]
    fn no_claims_end_the_process(
        exp: f64, nbf: i64, role in "\\PC{0,20}", sub in prop::collection::vec("\\PC{0,5}", 0..3),
    ) {
        let tokens = TokenVerifier::new(settings(), None, Arc::new(baton_model::SystemClock));
        let token = signed(SECRET, &json!({ "exp": exp, "nbf": nbf, "role": [role], "models": sub, "sub": sub }));
        // A list is no user, so none of them is taken.
        prop_assert!(tokens.check(&token).is_err());
    }
}

#[tokio::test]
async fn members_of_projects_need_no_role_in_their_token() {
    let (fixture, keys) = keys(settings()).await;
    let member = |user: &str, role| ProjectMember { user_id: user.into(), role };
    let change = fixture.store.change(&by()).await.unwrap();
    for (id, members) in [
        ("search", vec![member("ada", Role::Operator), member("ben", Role::Viewer)]),
        ("shop", vec![member("ben", Role::Operator)]),
    ] {
        change.projects().insert(&Project { members, ..Project::new(id) }).await.unwrap();
    }
    change.commit().await.unwrap();
    let caller = |claims: Value| {
        let mut all = json!({ "exp": NOON + 600 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        show(&keys, &signed(SECRET, &all)).unwrap()
    };
    let summary = |caller: &Caller| (caller.role, caller.project.as_deref().map(str::to_owned));
    assert_eq!(summary(&caller(json!({ "sub": "ada" }))), (Role::Caller, None), "not before the projects are read");
    keys.reload_projects().await.unwrap();
    let in_search = Some("search".to_owned());
    assert_eq!(summary(&caller(json!({ "sub": "ada" }))), (Role::Operator, in_search.clone()));
    assert_eq!(summary(&caller(json!({ "sub": "ada", "project_id": "search" }))), (Role::Operator, in_search.clone()));
    // Elsewhere a membership means nothing, and it takes nothing away.
    let elsewhere = Some("other".to_owned());
    assert_eq!(summary(&caller(json!({ "sub": "ada", "project_id": "other" }))), (Role::Caller, elsewhere));
    assert_eq!(summary(&caller(json!({ "sub": "ada", "role": "admin" }))), (Role::Admin, None));
    assert_eq!(summary(&caller(json!({ "sub": "ada", "role": "viewer" }))), (Role::Viewer, None));
    assert_eq!(caller(json!({ "sub": "ada" })).confined_to(), Some("search"));
    // Of several, the request names one.
    let ben = caller(json!({ "sub": "ben" }));
    assert_eq!(summary(&ben), (Role::Caller, None));
    assert!(ben.may_book_on("search") && ben.may_book_on("shop") && !ben.may_book_on("other"));
    assert_eq!(summary(&keys.in_project(ben.clone(), "shop")), (Role::Operator, Some("shop".to_owned())));
    assert_eq!(summary(&keys.in_project(ben.clone(), "search")), (Role::Viewer, in_search));
    assert_eq!(summary(&keys.in_project(ben, "other")), (Role::Caller, None));
    let ada = caller(json!({ "sub": "ada" }));
    assert_eq!(keys.in_project(ada.clone(), "shop"), ada);
}

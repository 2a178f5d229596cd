//! From headers to callers, over a real store.
#![expect(clippy::unwrap_used, reason = "tests")]

use baton_auth::{AuthError, Bootstrap, Credentials, Keys, NewKey, Secret, bootstrap, require};
use baton_model::entity::Role;
use baton_model::{Caller, Clock, ModelId, Timestamp};
use baton_store::Store;
use http::{HeaderMap, HeaderValue};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that stands until it is set.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct Fixture {
    store: Store,
    clock: Arc<Hands>,
    chance: StdRng,
}

impl Fixture {
    async fn new() -> Self {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        Self { store, clock: Arc::new(Hands(AtomicI64::new(1_000))), chance: StdRng::seed_from_u64(7) }
    }

    async fn keys(&mut self) -> Keys {
        Keys::open(self.store.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>, &mut self.chance).await.unwrap()
    }
}

fn show(keys: &Keys, key: &str) -> Result<Caller, AuthError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
    keys.authenticate(Credentials::read(&headers).unwrap(), None)
}

#[tokio::test]
async fn a_key_is_its_caller() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let new = NewKey {
        project: Some("search".into()),
        user: Some("ada".into()),
        models: Some(vec![ModelId::from("fast")]),
        ..NewKey::new("team", Role::Caller)
    };
    let (key, secret) = keys.create(new, &mut fixture.chance).await.unwrap();
    let caller = show(&keys, secret.reveal()).unwrap();
    assert_eq!((caller.key.as_ref(), caller.role), (Some(&key.id), Role::Caller));
    assert_eq!((caller.project.as_deref(), caller.user.as_deref()), (Some("search"), Some("ada")));
    assert!(caller.may_use(&ModelId::from("fast")) && !caller.may_use(&ModelId::from("other")));
    assert!(require(&caller, Role::Viewer).is_err());
    assert!(secret.reveal().starts_with(&key.prefix));
    assert!(!format!("{key:?}").contains(secret.reveal()));
    // Another start finds the same pepper, hence the same keys.
    assert_eq!(show(&fixture.keys().await, secret.reveal()).unwrap(), caller);
}

#[tokio::test]
async fn what_is_no_key_is_turned_away_without_an_echo() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (_, secret) = keys.create(NewKey::new("team", Role::Caller), &mut fixture.chance).await.unwrap();
    let mut longer = secret.reveal().to_owned();
    longer.push('x');
    let upper = secret.reveal().to_uppercase();
    let stored = fixture.store.keys().all().await.unwrap().remove(0);
    for wrong in ["bt-wrong", &longer, &upper, &stored.hash, secret.reveal().split_at(45).0] {
        let error = show(&keys, wrong).unwrap_err();
        assert!(matches!(error, AuthError::Unknown), "{error:?}");
        assert!(!error.to_string().contains(wrong) && !format!("{error:?}").contains(wrong));
        assert_eq!(error.public().code.status(), 401);
    }
    let missing = keys.authenticate(None, None).unwrap_err();
    assert!(missing.to_string().contains("Authorization: Bearer"), "{missing}");
}

#[tokio::test]
async fn revoking_holds_at_once_and_expiry_at_its_moment() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (first, first_secret) = keys.create(NewKey::new("a", Role::Caller), &mut fixture.chance).await.unwrap();
    let expiring = NewKey { expires_at: Some(Timestamp(2_000)), ..NewKey::new("b", Role::Caller) };
    let (second, second_secret) = keys.create(expiring, &mut fixture.chance).await.unwrap();
    keys.revoke(&first.id).await.unwrap();
    assert!(matches!(show(&keys, first_secret.reveal()), Err(AuthError::Revoked)));
    assert_eq!(fixture.store.keys().get(&first.id).await.unwrap().revoked_at, Some(Timestamp(1_000)));
    fixture.clock.0.store(1_999, Ordering::SeqCst);
    assert!(show(&keys, second_secret.reveal()).is_ok());
    fixture.clock.0.store(2_000, Ordering::SeqCst);
    assert!(matches!(show(&keys, second_secret.reveal()), Err(AuthError::Expired)));
    keys.delete(&second.id).await.unwrap();
    assert!(matches!(show(&keys, second_secret.reveal()), Err(AuthError::Unknown)));
    assert!(keys.revoke(&second.id).await.unwrap_err().to_string().contains("not available"));
}

#[tokio::test]
async fn nodes_that_share_a_store_follow_when_they_reload() {
    let mut fixture = Fixture::new().await;
    let (one, other) = (fixture.keys().await, fixture.keys().await);
    let (key, secret) = one.create(NewKey::new("a", Role::Operator), &mut fixture.chance).await.unwrap();
    assert!(matches!(show(&other, secret.reveal()), Err(AuthError::Unknown)));
    other.reload().await.unwrap();
    assert_eq!(show(&other, secret.reveal()).unwrap().role, Role::Operator);
    one.revoke(&key.id).await.unwrap();
    other.reload().await.unwrap();
    assert!(matches!(show(&other, secret.reveal()), Err(AuthError::Revoked)));
}

#[tokio::test]
async fn only_loopback_is_open_and_only_in_development() {
    let mut fixture = Fixture::new().await;
    let closed = fixture.keys().await;
    let loopback = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map(|peer| peer.parse::<IpAddr>().unwrap());
    for peer in loopback {
        assert!(matches!(closed.authenticate(None, Some(peer)), Err(AuthError::Missing)));
    }
    let open = fixture.keys().await.open_on_loopback(true);
    for peer in loopback {
        let caller = open.authenticate(None, Some(peer)).unwrap();
        assert_eq!((caller.role, caller.key), (Role::Admin, None));
    }
    for peer in ["10.0.0.1", "192.168.1.2", "::ffff:10.0.0.1", "fe80::1"] {
        assert!(matches!(open.authenticate(None, Some(peer.parse().unwrap())), Err(AuthError::Missing)), "{peer}");
    }
    assert!(matches!(open.authenticate(None, None), Err(AuthError::Missing)));
    // A wrong key is wrong from loopback as well.
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer bt-x"))]);
    let shown = Credentials::read(&headers).unwrap();
    assert!(matches!(open.authenticate(shown, Some(loopback[0])), Err(AuthError::Unknown)));
}

#[tokio::test]
async fn the_first_key_is_made_once() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (keys, made) = bootstrap(keys, None, &mut fixture.chance).await.unwrap();
    let Bootstrap::Made(secret) = made else { unreachable!("no key was there") };
    assert_eq!(show(&keys, secret.reveal()).unwrap().role, Role::Admin);
    let again = fixture.keys().await;
    let (again, present) = bootstrap(again, None, &mut fixture.chance).await.unwrap();
    assert_eq!(present, Bootstrap::Present);
    assert_eq!(show(&again, secret.reveal()).unwrap().role, Role::Admin);
    // Its owner deletes it: it does not come back.
    let id = show(&again, secret.reveal()).unwrap().key.unwrap();
    again.delete(&id).await.unwrap();
    let third = fixture.keys().await;
    let (third, present) = bootstrap(third, None, &mut fixture.chance).await.unwrap();
    assert_eq!(present, Bootstrap::Present);
    assert!(show(&third, secret.reveal()).is_err());
}

#[tokio::test]
async fn a_given_key_is_admin_and_stored_nowhere() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let given = Secret::given("correct horse battery staple");
    let (keys, how) = bootstrap(keys, Some(&given), &mut fixture.chance).await.unwrap();
    assert_eq!(how, Bootstrap::Given);
    assert_eq!(show(&keys, given.reveal()).unwrap().role, Role::Admin);
    assert_eq!(fixture.store.keys().all().await.unwrap(), []);
    assert!(show(&fixture.keys().await, given.reveal()).is_err());
}

//! Keys, over a real store.

use crate::setup::{Fixture, at, by, show, show_from};
use baton_auth::{ApiKey, AuthError, Bootstrap, Credentials, KeySecret, Origin, bootstrap, require};
use baton_model::entity::Role;
use baton_model::{ModelId, Timestamp};
use baton_store::audit::AuditFilter;
use http::{HeaderMap, HeaderValue};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn a_key_is_its_caller() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let new = ApiKey {
        project: Some("search".into()),
        user: Some("ada".into()),
        models: Some([ModelId::from("fast")].into()),
        ..ApiKey::new("team", Role::Caller)
    };
    let (key, secret) = keys.create(&by(), new, &mut fixture.rng).await.unwrap();
    let caller = show(&keys, secret.reveal()).unwrap();
    assert_eq!((caller.key.as_ref(), caller.role), (Some(&key.id), Role::Caller));
    assert_eq!((caller.project.as_deref(), caller.user.as_deref()), (Some("search"), Some("ada")));
    assert!(caller.may_name(&ModelId::from("fast")) && !caller.may_name(&ModelId::from("other")));
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
    let (_, secret) = keys.create(&by(), ApiKey::new("team", Role::Caller), &mut fixture.rng).await.unwrap();
    let mut longer = secret.reveal().to_owned();
    longer.push('x');
    let upper = secret.reveal().to_uppercase();
    let stored = fixture.store.keys().all().await.unwrap().remove(0);
    // The stored hash as well: whoever reads the table must not be able to log in with it.
    for wrong in ["bt-wrong", &longer, &upper, &stored.hash, secret.reveal().split_at(45).0] {
        let error = show(&keys, wrong).unwrap_err();
        assert!(matches!(error, AuthError::Unknown), "{error:?}");
        assert!(!error.to_string().contains(wrong) && !format!("{error:?}").contains(wrong));
        assert_eq!(error.public().code.status(), 401);
    }
    let missing = keys.lookup(None, Origin::default()).unwrap_err();
    assert!(missing.to_string().contains("Authorization: Bearer"), "{missing}");
}

#[tokio::test]
async fn revoking_holds_at_once_and_expiry_at_its_moment() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (first, first_secret) = keys.create(&by(), ApiKey::new("a", Role::Caller), &mut fixture.rng).await.unwrap();
    let expiring = ApiKey { expires_at: Some(Timestamp(2_000)), ..ApiKey::new("b", Role::Caller) };
    let (second, second_secret) = keys.create(&by(), expiring, &mut fixture.rng).await.unwrap();
    keys.revoke(&by(), &first.id).await.unwrap();
    assert!(matches!(show(&keys, first_secret.reveal()), Err(AuthError::Revoked)));
    assert_eq!(fixture.store.keys().get(&first.id).await.unwrap().revoked_at, Some(Timestamp(1_000)));
    // The last moment before, and the moment itself.
    fixture.clock.0.store(1_999, Ordering::SeqCst);
    assert!(show(&keys, second_secret.reveal()).is_ok());
    fixture.clock.0.store(2_000, Ordering::SeqCst);
    assert!(matches!(show(&keys, second_secret.reveal()), Err(AuthError::Expired)));
    keys.delete(&by(), &second.id).await.unwrap();
    assert!(matches!(show(&keys, second_secret.reveal()), Err(AuthError::Unknown)));
    assert!(keys.revoke(&by(), &second.id).await.unwrap_err().to_string().contains("not available"));
}

#[tokio::test]
async fn nodes_that_share_a_store_follow_when_they_reload() {
    let mut fixture = Fixture::new().await;
    let (one, other) = (fixture.keys().await, fixture.keys().await);
    let (key, secret) = one.create(&by(), ApiKey::new("a", Role::Operator), &mut fixture.rng).await.unwrap();
    assert!(matches!(show(&other, secret.reveal()), Err(AuthError::Unknown)));
    other.reload().await.unwrap();
    assert_eq!(show(&other, secret.reveal()).unwrap().role, Role::Operator);
    one.revoke(&by(), &key.id).await.unwrap();
    other.reload().await.unwrap();
    assert!(matches!(show(&other, secret.reveal()), Err(AuthError::Revoked)));
}

/// A node reads only what others have changed; what it has changed itself meanwhile stays, and uses are not forgotten.
#[tokio::test]
async fn a_node_reads_only_the_keys_that_changed() {
    let mut fixture = Fixture::new().await;
    let (one, other) = (fixture.keys().await, fixture.keys().await);
    let (first, first_secret) = one.create(&by(), ApiKey::new("a", Role::Viewer), &mut fixture.rng).await.unwrap();
    let before = fixture.store.revisions().await.unwrap();
    other.reload_changed(0).await.unwrap();
    assert_eq!(show(&other, first_secret.reveal()).unwrap().role, Role::Viewer);
    let (_, own_secret) = other.create(&by(), ApiKey::new("own", Role::Caller), &mut fixture.rng).await.unwrap();
    let (second, second_secret) = one.create(&by(), ApiKey::new("b", Role::Caller), &mut fixture.rng).await.unwrap();
    let (_, rotated) = one.rotate(&by(), &first.id, Duration::from_secs(60), &mut fixture.rng).await.unwrap();
    one.revoke(&by(), &second.id).await.unwrap();
    let after = fixture.store.revisions().await.unwrap();
    assert_eq!((after.keys - before.keys, after.others - before.others), (4, 0));
    assert!(after.explain_all_since(&before));
    other.reload_changed(before.keys).await.unwrap();
    for secret in [&first_secret, &rotated] {
        assert_eq!(show(&other, secret.reveal()).unwrap().key, Some(first.id.clone()));
    }
    assert!(matches!(show(&other, second_secret.reveal()), Err(AuthError::Revoked)));
    assert!(show(&other, own_secret.reveal()).is_ok());
    // Whose secret is replaced twice is known by neither of the first two for longer than it was said.
    one.rotate(&by(), &first.id, Duration::ZERO, &mut fixture.rng).await.unwrap();
    other.reload_changed(after.keys).await.unwrap();
    for secret in [&first_secret, &rotated] {
        assert!(matches!(show(&other, secret.reveal()), Err(AuthError::Unknown)));
    }
    // A removed key leaves no row behind, so all are read again.
    let before = fixture.store.revisions().await.unwrap();
    one.delete(&by(), &first.id).await.unwrap();
    assert_eq!(fixture.store.revisions().await.unwrap().removed_keys, before.removed_keys + 1);
}

#[tokio::test]
async fn only_loopback_is_open_and_only_in_development() {
    let mut fixture = Fixture::new().await;
    let closed = fixture.keys().await;
    let loopback = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map(|peer| peer.parse::<IpAddr>().unwrap());
    for peer in loopback {
        assert!(matches!(closed.lookup(None, at(peer)), Err(AuthError::Missing)));
    }
    let open = fixture.keys().await.open_on_loopback(true);
    for peer in loopback {
        let caller = open.lookup(None, at(peer)).unwrap();
        assert_eq!((caller.role, caller.key), (Role::Admin, None));
    }
    for peer in ["10.0.0.1", "192.168.1.2", "::ffff:10.0.0.1", "fe80::1"] {
        assert!(matches!(open.lookup(None, at(peer.parse().unwrap())), Err(AuthError::Missing)), "{peer}");
    }
    assert!(matches!(open.lookup(None, Origin::default()), Err(AuthError::Missing)));
    // A wrong key is wrong from loopback as well.
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer bt-x"))]);
    let shown = Credentials::read(&headers).unwrap();
    assert!(matches!(open.lookup(shown, at(loopback[0])), Err(AuthError::Unknown)));
}

#[tokio::test]
async fn the_first_key_is_made_once() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (keys, made) = bootstrap(keys, None, &mut fixture.rng).await.unwrap();
    let Bootstrap::Made(secret) = made else { unreachable!("no key was there") };
    assert_eq!(show(&keys, secret.reveal()).unwrap().role, Role::Admin);
    let again = fixture.keys().await;
    let (again, present) = bootstrap(again, None, &mut fixture.rng).await.unwrap();
    assert_eq!(present, Bootstrap::Present);
    assert_eq!(show(&again, secret.reveal()).unwrap().role, Role::Admin);
    // Its owner deletes it: it does not come back.
    let id = show(&again, secret.reveal()).unwrap().key.unwrap();
    again.delete(&by(), &id).await.unwrap();
    let third = fixture.keys().await;
    let (third, present) = bootstrap(third, None, &mut fixture.rng).await.unwrap();
    assert_eq!(present, Bootstrap::Present);
    assert!(show(&third, secret.reveal()).is_err());
}

#[tokio::test]
async fn a_given_key_is_admin_and_stored_nowhere() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let given = KeySecret::from_text("correct horse battery staple");
    let (keys, how) = bootstrap(keys, Some(&given), &mut fixture.rng).await.unwrap();
    assert_eq!(how, Bootstrap::Given);
    assert_eq!(show(&keys, given.reveal()).unwrap().role, Role::Admin);
    assert_eq!(fixture.store.keys().all().await.unwrap(), []);
    assert!(show(&fixture.keys().await, given.reveal()).is_err());
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_for_a_while() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (key, old) = keys.create(&by(), ApiKey::new("a", Role::Operator), &mut fixture.rng).await.unwrap();
    let hour = Duration::from_secs(3600);
    let (rotated, new) = keys.rotate(&by(), &key.id, hour, &mut fixture.rng).await.unwrap();
    assert_eq!((&rotated.id, rotated.previous_until), (&key.id, Some(Timestamp(1_000).plus(hour))));
    let caller = show(&keys, new.reveal()).unwrap();
    assert_eq!((caller.role, caller.key.as_ref()), (Role::Operator, Some(&key.id)));
    assert_eq!(show(&keys, old.reveal()).unwrap(), caller);
    // Another node that reads the database finds both as well.
    assert_eq!(show(&fixture.keys().await, old.reveal()).unwrap(), caller);
    fixture.clock.0.store(Timestamp(1_000).plus(hour).0, Ordering::SeqCst);
    assert!(matches!(show(&keys, old.reveal()), Err(AuthError::Replaced)));
    assert!(show(&keys, new.reveal()).is_ok());
    // Without an overlap the one before ends at once.
    let (_, newest) = keys.rotate(&by(), &key.id, Duration::ZERO, &mut fixture.rng).await.unwrap();
    assert!(matches!(show(&keys, new.reveal()), Err(AuthError::Unknown)));
    keys.revoke(&by(), &key.id).await.unwrap();
    assert!(matches!(show(&keys, newest.reveal()), Err(AuthError::Revoked)));
    let refused = keys.rotate(&by(), &key.id, hour, &mut fixture.rng).await.unwrap_err();
    assert!(matches!(refused, AuthError::Revoked));
}

#[tokio::test]
async fn revoking_ends_both_secrets_of_a_rotated_key() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (key, old) = keys.create(&by(), ApiKey::new("a", Role::Caller), &mut fixture.rng).await.unwrap();
    let (_, new) = keys.rotate(&by(), &key.id, Duration::from_secs(60), &mut fixture.rng).await.unwrap();
    keys.revoke(&by(), &key.id).await.unwrap();
    for secret in [old, new] {
        assert!(matches!(show(&keys, secret.reveal()), Err(AuthError::Revoked)));
    }
}

#[tokio::test]
async fn a_key_bound_to_networks_works_only_from_there() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let addresses = Some(vec!["10.0.0.0/8".into(), "2001:db8::/32".into()]);
    let bound = ApiKey { addresses, ..ApiKey::new("a", Role::Caller) };
    let (_, secret) = keys.create(&by(), bound, &mut fixture.rng).await.unwrap();
    // A socket that listens on version 6 shows addresses of version 4 in this form.
    for good in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
        assert!(show_from(&keys, secret.reveal(), good).is_ok(), "{good}");
    }
    for bad in ["11.1.2.3", "127.0.0.1", "::1", "2001:db9::1"] {
        let error = show_from(&keys, secret.reveal(), bad).unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
        assert_eq!(error.public().code.status(), 403);
    }
    let error = show(&keys, secret.reveal()).unwrap_err();
    assert!(error.to_string().contains("an unknown address"), "{error}");
}

#[tokio::test]
async fn uses_are_noted_together() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (used, secret) = keys.create(&by(), ApiKey::new("a", Role::Caller), &mut fixture.rng).await.unwrap();
    let (unused, _) = keys.create(&by(), ApiKey::new("b", Role::Caller), &mut fixture.rng).await.unwrap();
    show(&keys, secret.reveal()).unwrap();
    fixture.clock.0.store(5_000, Ordering::SeqCst);
    show(&keys, secret.reveal()).unwrap();
    // A reload in between loses nothing.
    keys.reload().await.unwrap();
    keys.note_uses().await.unwrap();
    let last = async |id| fixture.store.keys().get(id).await.unwrap().last_used_at;
    assert_eq!((last(&used.id).await, last(&unused.id).await), (Some(Timestamp(5_000)), None));
}

#[tokio::test]
async fn every_change_of_a_key_is_told_and_kept() {
    let mut fixture = Fixture::new().await;
    let keys = fixture.keys().await;
    let (key, secret) = keys.create(&by(), ApiKey::new("a", Role::Caller), &mut fixture.rng).await.unwrap();
    keys.update(&by(), &key.id, |key| key.name = "b".into()).await.unwrap();
    let (_, rotated) = keys.rotate(&by(), &key.id, Duration::from_secs(60), &mut fixture.rng).await.unwrap();
    keys.revoke(&by(), &key.id).await.unwrap();
    // Once more changes nothing, so there is nothing to tell.
    keys.revoke(&by(), &key.id).await.unwrap();
    keys.delete(&by(), &key.id).await.unwrap();
    let page = fixture.store.audit().list(&AuditFilter::default(), None, 100).await.unwrap();
    let actions: Vec<&str> = page.items.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["key.delete", "key.revoke", "key.rotate", "key.update", "key.create"]);
    assert!(page.items.iter().all(|entry| entry.actor == "baton:test" && entry.subject == key.id.as_str()));
    let text = format!("{:?}", page.items);
    let update = page.items.get(3).unwrap();
    assert!(update.before.as_deref().unwrap().contains("\"name\":\"a\""));
    assert!(update.after.as_deref().unwrap().contains("\"name\":\"b\""));
    let events = fixture.store.events().list_unplaced(100).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["key.created", "key.revoked", "key.revoked"]);
    let text = format!("{text}{events:?}");
    for hidden in [secret.reveal(), rotated.reveal(), key.hash.as_str()] {
        assert!(!text.contains(hidden));
    }
}

//! The first key, so that there is someone to make others.

use crate::{ApiKey, ApiKeys, AuthError, KeySecret};
use baton_model::entity::Role;
use baton_model::{Actor, KeyId};
use rand::Rng;

/// Says that the first key was made: it is not made again after its owner has deleted it.
const MARKER: &str = "admin_key_made";
const ID: &str = "key_bootstrap";

/// How there comes to be an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrap {
    /// By the key that the environment gives; it is stored nowhere.
    Given,
    /// By a key made just now: to be printed, once.
    Made(KeySecret),
    /// By keys that are there already.
    Present,
}

/// Sees to it that there is an admin: with the key given, else with one made at the first start.
///
/// # Errors
///
/// If the store can't be read or written.
pub async fn bootstrap(
    keys: ApiKeys,
    given: Option<&KeySecret>,
    rng: &mut (impl Rng + Send),
) -> Result<(ApiKeys, Bootstrap), AuthError> {
    if let Some(given) = given {
        return Ok((keys.with_admin(given), Bootstrap::Given));
    }
    // The marker and not the key itself: an operator who deletes the first key does not want it back at the next
    // start.
    if keys.store().settings().lookup(MARKER).await?.is_some() {
        return Ok((keys, Bootstrap::Present));
    }
    let secret = KeySecret::generate(rng);
    let made =
        // Always under the same id, so that two nodes that start together meet in a conflict instead of making two
        // admins.
        keys.insert(&Actor::service("start"), ApiKey::new("bootstrap", Role::Admin), KeyId::from(ID), &secret).await;
    let bootstrap = match made {
        Ok(_) => Bootstrap::Made(secret),
        // Another node has made it at the same moment: it prints its own.
        Err(AuthError::Store(baton_store::StoreError::Conflict { .. })) => Bootstrap::Present,
        Err(error) => return Err(error),
    };
    // After the key: a node that dies in between makes the attempt again and meets the conflict above.
    keys.store().settings().set(MARKER, "1").await?;
    Ok((keys, bootstrap))
}

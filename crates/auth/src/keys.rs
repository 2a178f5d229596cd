//! The keys: made, revoked, and checked against an immutable snapshot.

use crate::secret::{Hash, Pepper, hex, random_pepper};
use crate::{AuthError, Credentials, Secret};
use arc_swap::ArcSwap;
use baton_model::entity::Role;
use baton_model::{Caller, Clock, KeyId, ModelId, Timestamp};
use baton_store::{ApiKey, Store};
use rand::Rng;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const PEPPER: &str = "key_pepper";

/// The keys of the service.
pub struct Keys {
    store: Store,
    clock: Arc<dyn Clock>,
    pepper: Pepper,
    /// Whether requests from loopback without a key are admin: the development mode.
    open_on_loopback: bool,
    /// The key that the environment gave, by its hash. It is never stored.
    admin: Option<Hash>,
    known: ArcSwap<HashMap<Hash, Known>>,
    /// One reload at a time, so that an older list never replaces a newer one.
    reloading: tokio::sync::Mutex<()>,
}

/// What is known of a key while requests are checked.
struct Known {
    caller: Caller,
    expires_at: Option<Timestamp>,
    revoked: bool,
}

/// What a new key shall be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// A name for people.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// The project that requests are booked on.
    pub project: Option<String>,
    /// The user that requests are booked on.
    pub user: Option<String>,
    /// The models it may use; `None`: all.
    pub models: Option<Vec<ModelId>>,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// A key that never expires and may use all models.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, project: None, user: None, models: None, expires_at: None }
    }
}

impl Keys {
    /// Reads the keys. The pepper that they are hashed with is made at the first start and kept in the settings.
    ///
    /// # Errors
    ///
    /// If the store can't be read or written.
    pub async fn open(store: Store, clock: Arc<dyn Clock>, chance: &mut (impl Rng + Send)) -> Result<Self, AuthError> {
        let pepper = store.settings().get_or_set(PEPPER, &random_pepper(chance)).await?;
        let keys = Self {
            store,
            clock,
            pepper: Pepper::new(pepper.as_bytes()),
            open_on_loopback: false,
            admin: None,
            known: ArcSwap::default(),
            reloading: tokio::sync::Mutex::new(()),
        };
        keys.reload().await?;
        Ok(keys)
    }

    /// The same with the development mode: a request without a key from this very machine is admin.
    #[must_use]
    pub fn open_on_loopback(mut self, open: bool) -> Self {
        self.open_on_loopback = open;
        self
    }

    /// The same with one key more that is admin and stands in no table.
    #[must_use]
    pub fn with_admin(mut self, secret: &Secret) -> Self {
        self.admin = Some(self.pepper.hash(secret.reveal()));
        self
    }

    /// Who asks. Reads no disk, takes no lock.
    ///
    /// # Errors
    ///
    /// [`AuthError::Missing`], [`AuthError::Unknown`], [`AuthError::Revoked`], [`AuthError::Expired`].
    pub fn authenticate(
        &self,
        credentials: Option<Credentials<'_>>,
        peer: Option<IpAddr>,
    ) -> Result<Caller, AuthError> {
        match credentials {
            Some(credentials) => self.check(credentials.reveal()),
            None if self.needs_none(peer) => Ok(admin(None)),
            None => Err(AuthError::Missing),
        }
    }

    /// Whether a request of this peer is admin without a key: the development mode, on this very machine.
    pub fn needs_none(&self, peer: Option<IpAddr>) -> bool {
        self.open_on_loopback && peer.is_some_and(|peer| peer.to_canonical().is_loopback())
    }

    /// Makes a key, in force at once. The secret is shown this once.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn create(&self, new: NewKey, chance: &mut (impl Rng + Send)) -> Result<(ApiKey, Secret), AuthError> {
        let secret = Secret::generate(chance);
        let id = KeyId::from(format!("key_{}", hex(&chance.random::<[u8; 12]>())));
        let key = self.insert(new, id, &secret).await?;
        Ok((key, secret))
    }

    /// Revokes a key, in force at once on this node; others follow when they reload.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn revoke(&self, id: &KeyId) -> Result<(), AuthError> {
        self.store.keys().revoke(id, self.clock.now()).await?;
        self.reload().await
    }

    /// Removes a key for good, in force at once.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn delete(&self, id: &KeyId) -> Result<(), AuthError> {
        self.store.keys().delete(id).await?;
        self.reload().await
    }

    /// Reads the keys again: after a change made elsewhere.
    ///
    /// # Errors
    ///
    /// If the store can't be read; then the keys stay as they were.
    pub async fn reload(&self) -> Result<(), AuthError> {
        let _one = self.reloading.lock().await;
        let known = self.store.keys().all().await?.iter().filter_map(Known::read).collect();
        self.known.store(Arc::new(known));
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) async fn insert(&self, new: NewKey, id: KeyId, secret: &Secret) -> Result<ApiKey, AuthError> {
        let key = ApiKey {
            id,
            name: new.name,
            prefix: secret.prefix(),
            hash: hex(&self.pepper.hash(secret.reveal())),
            role: new.role,
            project: new.project.map(Arc::from),
            user: new.user.map(Arc::from),
            models: new.models.map(Arc::from),
            created_at: self.clock.now(),
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.store.keys().insert(&key).await?;
        self.reload().await?;
        Ok(key)
    }

    fn check(&self, key: &str) -> Result<Caller, AuthError> {
        let hash = self.pepper.hash(key);
        if self.admin.is_some_and(|admin| bool::from(admin.ct_eq(&hash))) {
            return Ok(admin(None));
        }
        let known = self.known.load();
        // The map is asked for a keyed hash, which nobody outside can steer; the comparison itself takes constant time.
        let (stored, known) = known.get_key_value(&hash).ok_or(AuthError::Unknown)?;
        if !bool::from(stored.ct_eq(&hash)) {
            return Err(AuthError::Unknown);
        }
        if known.revoked {
            return Err(AuthError::Revoked);
        }
        if known.expires_at.is_some_and(|expires_at| expires_at <= self.clock.now()) {
            return Err(AuthError::Expired);
        }
        Ok(known.caller.clone())
    }
}

fn admin(key: Option<KeyId>) -> Caller {
    Caller { key, role: Role::Admin, project: None, user: None, models: None }
}

impl Known {
    /// A stored key with its hash; a hash that is no hash can match nothing.
    fn read(key: &ApiKey) -> Option<(Hash, Self)> {
        let caller = Caller {
            key: Some(key.id.clone()),
            role: key.role,
            project: key.project.clone(),
            user: key.user.clone(),
            models: key.models.clone(),
        };
        let known = Self { caller, expires_at: key.expires_at, revoked: key.revoked_at.is_some() };
        Some((read_hex(&key.hash)?, known))
    }
}

fn read_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(hash)
}

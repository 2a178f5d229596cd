//! What is known of the keys while requests are checked.

use super::failures::RecentNetworks;
use crate::secret::Hash;
use baton_model::entity::OwnPolicies;
use baton_model::{Caller, KeyId, Timestamp};
use baton_store::ApiKey;
use ipnet::IpNet;
use rpds::HashTrieMapSync;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use subtle::ConstantTimeEq;

/// All keys at one moment. A snapshot that differs in one key shares the rest with the one before it.
#[derive(Default, Clone)]
pub(super) struct KeySnapshot {
    by_hash: HashTrieMapSync<Hash, Arc<KnownKey>>,
    /// The hashes that each is found by: the one in force, and the one before it.
    by_id: HashTrieMapSync<KeyId, Hashes>,
}

/// The hash in force of a key, and the one that it replaced.
#[derive(Clone, Copy)]
struct Hashes {
    current: Hash,
    previous: Option<Hash>,
}

/// What is known of one key, or of what it was before a rotation.
pub(super) struct KnownKey {
    pub caller: Caller,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
    /// From when on only what came in its place is accepted.
    pub replaced_at: Option<Timestamp>,
    /// The networks it may be used from; `None`: any.
    addresses: Option<Arc<[IpNet]>>,
    /// Shared by all snapshots.
    uses: Arc<KeyUses>,
}

/// How a key was used.
#[derive(Default)]
struct KeyUses {
    /// When it was last used, in microseconds; 0 if that is written down already.
    last: AtomicI64,
    /// From where.
    seen: RecentNetworks,
}

impl KeySnapshot {
    /// The keys of the database, with the uses of those before them.
    pub fn read(keys: &[ApiKey], before: &Self) -> Self {
        // Carried over: a reload must not forget uses that are not written yet.
        keys.iter().fold(Self::default(), |snapshot, key| snapshot.with_uses(key, before.uses_of(&key.id)))
    }

    /// The same with a key as it is now.
    #[must_use]
    pub fn with(self, key: &ApiKey) -> Self {
        let uses = self.uses_of(&key.id);
        self.without(&key.id).with_uses(key, uses)
    }

    /// The same without a key.
    #[must_use]
    pub fn without(mut self, id: &KeyId) -> Self {
        if let Some(Hashes { current, previous }) = self.by_id.get(id).copied() {
            self.by_id.remove_mut(id);
            self.by_hash.remove_mut(&current);
            if let Some(previous) = previous {
                self.by_hash.remove_mut(&previous);
            }
        }
        self
    }

    fn with_uses(mut self, key: &ApiKey, uses: Arc<KeyUses>) -> Self {
        // A hash that is no hash can match nothing.
        let Some(current) = read_hex(&key.hash) else { return self };
        let previous = key.previous_hash.as_deref().and_then(read_hex);
        self.by_hash.insert_mut(current, Arc::new(KnownKey::read(key, None, Arc::clone(&uses))));
        if let Some(previous) = previous {
            // Without a time the previous secret counts as expired.
            let until = key.previous_until.unwrap_or_default();
            // Beside the one in force, and both count as uses of the same key.
            self.by_hash.insert_mut(previous, Arc::new(KnownKey::read(key, Some(until), uses)));
        }
        self.by_id.insert_mut(key.id.clone(), Hashes { current, previous });
        self
    }

    fn uses_of(&self, id: &KeyId) -> Arc<KeyUses> {
        self.by_id(id).map(|known| Arc::clone(&known.uses)).unwrap_or_default()
    }

    /// The key that hashes to that. The map is asked for a keyed hash, which nobody outside can steer; the comparison
    /// itself takes constant time.
    pub fn by_hash(&self, hash: &Hash) -> Option<&KnownKey> {
        let (stored, known) = self.by_hash.get_key_value(hash)?;
        bool::from(stored.ct_eq(hash)).then_some(&**known)
    }

    /// The key of that id.
    pub fn by_id(&self, id: &KeyId) -> Option<&KnownKey> {
        self.by_hash.get(&self.by_id.get(id)?.current).map(|known| &**known)
    }

    /// The keys that were used since this was last asked, and when.
    pub fn take_uses(&self) -> Vec<(KeyId, Timestamp)> {
        let keys = self.by_id.keys().filter_map(|id| Some((id, self.by_id(id)?)));
        let used = keys.map(|(id, known)| (id.clone(), Timestamp(known.uses.last.swap(0, Ordering::Relaxed))));
        used.filter(|(_, time)| time.0 != 0).collect()
    }

    /// Takes back what could not be written down, unless there is something newer by now.
    pub fn restore_uses(&self, used: &[(KeyId, Timestamp)]) {
        for (id, time) in used {
            if let Some(known) = self.by_id(id) {
                // The key may have been used again while the write failed.
                known.uses.last.fetch_max(time.0, Ordering::Relaxed);
            }
        }
    }
}

impl KnownKey {
    fn read(key: &ApiKey, replaced_at: Option<Timestamp>, uses: Arc<KeyUses>) -> Self {
        let caller = Caller {
            key: Some(key.id.clone()),
            role: key.role,
            scope: key.scope,
            project: key.project.clone(),
            projects: key.projects.clone(),
            user: key.user.clone(),
            models: key.models.clone(),
            strict: key.strict,
            policies: OwnPolicies::of_key(key.id.as_str(), key.budget, key.limits).map(Arc::new),
            // Of its project as it is when a request comes.
            rules: None,
        };
        // A network that can't be read allows nobody rather than everybody.
        let addresses =
            key.addresses.as_ref().map(|list| list.iter().filter_map(|network| network.parse().ok()).collect());
        let revoked = key.revoked_at.is_some();
        Self { caller, expires_at: key.expires_at, revoked, replaced_at, addresses, uses }
    }

    /// Whether it may be used from there. A bound key may not be used from where nobody knows.
    pub fn allows(&self, client: Option<IpAddr>) -> bool {
        let within = |client: IpAddr, networks: &[IpNet]| {
            let client = client.to_canonical();
            networks.iter().any(|network| network.contains(&client))
        };
        self.addresses.as_ref().is_none_or(|networks| client.is_some_and(|client| within(client, networks)))
    }

    /// From where it was used.
    pub fn networks(&self) -> &RecentNetworks {
        &self.uses.seen
    }

    /// Notes that it is used.
    pub fn note_use(&self, now: Timestamp) {
        self.uses.last.store(now.0, Ordering::Relaxed);
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

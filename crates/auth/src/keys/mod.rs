//! The keys: checked against an immutable snapshot. `change.rs` makes, rotates and revokes them.

mod change;
mod failures;
mod known;
mod projects;

pub use failures::FailureLimit;

use crate::role::lesser_role;
use crate::secret::{Hash, PREFIX, Pepper, random_pepper};
use crate::token::{Claims, TokenFault, TokenVerifier};
use crate::{AuthError, Credentials, KeySecret};
use arc_swap::ArcSwap;
use baton_model::entity::{ProjectRules, Role};
use baton_model::{Caller, Clock, KeyId, ModelId};
use baton_store::{Store, StoreError};
use failures::{FailureLimiter, Network, RecentNetworks};
use known::{KeySnapshot, KnownKey};
use projects::ProjectSnapshot;
use rand::Rng;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const PEPPER: &str = "key_pepper";

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// The client: the peer itself, or whom a trusted proxy names; `None` if that is not known.
    pub client: Option<IpAddr>,
}

/// The keys of the service, and the tokens that it takes beside them.
pub struct ApiKeys {
    store: Store,
    clock: Arc<dyn Clock>,
    pepper: Pepper,
    tokens: Option<TokenVerifier>,
    /// Whether requests from loopback without a key are admin: the development mode.
    open_on_loopback: bool,
    /// The key that the environment gave, by its hash. It is never stored.
    admin: Option<Hash>,
    /// From where that key was used.
    admin_seen: RecentNetworks,
    failures: FailureLimiter,
    known: ArcSwap<KeySnapshot>,
    projects: ArcSwap<ProjectSnapshot>,
    /// One reload at a time, so that an older list never replaces a newer one.
    reloading: tokio::sync::Mutex<()>,
}

impl ApiKeys {
    /// Reads the keys. The pepper that they are hashed with is made at the first start and kept in the settings.
    ///
    /// # Errors
    ///
    /// If the store can't be read or written.
    pub async fn open(store: Store, clock: Arc<dyn Clock>, rng: &mut (impl Rng + Send)) -> Result<Self, AuthError> {
        let pepper = store.settings().get_or_set(PEPPER, &random_pepper(rng)).await?;
        let keys = Self {
            store,
            clock,
            pepper: Pepper::new(pepper.as_bytes()),
            tokens: None,
            open_on_loopback: false,
            admin: None,
            admin_seen: RecentNetworks::default(),
            failures: FailureLimiter::new(FailureLimit::default()),
            known: ArcSwap::default(),
            projects: ArcSwap::default(),
            reloading: tokio::sync::Mutex::new(()),
        };
        keys.reload().await?;
        keys.reload_projects().await?;
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
    pub fn with_admin(mut self, secret: &KeySecret) -> Self {
        self.admin = Some(self.pepper.hash(secret.reveal()));
        self
    }

    /// The same with that limit of wrong credentials from one address.
    #[must_use]
    pub fn with_failures(mut self, limit: FailureLimit) -> Self {
        self.failures = FailureLimiter::new(limit);
        self
    }

    /// The same with tokens as credentials beside the keys.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Option<TokenVerifier>) -> Self {
        self.tokens = tokens;
        self
    }

    /// The tokens, if they are taken.
    pub fn tokens(&self) -> Option<&TokenVerifier> {
        self.tokens.as_ref()
    }

    /// Who asks. Waits only for a token whose signing key is not known: its issuer is asked once, within bounds.
    ///
    /// # Errors
    ///
    /// Those of [`ApiKeys::lookup`].
    pub async fn authenticate(
        &self,
        credentials: Option<Credentials<'_>>,
        origin: Origin,
    ) -> Result<Caller, AuthError> {
        let mut found = self.find(credentials.as_ref(), origin);
        let unknown = matches!(found, Err(AuthError::Token(TokenFault::UnknownSigner | TokenFault::NoSigners(_))));
        let network = Network::of(origin.client);
        // Only where a signing key is missing: any other fault would be the same with newer keys.
        if let Some(tokens) = self.tokens.as_ref().filter(|_| unknown)
            // Nor for whoever has shown too much that was wrong: each question would cost the issuer a call.
            && self.failures.empty_for(network, self.clock.now()).is_none()
        {
            tokens.renew().await;
            found = self.find(credentials.as_ref(), origin);
        }
        self.count_failure(found, network)
    }

    /// Who asks, as far as is known now. Reads no disk, takes no lock, calls nobody.
    ///
    /// # Errors
    ///
    /// Why the credentials are not taken; [`AuthError::Missing`] if there are none.
    pub fn lookup(&self, credentials: Option<Credentials<'_>>, origin: Origin) -> Result<Caller, AuthError> {
        self.count_failure(self.find(credentials.as_ref(), origin), Network::of(origin.client))
    }

    /// Takes a failure out of the bucket of its network; whoever has none left is not told whether it was right.
    fn count_failure(&self, found: Result<Caller, AuthError>, network: Network) -> Result<Caller, AuthError> {
        match found {
            Err(error) if error.may_be_a_guess() => match self.failures.take(network, self.clock.now()) {
                Ok(()) => Err(error),
                Err(after) => Err(AuthError::TooManyFailures { after }),
            },
            found => found,
        }
    }

    /// Whether what is right may be used from there now: it was before, or not too much was wrong from there.
    fn check_admission(&self, seen: &RecentNetworks, origin: Origin) -> Result<(), AuthError> {
        let network = Network::of(origin.client);
        if seen.has(network) {
            return Ok(());
        }
        if let Some(after) = self.failures.empty_for(network, self.clock.now()) {
            return Err(AuthError::TooManyFailures { after });
        }
        seen.add(network);
        Ok(())
    }

    fn find(&self, credentials: Option<&Credentials<'_>>, origin: Origin) -> Result<Caller, AuthError> {
        let Some(credentials) = credentials else {
            // The peer and not the client: a proxy on this machine can name any client it likes.
            return if self.is_development_admin(origin.peer) { Ok(admin()) } else { Err(AuthError::Missing) };
        };
        let shown = credentials.reveal();
        match (TokenVerifier::looks_like(shown), &self.tokens) {
            (true, Some(tokens)) => self.bearer(tokens.check(shown)?, origin),
            // A key that somebody else made may look like a token, so it is tried first.
            (true, None) => self.find_owner(shown, origin).map_err(|error| match error {
                AuthError::Unknown => AuthError::NoTokens,
                other => other,
            }),
            (false, _) => self.find_owner(shown, origin),
        }
    }

    /// Whether a request of this peer is admin without a key: the development mode, on this very machine.
    pub fn is_development_admin(&self, peer: Option<IpAddr>) -> bool {
        self.open_on_loopback && peer.is_some_and(|peer| peer.to_canonical().is_loopback())
    }

    /// Whether credentials mean nothing: where no key is needed, those that an SDK insists on (`dummy`, `sk-xxx`). What looks
    /// like a key of this service, or like a token, has to be right: who sends it means somebody.
    pub fn is_placeholder(&self, credentials: &Credentials<'_>, origin: Origin) -> bool {
        let shown = credentials.reveal();
        self.is_development_admin(origin.peer)
            && !shown.starts_with(PREFIX)
            && !TokenVerifier::looks_like(shown)
            && matches!(self.find_owner(shown, origin), Err(AuthError::Unknown))
    }

    /// Reads the keys again: after a change made elsewhere.
    ///
    /// # Errors
    ///
    /// If the store can't be read; then the keys stay as they were.
    pub async fn reload(&self) -> Result<(), AuthError> {
        // The list is read under the lock, or an older list could be stored last.
        let _one = self.reloading.lock().await;
        let all = self.store.keys().all().await?;
        let next = KeySnapshot::read(&all, &self.known.load());
        self.known.store(Arc::new(next));
        Ok(())
    }

    /// Reads the keys again that changed after that revision of keys.
    ///
    /// # Errors
    ///
    /// If the store can't be read; then the keys stay as they were.
    pub async fn reload_changed(&self, revision: u64) -> Result<(), AuthError> {
        let _one = self.reloading.lock().await;
        let changed = self.store.keys().changed_after(revision).await?;
        let known = self.known.load();
        self.known.store(Arc::new(changed.iter().fold(KeySnapshot::clone(&known), |snapshot, key| snapshot.with(key))));
        Ok(())
    }

    /// Reads one key again that this node has changed, or removed: not all, of which there may be a hundred thousand.
    pub(crate) async fn take_over(&self, id: &KeyId) -> Result<(), AuthError> {
        // Under the lock, as above: another node may have changed it since.
        let _one = self.reloading.lock().await;
        let key = match self.store.keys().get(id).await {
            Ok(key) => Some(key),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let known = KeySnapshot::clone(&self.known.load());
        self.known.store(Arc::new(match key {
            Some(key) => known.with(&key),
            None => known.without(id),
        }));
        Ok(())
    }

    /// Reads the projects again: their members, and what they demand of their requests.
    ///
    /// # Errors
    ///
    /// If the store can't be read; then they stay as they were.
    pub async fn reload_projects(&self) -> Result<(), AuthError> {
        let _one = self.reloading.lock().await;
        let projects = self.store.projects().list_with_rules().await?;
        self.projects.store(Arc::new(ProjectSnapshot::new(projects)));
        Ok(())
    }

    /// What a project demands of its requests: for one that a request names itself.
    pub fn rules_of(&self, project: &str) -> Option<Arc<ProjectRules>> {
        self.projects.load().rules_of(project)
    }

    /// The caller as a member of the project that its request names, for a user of several projects whose token names
    /// none; any other stays as it is.
    pub fn in_project(&self, caller: Caller, project: &str) -> Caller {
        self.projects.load().in_project(caller, project)
    }

    /// Writes down when keys were last used: what has come together since the last time, in one go. What can't be
    /// written stays for the next.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn note_uses(&self) -> Result<(), AuthError> {
        let known = self.known.load_full();
        let used = known.take_uses();
        if used.is_empty() {
            return Ok(());
        }
        self.store.keys().note_uses(&used).await.map_err(|error| {
            known.restore_uses(&used);
            AuthError::from(error)
        })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Who owns a key.
    fn find_owner(&self, key: &str, origin: Origin) -> Result<Caller, AuthError> {
        let hash = self.pepper.hash(key);
        // This key stands in no table, so the snapshot does not know it.
        if self.admin.is_some_and(|admin| bool::from(admin.ct_eq(&hash))) {
            self.check_admission(&self.admin_seen, origin)?;
            return Ok(admin());
        }
        let snapshot = self.known.load();
        let known = snapshot.by_hash(&hash).ok_or(AuthError::Unknown)?;
        // Before the bucket is asked: what can't be used anyway must not make its network known.
        self.check_usable(known, origin)?;
        self.check_admission(known.networks(), origin)?;
        Ok(self.projects.load().ruled(known.caller.clone()))
    }

    /// Who bears a token. One that belongs to a key can do no more than the key can, and ends with it. Tokens are admitted
    /// whatever else is wrong from there: a signature can't be guessed.
    fn bearer(&self, claims: Claims, origin: Origin) -> Result<Caller, AuthError> {
        let Claims { role, project, user, models, key } = claims;
        let Some(id) = key else {
            let projects = self.projects.load();
            let caller = Caller { project, user, models, ..Caller::new(role) };
            return Ok(projects.ruled(projects.with_membership(caller)));
        };
        let snapshot = self.known.load();
        let known = snapshot.by_id(&id).ok_or(AuthError::Unknown)?;
        self.check_usable(known, origin)?;
        let of_key = &known.caller;
        // A token may book on another project than its key, but it does not see what is there if its key would not.
        let elsewhere = project.is_some() && !of_key.sees_project(project.as_deref());
        Ok(self.projects.load().ruled(Caller {
            role: if elsewhere { Role::Caller } else { lesser_role(role, of_key.role) },
            scope: if project.is_some() { None } else { of_key.scope },
            project: project.or_else(|| of_key.project.clone()),
            projects: of_key.projects.clone(),
            user: user.or_else(|| of_key.user.clone()),
            models: intersect_models(models, of_key.models.clone()),
            key: Some(id),
            strict: of_key.strict,
            policies: of_key.policies.clone(),
            rules: None,
        }))
    }

    /// Whether a key may be used, now and from there.
    fn check_usable(&self, known: &KnownKey, origin: Origin) -> Result<(), AuthError> {
        let now = self.clock.now();
        if known.revoked {
            return Err(AuthError::Revoked);
        }
        if known.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(AuthError::Expired);
        }
        if known.replaced_at.is_some_and(|replaced_at| replaced_at <= now) {
            return Err(AuthError::Replaced);
        }
        if !known.allows(origin.client) {
            return Err(AuthError::Elsewhere { address: origin.client });
        }
        // Noted in memory and written in batches: a write for each request would make the database the limit.
        known.note_use(now);
        Ok(())
    }
}

fn admin() -> Caller {
    Caller::new(Role::Admin)
}

/// The models that are in both lists; a list that is absent holds all.
fn intersect_models(one: Option<Arc<[ModelId]>>, other: Option<Arc<[ModelId]>>) -> Option<Arc<[ModelId]>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.iter().filter(|model| other.contains(model)).cloned().collect()),
        (one, other) => one.or(other),
    }
}

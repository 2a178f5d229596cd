//! Keys are made, changed, rotated, revoked: each a transaction with its event and its entry in the audit log, in force
//! at once on this node. Others follow when they reload.

use super::Keys;
use super::told::told;
use crate::secret::hex;
use crate::{AuthError, Secret};
use baton_model::entity::Role;
use baton_model::{Actor, EventKind, KeyId, ModelId, Timestamp};
use baton_store::{ApiKey, Change, NewAudit, NewEvent};
use ipnet::IpNet;
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;

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
    /// The networks it may be used from; `None`: any.
    pub addresses: Option<Vec<IpNet>>,
    /// Whether its requests are refused where something in them can't be said to the model.
    pub strict: bool,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// A key that never expires and may use all models, from anywhere.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            project: None,
            user: None,
            models: None,
            addresses: None,
            strict: false,
            expires_at: None,
        }
    }
}

impl Keys {
    /// Makes a key. The secret is shown this once.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn create(
        &self,
        by: &Actor,
        new: NewKey,
        chance: &mut (impl Rng + Send),
    ) -> Result<(ApiKey, Secret), AuthError> {
        let secret = Secret::generate(chance);
        let id = KeyId::from(format!("key_{}", hex(&chance.random::<[u8; 12]>())));
        let key = self.insert(by, new, id, &secret).await?;
        Ok((key, secret))
    }

    /// Changes what may be changed of a key: name, models, addresses, strictness, expiry.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn update(&self, by: &Actor, id: &KeyId, change: impl FnOnce(&mut ApiKey)) -> Result<ApiKey, AuthError> {
        let work = self.store.change(by).await?;
        let before = work.keys().get(id).await?;
        let mut after = before.clone();
        change(&mut after);
        work.keys().update(&after).await?;
        self.finish(work, "key.update", Some(&before), Some(&after), None).await?;
        Ok(after)
    }

    /// Gives a key another secret, shown this once. The one before is accepted for `overlap` more; one that was before
    /// that no longer.
    ///
    /// # Errors
    ///
    /// If there is no such key, it is revoked, or the store can't be written.
    pub async fn rotate(
        &self,
        by: &Actor,
        id: &KeyId,
        overlap: Duration,
        chance: &mut (impl Rng + Send),
    ) -> Result<(ApiKey, Secret), AuthError> {
        let secret = Secret::generate(chance);
        let work = self.store.change(by).await?;
        let before = work.keys().get(id).await?;
        if before.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        let mut after = before.clone();
        after.prefix = secret.prefix();
        after.hash = hex(&self.pepper.hash(secret.reveal()));
        after.previous_hash = (!overlap.is_zero()).then(|| before.hash.clone());
        after.previous_until = (!overlap.is_zero()).then(|| self.clock.now().plus(overlap));
        work.keys().update(&after).await?;
        self.finish(work, "key.rotate", Some(&before), Some(&after), None).await?;
        Ok((after, secret))
    }

    /// Revokes a key; one that is revoked already stays so.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn revoke(&self, by: &Actor, id: &KeyId) -> Result<(), AuthError> {
        let work = self.store.change(by).await?;
        let before = work.keys().get(id).await?;
        if before.revoked_at.is_some() {
            return Ok(());
        }
        work.keys().revoke(id, self.clock.now()).await?;
        let after = work.keys().get(id).await?;
        self.finish(work, "key.revoke", Some(&before), Some(&after), Some(EventKind::KeyRevoked)).await
    }

    /// Removes a key for good.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn delete(&self, by: &Actor, id: &KeyId) -> Result<(), AuthError> {
        let work = self.store.change(by).await?;
        let before = work.keys().get(id).await?;
        work.keys().delete(id).await?;
        self.finish(work, "key.delete", Some(&before), None, Some(EventKind::KeyRevoked)).await
    }

    pub(crate) async fn insert(
        &self,
        by: &Actor,
        new: NewKey,
        id: KeyId,
        secret: &Secret,
    ) -> Result<ApiKey, AuthError> {
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
            addresses: new.addresses.map(|networks| networks.iter().map(IpNet::to_string).collect()),
            strict: new.strict,
            previous_hash: None,
            previous_until: None,
        };
        let work = self.store.change(by).await?;
        work.keys().insert(&key).await?;
        self.finish(work, "key.create", None, Some(&key), Some(EventKind::KeyCreated)).await?;
        Ok(key)
    }

    /// Writes the audit log and the event, and puts the change in force.
    async fn finish(
        &self,
        work: Change,
        action: &'static str,
        before: Option<&ApiKey>,
        after: Option<&ApiKey>,
        event: Option<EventKind>,
    ) -> Result<(), AuthError> {
        let subject = before.or(after).map(|key| key.id.to_string()).unwrap_or_default();
        if let Some(kind) = event {
            let data = after.or(before).map(told).unwrap_or_default();
            work.tell(NewEvent { kind, subject: subject.clone(), data, traceparent: None }).await?;
        }
        let (before, after) = (before.map(told), after.map(told));
        work.audit(NewAudit { action, kind: "key", subject, before, after }).await?;
        work.commit().await?;
        // It is done, whether or not this node sees it at once: the next reload will.
        if let Err(error) = self.reload().await {
            tracing::warn!(%error, "a changed key is in force on this node only after the next reload");
        }
        Ok(())
    }
}

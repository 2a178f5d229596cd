//! Keys are made, changed, rotated, revoked: each a transaction with its event and its entry in the audit log, in force
//! at once on this node. Others follow when they reload.

use super::ApiKeys;
use crate::secret::hex;
use crate::{AuthError, KeySecret};
use baton_model::{Actor, ApiKey, EventKind, KeyId};
use baton_store::{Change, NewAudit, NewEvent};
use rand::Rng;
use std::time::Duration;

impl ApiKeys {
    /// Makes a key of what `new` says; its id, hash and time are set here. The secret is shown only once.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn create(
        &self,
        by: &Actor,
        new: ApiKey,
        rng: &mut (impl Rng + Send),
    ) -> Result<(ApiKey, KeySecret), AuthError> {
        let secret = KeySecret::generate(rng);
        let id = KeyId::from(format!("key_{}", hex(&rng.random::<[u8; 12]>())));
        let key = self.insert(by, new, id, &secret).await?;
        Ok((key, secret))
    }

    /// Changes what may be changed of a key: name, models, addresses, strictness, expiry.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the store can't be written.
    pub async fn update(&self, by: &Actor, id: &KeyId, change: impl FnOnce(&mut ApiKey)) -> Result<ApiKey, AuthError> {
        // The key is read inside the transaction, so that two changes at once don't undo each other.
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
        rng: &mut (impl Rng + Send),
    ) -> Result<(ApiKey, KeySecret), AuthError> {
        let secret = KeySecret::generate(rng);
        let work = self.store.change(by).await?;
        let before = work.keys().get(id).await?;
        if before.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        let mut after = before.clone();
        after.prefix = secret.prefix();
        after.hash = hex(&self.pepper.hash(secret.reveal()));
        // Without an overlap the old secret must not be accepted for even a moment.
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
        work.remove_key(id).await?;
        self.finish(work, "key.delete", Some(&before), None, Some(EventKind::KeyRevoked)).await
    }

    pub(crate) async fn insert(
        &self,
        by: &Actor,
        new: ApiKey,
        id: KeyId,
        secret: &KeySecret,
    ) -> Result<ApiKey, AuthError> {
        let key = ApiKey {
            id,
            prefix: secret.prefix(),
            hash: hex(&self.pepper.hash(secret.reveal())),
            created_at: self.clock.now(),
            ..new
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
            let data = after.or(before).map(view).unwrap_or_default();
            work.add_event(NewEvent { kind, subject: subject.clone(), data, traceparent: None }).await?;
        }
        let id = before.or(after).map(|key| key.id.clone());
        let (before, after) = (before.map(view), after.map(view));
        work.audit(NewAudit { action, kind: "key", subject, before, after }).await?;
        // The key, its event and its audit entry are one transaction: none is there without the others.
        work.commit().await?;
        let Some(id) = id else { return Ok(()) };
        // It is done, whether or not this node sees it at once: the next reload will.
        if let Err(error) = self.take_over(&id).await {
            tracing::warn!(%error, "a changed key is in force on this node only after the next reload");
        }
        Ok(())
    }
}

/// A key as events and the audit log show it, in the words of the API: never the key, never a hash.
fn view(key: &ApiKey) -> String {
    // Words, names and times always serialise.
    serde_json::to_string(key).unwrap_or_default()
}

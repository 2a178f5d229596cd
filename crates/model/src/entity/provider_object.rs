//! What callers keep at providers: files, batches, responses.

use super::{Caller, Role};
use crate::clock::Timestamp;
use crate::id::{KeyId, ModelId, ProviderId};
use std::sync::Arc;

/// Something that a provider keeps for a caller: whoever asks for it is sent there, if it is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderObject {
    /// Baton's own id of it: a UUIDv7, so that they sort by time.
    pub id: String,
    /// What the provider calls it, as clients see it: `file-abc`, `msgbatch_01…`.
    pub object: String,
    /// What it is.
    pub kind: ProviderObjectKind,
    /// Who keeps it.
    pub provider: ProviderId,
    /// Whose it is.
    pub owner: Owner,
    /// The model that it belongs to, if it belongs to one.
    pub model: Option<ModelId>,
    /// The provider's name of what has made it: of the batch whose results a file has. `None`: its owner has.
    pub made_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the provider throws it away, where it said so.
    pub expires_at: Option<Timestamp>,
}

/// What a provider keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderObjectKind {
    /// A file (OpenAI).
    File,
    /// A batch of requests (OpenAI).
    Batch,
    /// A batch of messages (Anthropic).
    MessageBatch,
    /// A stored response (OpenAI).
    Response,
}

/// Whose something is. Nobody's (all `None`) is what was made without a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// The key that made it.
    pub key: Option<KeyId>,
    /// The project of that key or token: all of a project share what it has.
    pub project: Option<Arc<str>>,
    /// The user of that key or token.
    pub user: Option<Arc<str>>,
}

// === impl ProviderObjectKind ===

impl ProviderObjectKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::File, Self::Batch, Self::MessageBatch, Self::Response];

    /// The word in the database and in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Batch => "batch",
            Self::MessageBatch => "message_batch",
            Self::Response => "response",
        }
    }

    /// The kind of that [word](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

// === impl Owner ===

impl Owner {
    /// What a caller makes is owned by its key, project and user.
    pub fn of(caller: &Caller) -> Self {
        Self { key: caller.key.clone(), project: caller.project.clone(), user: caller.user.clone() }
    }

    /// Against whose quota it counts: the key's, else the user's, else the project's. What nobody owns has one quota too.
    pub fn account(&self) -> String {
        match (&self.key, &self.user, &self.project) {
            (Some(key), ..) => format!("key:{key}"),
            (None, Some(user), _) => format!("user:{user}"),
            (None, None, Some(project)) => format!("project:{project}"),
            (None, None, None) => String::new(),
        }
    }

    /// Whether the caller may see what is owned so: admins may, whoever shows the same key, and whoever is of the same
    /// project; where a token has no project, whoever is the same user.
    pub fn allows(&self, caller: &Caller) -> bool {
        fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            // Two that have no key are not the same caller.
            one.is_some() && one == other
        }
        // The user counts only where nothing better names the owner: several keys may carry the same user.
        let alone = self.project.is_none() && self.key.is_none();
        caller.role == Role::Admin
            || same(self.key.as_ref(), caller.key.as_ref())
            || same(self.project.as_ref(), caller.project.as_ref())
            || (alone && same(self.user.as_ref(), caller.user.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(key: Option<&str>, project: Option<&str>, user: Option<&str>) -> Caller {
        Caller {
            key: key.map(KeyId::from),
            project: project.map(Arc::from),
            user: user.map(Arc::from),
            ..Caller::new(Role::Caller)
        }
    }

    #[test]
    fn only_the_key_and_its_project_see_it() {
        let owner = Owner::of(&caller(Some("k1"), Some("p1"), Some("ada")));
        assert!(owner.allows(&caller(Some("k1"), None, None)));
        assert!(owner.allows(&caller(Some("k2"), Some("p1"), None)));
        assert!(!owner.allows(&caller(Some("k2"), Some("p2"), Some("ada"))));
        assert!(!owner.allows(&caller(None, None, None)));
        assert!(owner.allows(&Caller { role: Role::Admin, ..caller(None, None, None) }));
    }

    #[test]
    fn nobody_is_not_everybody() {
        let nobody = Owner::default();
        assert!(!nobody.allows(&caller(None, None, None)));
        assert!(!nobody.allows(&caller(Some("k"), Some("p"), Some("u"))));
        let user = Owner::of(&caller(None, None, Some("ada")));
        assert!(user.allows(&caller(Some("k"), Some("p"), Some("ada"))));
        assert!(!user.allows(&caller(None, None, Some("eve"))));
    }
}

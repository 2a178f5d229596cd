//! What can happen that others are told of.

/// The type of an event, as it stands in `type` and, behind `baton.events.`, in its subject on a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A model was registered or discovered.
    ModelRegistered,
    /// A model was changed.
    ModelUpdated,
    /// A model was deleted, or its provider lists it no more.
    ModelDeleted,
    /// A request was completed.
    ModelRequestCompleted,
    /// A request failed, was cancelled by its client, or was under way when its node ended.
    ModelRequestFailed,
    /// Feedback was given on a reply.
    ModelFeedbackReceived,
    /// A model's circuit opened or closed.
    ModelHealthChanged,
    /// A budget is spent to a threshold.
    BudgetThreshold,
    /// A budget is spent.
    BudgetExceeded,
    /// A limit refused a request, or let one through that exceeded it.
    LimitExceeded,
    /// A model was used that has no price.
    UsageUnpriced,
    /// A provider serves no model that was asked of it lately.
    ProviderUnavailable,
    /// A provider that was unavailable replies again.
    ProviderRecovered,
    /// A key was made.
    KeyCreated,
    /// A key was revoked.
    KeyRevoked,
    /// A provider was registered.
    ProviderRegistered,
    /// A provider was changed.
    ProviderUpdated,
    /// A provider was deleted.
    ProviderDeleted,
    /// A project was made.
    ProjectCreated,
    /// A project was changed.
    ProjectUpdated,
    /// A project was deleted.
    ProjectDeleted,
    /// A budget was made.
    BudgetCreated,
    /// A budget was changed.
    BudgetUpdated,
    /// A budget was deleted.
    BudgetDeleted,
    /// A limit was made.
    LimitCreated,
    /// A limit was changed.
    LimitUpdated,
    /// A limit was deleted.
    LimitDeleted,
    /// A user was registered.
    UserCreated,
    /// A user was changed.
    UserUpdated,
    /// A user was deleted.
    UserDeleted,
}

impl EventKind {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 30] = [
        Self::ModelRegistered,
        Self::ModelUpdated,
        Self::ModelDeleted,
        Self::ModelRequestCompleted,
        Self::ModelRequestFailed,
        Self::ModelFeedbackReceived,
        Self::ModelHealthChanged,
        Self::BudgetThreshold,
        Self::BudgetExceeded,
        Self::LimitExceeded,
        Self::UsageUnpriced,
        Self::ProviderUnavailable,
        Self::ProviderRecovered,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::ProviderRegistered,
        Self::ProviderUpdated,
        Self::ProviderDeleted,
        Self::ProjectCreated,
        Self::ProjectUpdated,
        Self::ProjectDeleted,
        Self::BudgetCreated,
        Self::BudgetUpdated,
        Self::BudgetDeleted,
        Self::LimitCreated,
        Self::LimitUpdated,
        Self::LimitDeleted,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
    ];

    /// The word in events and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::ModelRegistered => "model.registered",
            Self::ModelUpdated => "model.updated",
            Self::ModelDeleted => "model.deleted",
            Self::ModelRequestCompleted => "model.request.completed",
            Self::ModelRequestFailed => "model.request.failed",
            Self::ModelFeedbackReceived => "model.feedback.received",
            Self::ModelHealthChanged => "model.health.changed",
            Self::BudgetThreshold => "budget.threshold",
            Self::BudgetExceeded => "budget.exceeded",
            Self::LimitExceeded => "limit.exceeded",
            Self::UsageUnpriced => "usage.unpriced",
            Self::ProviderUnavailable => "provider.unavailable",
            Self::ProviderRecovered => "provider.recovered",
            Self::KeyCreated => "key.created",
            Self::KeyRevoked => "key.revoked",
            Self::ProviderRegistered => "provider.registered",
            Self::ProviderUpdated => "provider.updated",
            Self::ProviderDeleted => "provider.deleted",
            Self::ProjectCreated => "project.created",
            Self::ProjectUpdated => "project.updated",
            Self::ProjectDeleted => "project.deleted",
            Self::BudgetCreated => "budget.created",
            Self::BudgetUpdated => "budget.updated",
            Self::BudgetDeleted => "budget.deleted",
            Self::LimitCreated => "limit.created",
            Self::LimitUpdated => "limit.updated",
            Self::LimitDeleted => "limit.deleted",
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserDeleted => "user.deleted",
        }
    }

    /// The kind of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_of_one_kind() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::lookup(kind.name()), Some(kind));
        }
        assert_eq!(EventKind::lookup("model.exploded"), None);
    }
}

//! Who may create and change keys of a project, and what such keys are like.

use baton_model::entity::{KeyCreation, KeyTemplate, Role, Scope};
use baton_model::{ApiKey, Caller, Code, Project, PublicError, Timestamp};
use std::sync::Arc;

/// As what somebody creates and changes keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyCreator {
    /// Any key.
    Admin,
    /// Keys of one project, for anyone.
    Operator {
        /// The project.
        project: Arc<str>,
    },
    /// Keys of one project, for itself.
    Member {
        /// The project.
        project: Arc<str>,
        /// The member.
        user: Arc<str>,
    },
}

impl KeyCreator {
    /// What a member may say of its own keys; the rest is as the project's template says.
    pub const FIELDS_OF_MEMBERS: [&str; 2] = ["name", "expires_at"];

    /// Whether a caller creates any key, whatever its project says.
    pub fn is_admin(caller: &Caller) -> bool {
        caller.role == Role::Admin
    }

    /// As what a caller creates keys; `own` is its project as it is registered.
    ///
    /// # Errors
    /// `permission_denied` if it may not.
    pub fn of(caller: &Caller, own: Option<&Project>) -> Result<Self, PublicError> {
        if Self::is_admin(caller) {
            return Ok(Self::Admin);
        }
        let denied = |message: String| Err(PublicError::new(Code::PermissionDenied, message));
        let (Some(project), Some(id)) = (own, &caller.project) else {
            return denied(format!(
                "this requires the role `admin`, or a project that lets its members create keys (`key_creation`); the \
                 caller has the role `{}` and no such project",
                caller.role.name()
            ));
        };
        let project_id = Arc::clone(id);
        match project.key_creation {
            KeyCreation::Operator | KeyCreation::Member
                if caller.role == Role::Operator && caller.confined_to().is_some() =>
            {
                return Ok(Self::Operator { project: project_id });
            }
            KeyCreation::Member => {
                let user = caller.user.as_ref().filter(|user| project.role_of(user).is_some());
                if let Some(user) = user {
                    return Ok(Self::Member { project: project_id, user: Arc::clone(user) });
                }
            }
            KeyCreation::Admin | KeyCreation::Operator => {}
        }
        denied(format!(
            "the project `{project_id}` lets {} create keys (`key_creation`)",
            match project.key_creation {
                KeyCreation::Admin => "only admins",
                KeyCreation::Operator => "admins and its operators",
                KeyCreation::Member => "its members",
            }
        ))
    }

    /// Whether a key is one that it may change, rotate and revoke.
    pub fn may_change(&self, key: &ApiKey) -> bool {
        match self {
            Self::Admin => true,
            Self::Operator { project } => {
                key.project.as_ref() == Some(project) && key.role != Role::Admin && key.scope != Some(Scope::All)
            }
            Self::Member { project, user } => {
                key.project.as_ref() == Some(project) && key.user.as_ref() == Some(user) && key.role == Role::Caller
            }
        }
    }

    /// Puts into a new key what its creator does not decide: the project, and for a member the user.
    ///
    /// # Errors
    /// `permission_denied` if the key would reach further than its creator may give.
    pub fn bind(&self, key: &mut ApiKey) -> Result<(), PublicError> {
        let denied = |field: &str, message: &str| Err(PublicError::new(Code::PermissionDenied, message).at(field));
        match self {
            Self::Admin => return Ok(()),
            Self::Operator { project } => {
                if key.project.as_ref().is_some_and(|given| given != project) {
                    return denied("project_id", "project_id: must be the project of its creator");
                }
                key.project = Some(Arc::clone(project));
            }
            Self::Member { project, user } => {
                (key.project, key.user) = (Some(Arc::clone(project)), Some(Arc::clone(user)));
            }
        }
        if key.role == Role::Admin {
            return denied("role", "role: must be operator, viewer or caller: only an admin creates keys of admins");
        }
        if key.scope == Some(Scope::All) {
            return denied("scope", "scope: must be `project`: only an admin creates keys that see all projects");
        }
        if key.projects.is_some() {
            return denied("projects", "projects: only an admin creates keys for several projects");
        }
        Ok(())
    }

    /// Whether the creator says which field a new key has, or only the template does.
    pub fn may_set(&self, field: &str) -> bool {
        !matches!(self, Self::Member { .. }) || Self::FIELDS_OF_MEMBERS.contains(&field)
    }

    /// Puts into a new key what the template of its project says and its creator does not: `says` tells of which fields. A
    /// member's key never lasts longer than the template lets keys last.
    pub fn fill(&self, key: &mut ApiKey, project: Option<&Project>, says: impl Fn(&str) -> bool, now: Timestamp) {
        let Some(template) = project.and_then(|project| project.key_template.clone()) else { return };
        // Every field is named, so that a new one is thought of.
        let KeyTemplate { models, addresses, strict, expires_in, budget, limits } = template;
        if !says("models") {
            key.models = models;
        }
        if !says("addresses") {
            key.addresses = addresses;
        }
        if !says("strict") {
            key.strict = strict.unwrap_or(key.strict);
        }
        if !says("budget") {
            key.budget = budget;
        }
        if !says("limits") {
            key.limits = limits;
        }
        let Some(longest) = expires_in.map(|time| now.plus(time)) else { return };
        key.expires_at = match key.expires_at {
            Some(given) if matches!(self, Self::Member { .. }) => Some(given.min(longest)),
            Some(given) => Some(given),
            // Null, said on purpose, is for those who may make a key that lasts.
            None if says("expires_at") && !matches!(self, Self::Member { .. }) => None,
            None => Some(longest),
        };
    }
}

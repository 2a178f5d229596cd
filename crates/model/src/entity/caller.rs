//! Who asks.

use super::{Model, OwnPolicies, ProjectRules};
use crate::id::{KeyId, ModelId, RequestId};
use std::net::IpAddr;
use std::sync::Arc;

/// What a caller may do. Each includes those after it, but for [`Role::Caller`], which only makes requests. How much an
/// operator or viewer sees is bounded by its [`Scope`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Admin,
    /// Change models, and see what is within its scope; no keys. One whose scope is a project changes what belongs to
    /// the project instead: its members, its keys where the project allows that, budgets and limits within it.
    Operator,
    /// See what is within its scope.
    Viewer,
    /// Make requests, and see what it may use.
    Caller,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Operator, Self::Viewer, Self::Caller];

    /// The word in the API and in JWT claims.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Caller => "caller",
        }
    }

    /// The role of that word, in any case.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }
}

/// How much an operator or viewer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The records of all projects.
    All,
    /// Those of its own project.
    Project,
}

impl Scope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::All, Self::Project];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Project => "project",
        }
    }

    /// The scope of that word, in any case.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name().eq_ignore_ascii_case(name))
    }
}

/// Who asks, as told by the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key that was shown; `None` for the development mode on loopback.
    pub key: Option<KeyId>,
    /// What it may do.
    pub role: Role,
    /// How much of it its role lets it see; `None`: its project, if it has one.
    pub scope: Option<Scope>,
    /// The project that requests are attributed to.
    pub project: Option<Arc<str>>,
    /// Further projects that a request may name to be booked on, for a caller without a project of its own.
    pub projects: Option<Arc<[Arc<str>]>>,
    /// The user that requests are attributed to.
    pub user: Option<Arc<str>>,
    /// The models it may use; `None`: all.
    pub models: Option<Arc<[ModelId]>>,
    /// Whether its requests are refused where something in them can't be said to the model.
    pub strict: bool,
    /// The budget and limits that the key brings with it.
    pub policies: Option<Arc<OwnPolicies>>,
    /// What the project that its requests are attributed to demands of them.
    pub rules: Option<Arc<ProjectRules>>,
}

impl Caller {
    /// A caller with that role and nothing else: no key, no project, all models.
    pub fn new(role: Role) -> Self {
        Self {
            key: None,
            role,
            scope: None,
            project: None,
            projects: None,
            user: None,
            models: None,
            strict: false,
            policies: None,
            rules: None,
        }
    }

    /// Whether it may use the model: as its credentials say, and its project.
    pub fn may_use(&self, model: &Model) -> bool {
        self.may_name(&model.id) && self.rules.as_ref().is_none_or(|rules| rules.allow(&model.id, &model.provider))
    }

    /// Whether its credentials would let it use a model of that name, whatever its project says.
    pub fn may_name(&self, model: &ModelId) -> bool {
        self.models.as_ref().is_none_or(|models| models.contains(model))
    }

    /// Whether it may use every model.
    pub fn may_use_all(&self) -> bool {
        let unbounded = |rules: &Arc<ProjectRules>| rules.models.is_none() && rules.providers.is_none();
        self.models.is_none() && self.rules.as_ref().is_none_or(unbounded)
    }

    /// The only project whose records it sees, whatever its role lets it see of them; `None`: it sees those of all.
    pub fn confined_to(&self) -> Option<&str> {
        match (self.role, self.scope, &self.project) {
            (Role::Admin, ..) | (_, Some(Scope::All), _) | (_, None, None) => None,
            (_, _, Some(project)) => Some(project),
            // No project has this name: nothing is seen.
            (_, Some(Scope::Project), None) => Some(""),
        }
    }

    /// Whether it sees what belongs to that project, or to none.
    pub fn sees_project(&self, project: Option<&str>) -> bool {
        self.confined_to().is_none_or(|own| project == Some(own))
    }

    /// Whether a request that names the project may be booked on it: its own, one of its list, or any for an admin
    /// without a project. Without this rule a key could spend another project's money.
    pub fn may_book_on(&self, project: &str) -> bool {
        let listed = || self.projects.iter().any(|projects| projects.iter().any(|listed| **listed == *project));
        match &self.project {
            Some(own) => **own == *project,
            None => self.role == Role::Admin || listed(),
        }
    }
}

/// Who makes a change, for the audit log. The service itself is an actor too: discovery, for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The key, user or part of the service: `key_1f…`, `user:anna`, `loopback`, `baton:discovery`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// From where; `None` for the service itself and for commands.
    pub address: Option<IpAddr>,
    /// The request that made the change.
    pub request: Option<RequestId>,
    /// The command that made the change: a command's effect and the note that it had one are committed together.
    pub command: Option<String>,
}

impl Actor {
    /// A part of the service: `baton:discovery`.
    pub fn service(part: &str) -> Self {
        Self { name: format!("baton:{part}"), role: Role::Admin, address: None, request: None, command: None }
    }

    /// A caller, from an address.
    pub fn caller(caller: &Caller, address: Option<IpAddr>, request: Option<RequestId>) -> Self {
        let name = match (&caller.key, &caller.user) {
            (Some(key), _) => key.to_string(),
            (None, Some(user)) => format!("user:{user}"),
            // Neither key nor user: the admin key of the configuration, or the development mode on loopback.
            (None, None) => "admin".to_owned(),
        };
        Self { name, role: caller.role, address, request, command: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_project_sees_that_one_unless_told_otherwise() {
        let check = |role, scope, project: Option<&str>, expected: Option<&str>| {
            let caller = Caller { scope, project: project.map(Arc::from), ..Caller::new(role) };
            assert_eq!(caller.confined_to(), expected, "{role:?} {scope:?} {project:?}");
        };
        for role in [Role::Viewer, Role::Operator] {
            check(role, None, None, None);
            check(role, None, Some("a"), Some("a"));
            check(role, Some(Scope::All), Some("a"), None);
            check(role, Some(Scope::Project), Some("a"), Some("a"));
            check(role, Some(Scope::Project), None, Some(""));
        }
        check(Role::Admin, None, Some("a"), None);
        check(Role::Admin, Some(Scope::Project), Some("a"), None);
    }
}

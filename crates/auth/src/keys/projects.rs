//! What projects say of those who make requests for them: their rules, and who belongs to them.

use crate::role::higher_role;
use baton_model::entity::{ProjectRules, Role};
use baton_model::{Caller, Project};
use std::collections::HashMap;
use std::sync::Arc;

/// The projects that say something of their callers, at one moment.
#[derive(Default)]
pub(super) struct ProjectSnapshot {
    by_id: HashMap<Arc<str>, Arc<KnownProject>>,
    /// The projects of each member, by their ids.
    by_member: HashMap<Arc<str>, Vec<Arc<KnownProject>>>,
}

/// A project, ready for callers.
struct KnownProject {
    project: Project,
    id: Arc<str>,
    rules: Option<Arc<ProjectRules>>,
}

impl ProjectSnapshot {
    /// These projects.
    pub fn new(projects: Vec<Project>) -> Self {
        let mut snapshot = Self::default();
        for project in projects {
            let (id, rules) = (Arc::from(project.id.as_str()), project.rules().map(Arc::new));
            let known = Arc::new(KnownProject { project, id, rules });
            for member in &known.project.members {
                snapshot.by_member.entry(Arc::clone(&member.user_id)).or_default().push(Arc::clone(&known));
            }
            snapshot.by_id.insert(Arc::clone(&known.id), known);
        }
        snapshot
    }

    /// What a project demands of its requests.
    pub fn rules_of(&self, project: &str) -> Option<Arc<ProjectRules>> {
        // Nearly always there is nothing, and nothing is hashed.
        if self.by_id.is_empty() { None } else { self.by_id.get(project)?.rules.clone() }
    }

    /// The caller with the rules of its project.
    pub fn ruled(&self, mut caller: Caller) -> Caller {
        caller.rules = caller.project.as_deref().and_then(|project| self.rules_of(project));
        caller
    }

    /// The caller of a token that belongs to no key, with what its user may do as a member of projects. A membership adds
    /// to what the token says, and takes nothing away.
    pub fn with_membership(&self, mut caller: Caller) -> Caller {
        let projects = caller.user.as_deref().and_then(|user| self.by_member.get(user)).map_or(&[][..], Vec::as_slice);
        match (&caller.project, projects) {
            (_, []) => caller,
            (Some(own), _) => match projects.iter().find(|known| known.id == *own) {
                Some(known) => known.as_member(caller),
                None => caller,
            },
            // One that sees everything would see less with a project of its own.
            (None, _) if caller.role != Role::Caller => caller,
            (None, [only]) => only.as_member(caller),
            // Which of them is meant has to be said with each request.
            (None, several) => {
                caller.projects = Some(several.iter().map(|known| Arc::clone(&known.id)).collect());
                caller
            }
        }
    }

    /// The caller as a member of the project that its request names; one who is no member of it is left as it is.
    pub fn in_project(&self, caller: Caller, project: &str) -> Caller {
        let may_choose = caller.key.is_none() && caller.project.is_none() && caller.role == Role::Caller;
        let known = self.by_id.get(project).filter(|_| may_choose);
        match known.filter(|known| caller.user.as_deref().is_some_and(|user| known.project.role_of(user).is_some())) {
            Some(known) => self.ruled(known.as_member(caller)),
            None => caller,
        }
    }
}

impl KnownProject {
    /// The caller as a member of the project: its requests are attributed to it, and it may do there what the membership
    /// says.
    fn as_member(&self, caller: Caller) -> Caller {
        let role = caller.user.as_deref().and_then(|user| self.project.role_of(user)).unwrap_or(Role::Caller);
        // An admin is one everywhere. A member is never made one: that would reach beyond the project.
        let role = higher_role(caller.role, if role == Role::Admin { Role::Operator } else { role });
        Caller { role, project: Some(Arc::clone(&self.id)), projects: None, ..caller }
    }
}

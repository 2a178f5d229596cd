//! A user as the API shows it, and where that comes from: what is registered, the projects' members, and the ledger.

use crate::Admin;
use baton_model::chat::Json;
use baton_model::entity::{BudgetPeriod, OwnBudget, OwnLimits, Role};
use baton_model::{Caller, Project, PublicError, Timestamp, User};
use baton_store::StoreError;
use baton_store::ledger::{GroupBy, UsageQuery, UsageRow};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A user: as it is registered, as a member of projects, or only as requests of this month name it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = UserStatus)]
pub struct UserView {
    /// Its id, as tokens, keys and requests name it.
    #[schema(example = "anna")]
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Metadata that is stored with it.
    #[serde(with = "baton_model::schema::json")]
    #[schema(value_type = Object)]
    pub metadata: Json,
    /// What its requests may cost in a period; null: no budget of its own.
    #[schema(value_type = Option<OwnBudget>)]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take; null: no limits of its own.
    #[schema(value_type = Option<OwnLimits>)]
    pub limits: Option<OwnLimits>,
    /// Whether something is set for it. Others are known by their requests or memberships alone.
    pub registered: bool,
    /// The projects that it is a member of.
    pub projects: Vec<MembershipView>,
    /// What it used this month, in UTC.
    pub month: UsageRow,
    /// When it was registered; null: it is not.
    #[schema(value_type = Option<String>)]
    pub created_at: Option<Timestamp>,
    /// When that was last changed.
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
}

/// A project that a user is a member of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MembershipView {
    /// The project.
    #[schema(example = "search")]
    pub project_id: String,
    /// `operator`, `viewer` or `caller`.
    #[schema(value_type = String, example = "operator")]
    pub role: Role,
}

impl UserView {
    /// A user of whom nothing is known yet but its name.
    fn unregistered(id: &str) -> Self {
        Self { registered: false, created_at: None, updated_at: None, ..Self::from(User::new(id)) }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        // Every field is named, so that a new one is thought of.
        let User { id, name, metadata, budget, limits, created_at, updated_at } = user;
        Self {
            id,
            name,
            metadata,
            budget,
            limits,
            registered: true,
            projects: Vec::new(),
            month: UsageRow::default(),
            created_at: Some(created_at),
            updated_at: Some(updated_at),
        }
    }
}

/// The users that a caller sees, by id: all, or those of its project. `only` names the one that is wanted.
///
/// # Errors
/// If the database can't be read, or more users made requests this month than can be listed at once.
pub async fn find(admin: &Admin, caller: &Caller, only: Option<&str>) -> Result<Vec<UserView>, PublicError> {
    let confined = caller.confined_to();
    let mut users = BTreeMap::<String, UserView>::new();
    for project in admin.store.projects().list_with_rules().await? {
        if confined.is_none_or(|own| own == project.id) {
            add_members(&mut users, &project, only);
        }
    }
    let now = admin.web.engine.clock().now();
    let query = UsageQuery {
        from: baton_engine::policy::begin_of(BudgetPeriod::Month, now),
        to: Timestamp(now.0.saturating_add(1)),
        group_by: vec![GroupBy::User],
        project: confined.map(str::to_owned),
        key: None,
        user: only.map(str::to_owned),
    };
    for row in admin.store.ledger().usage(&query).await? {
        // Requests without a user are nobody's.
        let Some(Some(id)) = row.group.first().cloned() else { continue };
        users.entry(id).or_insert_with_key(|id| UserView::unregistered(id)).month = row;
    }
    for user in registered(admin, only).await? {
        // Whoever sees one project sees nothing of users who have nothing to do with it.
        let known = users.get(&user.id);
        if confined.is_some() && known.is_none() {
            continue;
        }
        let (projects, month) = known.map(|known| (known.projects.clone(), known.month.clone())).unwrap_or_default();
        users.insert(user.id.clone(), UserView { projects, month, ..UserView::from(user) });
    }
    Ok(users.into_values().collect())
}

/// The users that are registered, or the one that is wanted of them.
async fn registered(admin: &Admin, only: Option<&str>) -> Result<Vec<User>, StoreError> {
    let Some(id) = only else { return admin.store.users().all().await };
    match admin.store.users().get(id).await {
        Ok(user) => Ok(vec![user]),
        Err(StoreError::NotFound { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn add_members(users: &mut BTreeMap<String, UserView>, project: &Project, only: Option<&str>) {
    for member in project.members.iter().filter(|member| only.is_none_or(|only| only == &*member.user_id)) {
        let user = users.entry(member.user_id.to_string()).or_insert_with_key(|id| UserView::unregistered(id));
        user.projects.push(MembershipView { project_id: project.id.clone(), role: member.role });
    }
}

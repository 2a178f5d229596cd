//! API keys.

use crate::entity::key;
use crate::scope::DatabaseScope;
use crate::{StoreError, json};
use baton_model::entity::Role;
use baton_model::{ApiKey, Caller, KeyId, ModelId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, Set,
};
use std::sync::Arc;

/// The fields that have a column; those without one are in `more`.
const COLUMNS: [&str; 14] = [
    "id",
    "name",
    "prefix",
    "role",
    "project_id",
    "user_id",
    "models",
    "addresses",
    "strict",
    "previous_until",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
];

/// Which keys are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFilter {
    /// All.
    All,
    /// Those of a project.
    Project(Arc<str>),
    /// Those of a user, within a project where one is named; and the one of that id.
    Own {
        /// The id.
        key: Option<KeyId>,
        /// The user.
        user: Option<Arc<str>>,
        /// The project.
        project: Option<Arc<str>>,
    },
}

impl KeyFilter {
    /// The keys that a caller sees.
    pub fn visible_to(caller: &Caller) -> Self {
        if caller.role == Role::Caller {
            let Caller { key, user, project, .. } = caller;
            return Self::Own { key: key.clone(), user: user.clone(), project: project.clone() };
        }
        caller.confined_to().map_or(Self::All, |project| Self::Project(project.into()))
    }

    /// Whether a key is one of them.
    pub fn has(&self, key: &ApiKey) -> bool {
        match self {
            Self::All => true,
            Self::Project(project) => key.project.as_ref() == Some(project),
            Self::Own { key: own, user, project } => {
                let within = project.is_none() || key.project == *project;
                own.as_ref() == Some(&key.id) || (user.is_some() && key.user == *user && within)
            }
        }
    }

    fn condition(&self) -> Condition {
        match self {
            Self::All => Condition::all(),
            Self::Project(project) => Condition::all().add(key::Column::Project.eq(&**project)),
            Self::Own { key, user, project } => {
                let of_user = user.as_deref().map(|user| {
                    let project = project.as_deref().map(|project| key::Column::Project.eq(project));
                    Condition::all().add(key::Column::User.eq(user)).add_option(project)
                });
                // Without either there is nothing: a condition of nothing would be met by all.
                let id = key.as_ref().map_or("", |key| key.as_str());
                Condition::any().add(key::Column::Id.eq(id)).add_option(of_user)
            }
        }
    }
}

/// One page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, newest first.
    pub items: Vec<ApiKey>,
    /// The number of entries on all pages.
    pub total: u64,
}

/// The API keys.
#[derive(Debug, Clone, Copy)]
pub struct KeyRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl KeyRepository<'_> {
    /// Every key, revoked and expired ones included, oldest first: for the snapshot that requests are checked against. One
    /// that can't be read is left out, and logged: it lets nobody in, and keeps nobody else out.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn all(self) -> Result<Vec<ApiKey>, StoreError> {
        let query = key::Entity::find().order_by_asc(key::Column::CreatedAt).order_by_asc(key::Column::Id);
        Ok(crate::readable(query.all(&self.scope.reader()).await?.into_iter().map(read)))
    }

    /// The keys that changed after that revision, as [`Revisions::keys`](crate::Revisions) counts.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn changed_after(self, revision: u64) -> Result<Vec<ApiKey>, StoreError> {
        let query = key::Entity::find().filter(key::Column::Revision.gt(json::integer(revision)));
        Ok(crate::readable(query.all(&self.scope.reader()).await?.into_iter().map(read)))
    }

    /// One page of keys, newest first: those of a filter. Pages count from 1.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self, filter: &KeyFilter, page: u64, page_size: u64) -> Result<KeyPage, StoreError> {
        let query = key::Entity::find()
            .filter(filter.condition())
            .order_by_desc(key::Column::CreatedAt)
            .order_by_desc(key::Column::Id);
        let reader = self.scope.reader();
        // SeaORM panics at a page of 0.
        let pages = query.paginate(&reader, page_size.max(1));
        let rows = pages.fetch_page(page.saturating_sub(1)).await?;
        let items = rows.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(KeyPage { items, total: pages.num_items().await? })
    }

    /// The key of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &KeyId) -> Result<ApiKey, StoreError> {
        let row = key::Entity::find_by_id(id.as_str()).one(&self.scope.reader()).await?;
        read(row.ok_or_else(|| not_found(id))?)
    }

    /// The key of that hash; not one that had it before a rotation.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn lookup(self, hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let row = key::Entity::find().filter(key::Column::Hash.eq(hash)).one(&self.scope.reader()).await?;
        row.map(read).transpose()
    }

    /// Adds a key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id or hash is taken.
    pub async fn insert(self, key: &ApiKey) -> Result<(), StoreError> {
        let insert = key::Entity::insert(write(key).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the key `{}` exists already", key.id))
    }

    /// Replaces what an operator may change of a key (name, role, project, user, models, addresses, strictness, expiry) and the
    /// hashes, which a rotation changes. When it was made, revoked and used stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if its new hash is another key's.
    pub async fn update(self, key: &ApiKey) -> Result<(), StoreError> {
        // `reset_all`, because an update leaves out what is not marked as set: a restriction could otherwise never be
        // taken away.
        let row = key::ActiveModel {
            created_at: NotSet,
            revoked_at: NotSet,
            last_used_at: NotSet,
            ..write(key).into_active_model().reset_all()
        };
        // Asked first: a violated key would end the whole transaction on PostgreSQL.
        let other =
            key::Entity::find().filter(key::Column::Hash.eq(&key.hash)).filter(key::Column::Id.ne(key.id.as_str()));
        if other.one(&self.scope.writer()).await?.is_some() {
            return Err(StoreError::conflict(format!("the key `{}` has the hash of another", key.id)));
        }
        match row.update(&self.scope.writer()).await {
            Err(sea_orm::DbErr::RecordNotUpdated) => Err(not_found(&key.id)),
            result => result.map(drop).map_err(StoreError::from),
        }
    }

    /// Gives a key another name.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn rename(self, id: &KeyId, name: &str) -> Result<(), StoreError> {
        // Only the name is set: whatever else of the key is changed at the same time stays.
        let row = key::ActiveModel {
            id: Set(id.to_string()),
            name: Set(name.to_owned()),
            revision: Set(key::PENDING),
            ..Default::default()
        };
        match row.update(&self.scope.writer()).await {
            Err(sea_orm::DbErr::RecordNotUpdated) => Err(not_found(id)),
            result => result.map(drop).map_err(StoreError::from),
        }
    }

    /// Revokes a key; one that is revoked already keeps its time.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn revoke(self, id: &KeyId, now: Timestamp) -> Result<(), StoreError> {
        let first = key::Entity::update_many()
            .col_expr(key::Column::RevokedAt, Expr::value(now.0))
            .col_expr(key::Column::Revision, Expr::value(key::PENDING))
            .filter(key::Column::Id.eq(id.as_str()))
            .filter(key::Column::RevokedAt.is_null());
        if first.exec(&self.scope.writer()).await?.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was changed: it is revoked already, or it is not there, which `get` tells.
        self.get(id).await.map(drop)
    }

    /// Notes when keys were last used; unknown ids are passed over.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn note_uses(self, used: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        // In one transaction: each commit is a write to the disk, and the keys of a busy minute are many.
        let transaction = self.scope.begin().await?;
        for (id, time) in used {
            key::Entity::update_many()
                .col_expr(key::Column::LastUsedAt, Expr::value(time.0))
                .filter(key::Column::Id.eq(id.as_str()))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a key for good. Its requests stay in the ledger under its id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &KeyId) -> Result<(), StoreError> {
        let deleted = key::Entity::delete_by_id(id.as_str()).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &KeyId) -> StoreError {
    StoreError::not_found(format!("key `{id}`"))
}

fn write(key: &ApiKey) -> key::Model {
    key::Model {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        hash: key.hash.clone(),
        role: key.role.name().to_owned(),
        project: key.project.as_deref().map(str::to_owned),
        user: key.user.as_deref().map(str::to_owned),
        models: key.models.as_deref().map(|models| json::names(models.iter().map(ModelId::as_str))),
        created_at: key.created_at.0,
        expires_at: key.expires_at.map(|time| time.0),
        revoked_at: key.revoked_at.map(|time| time.0),
        last_used_at: key.last_used_at.map(|time| time.0),
        addresses: key.addresses.as_ref().map(|networks| json::names(networks.iter().map(String::as_str))),
        strict: key.strict,
        previous_hash: key.previous_hash.clone(),
        previous_until: key.previous_until.map(|time| time.0),
        more: json::more::write(key, &COLUMNS),
        revision: key::PENDING,
    }
}

fn read(row: key::Model) -> Result<ApiKey, StoreError> {
    let id = row.id.clone();
    let what = || format!("a key (`{id}`)");
    // A list of models or networks that can't be read must not become the permission to use all.
    let names = |text: &String| json::read_names(text).map_err(|error| StoreError::corrupt(what(), error));
    let models = row.models.as_ref().map(names).transpose()?;
    let addresses = row.addresses.as_ref().map(names).transpose()?;
    let role =
        Role::lookup(&row.role).ok_or_else(|| StoreError::corrupt(what(), format!("its role is `{}`", row.role)))?;
    let key = ApiKey {
        models: models.map(|models| models.iter().map(ModelId::from).collect()),
        id: KeyId::from(&row.id),
        prefix: row.prefix,
        hash: row.hash,
        project: row.project.map(Arc::from),
        user: row.user.map(Arc::from),
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
        last_used_at: row.last_used_at.map(Timestamp),
        addresses,
        strict: row.strict,
        previous_hash: row.previous_hash,
        previous_until: row.previous_until.map(Timestamp),
        ..ApiKey::new(row.name, role)
    };
    json::more::read(key, &row.more).map_err(|error| StoreError::corrupt(what(), error))
}

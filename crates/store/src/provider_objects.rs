//! What callers keep at providers, and whose it is.

use crate::StoreError;
use crate::database::Database;
use crate::entity::provider_object;
use baton_model::entity::{Caller, Owner, ProviderObject, ProviderObjectKind, Role};
use baton_model::{KeyId, ModelId, ProviderId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::sync::Arc;

/// A place in a list of provider objects, by Baton's own id of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near<'a> {
    /// The newest.
    Newest,
    /// What is older than that one.
    OlderThan(&'a str),
    /// What is newer than that one; the nearest to it.
    NewerThan(&'a str),
}

/// Rows in one statement.
const ROWS: u64 = 500;

/// The provider objects.
#[derive(Debug, Clone, Copy)]
pub struct ProviderObjectRepository<'s> {
    pub(crate) database: &'s Database,
}

impl ProviderObjectRepository<'_> {
    /// Notes what a provider keeps. What is noted already stays as it is: who makes something first has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the provider has something of that kind and name noted already.
    pub async fn insert(self, entry: &ProviderObject) -> Result<(), StoreError> {
        let insert = provider_object::Entity::insert(provider_object::Model::from(entry).into_active_model());
        let rows = insert.on_conflict(crate::keep_existing()).exec_without_returning(self.database.writer()).await?;
        crate::inserted(rows, || format!("the {} `{}` is recorded already", entry.kind.name(), entry.object))
    }

    /// All of that kind and name, newest first; more than one only where two providers use the same name.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn find(self, kind: ProviderObjectKind, object: &str) -> Result<Vec<ProviderObject>, StoreError> {
        let query = provider_object::Entity::find()
            .filter(provider_object::Column::Object.eq(object))
            .filter(provider_object::Column::Kind.eq(kind.name()))
            .order_by_desc(provider_object::Column::Id);
        Ok(query.all(self.database.reader()).await?.into_iter().filter_map(read).collect())
    }

    /// At most `limit` of that kind that the caller may see, newest first.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(
        self,
        caller: &Caller,
        kind: ProviderObjectKind,
        near: Near<'_>,
        limit: u64,
    ) -> Result<Vec<ProviderObject>, StoreError> {
        let query = provider_object::Entity::find()
            .filter(provider_object::Column::Kind.eq(kind.name()))
            .filter(visible_to(caller));
        let query = match near {
            Near::Newest => query.order_by_desc(provider_object::Column::Id),
            Near::OlderThan(id) => {
                query.filter(provider_object::Column::Id.lt(id)).order_by_desc(provider_object::Column::Id)
            }
            Near::NewerThan(id) => {
                query.filter(provider_object::Column::Id.gt(id)).order_by_asc(provider_object::Column::Id)
            }
        };
        let rows = query.limit(limit).all(self.database.reader()).await?;
        let mut provider_objects: Vec<ProviderObject> = rows.into_iter().filter_map(read).collect();
        // They were asked for in rising order, to get the nearest ones; lists are newest first.
        if matches!(near, Near::NewerThan(_)) {
            provider_objects.reverse();
        }
        Ok(provider_objects)
    }

    /// How many of that kind somebody keeps.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count_of(self, owner: &Owner, kind: ProviderObjectKind) -> Result<u64, StoreError> {
        Ok(of_account(owner, kind).count(self.database.writer()).await?)
    }

    /// Forgets the oldest of somebody's until no more than `most` of that kind are left. How many went.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; what was removed by then is gone.
    pub async fn shrink(self, owner: &Owner, kind: ProviderObjectKind, most: u64) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let more = self.count_of(owner, kind).await?.saturating_sub(most);
            if more == 0 {
                return Ok(removed);
            }
            // Ids sort by time, so the smallest are the oldest.
            let oldest = of_account(owner, kind)
                .order_by_asc(provider_object::Column::Id)
                .select_only()
                .column(provider_object::Column::Id)
                .limit(Ord::min(more, ROWS));
            let oldest = oldest.into_tuple::<String>().all(self.database.writer()).await?;
            let these = provider_object::Entity::delete_many().filter(provider_object::Column::Id.is_in(oldest));
            removed += these.exec(self.database.writer()).await?.rows_affected;
        }
    }

    /// Forgets one, by Baton's own id. Does nothing if it is not there.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        provider_object::Entity::delete_by_id(id).exec(self.database.writer()).await?;
        Ok(())
    }

    /// Forgets what providers have thrown away by now.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn expire(self, now: Timestamp) -> Result<u64, StoreError> {
        // What has no expiry stays: NULL is never less.
        let old = provider_object::Entity::delete_many().filter(provider_object::Column::ExpiresAt.lt(now.0));
        Ok(old.exec(self.database.writer()).await?.rows_affected)
    }
}

/// What somebody keeps of a kind.
fn of_account(owner: &Owner, kind: ProviderObjectKind) -> Select<provider_object::Entity> {
    provider_object::Entity::find()
        .filter(provider_object::Column::Account.eq(owner.account()))
        .filter(provider_object::Column::Kind.eq(kind.name()))
}

/// The same as [`Owner::allows`].
fn visible_to(caller: &Caller) -> Condition {
    if caller.role == Role::Admin {
        return Condition::all();
    }
    let project = caller.project.as_deref().map(|project| provider_object::Column::Project.eq(project));
    let key = caller.key.as_ref().map(|key| provider_object::Column::KeyId.eq(key.as_str()));
    let user = caller.user.as_deref().map(|user| {
        Condition::all()
            .add(provider_object::Column::UserId.eq(user))
            .add(provider_object::Column::KeyId.is_null())
            .add(provider_object::Column::Project.is_null())
    });
    if project.is_none() && key.is_none() && user.is_none() {
        // Who has no identity sees nothing: a condition of no alternatives would let every row through.
        return Condition::all().add(provider_object::Column::Id.is_null());
    }
    Condition::any().add_option(project).add_option(key).add_option(user)
}

impl From<&ProviderObject> for provider_object::Model {
    fn from(entry: &ProviderObject) -> Self {
        let ProviderObject { id, object, kind, provider, owner, model, made_by, created_at, expires_at } = entry;
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            id: id.clone(),
            object: object.clone(),
            kind: kind.name().to_owned(),
            provider: provider.to_string(),
            key_id: owner.key.as_ref().map(KeyId::to_string),
            project: text(&owner.project),
            user_id: text(&owner.user),
            model: model.as_ref().map(ModelId::to_string),
            created_at: created_at.0,
            expires_at: expires_at.map(|at| at.0),
            account: owner.account(),
            made_by: made_by.clone(),
        }
    }
}

/// `None` for a kind that only a newer program knows.
fn read(row: provider_object::Model) -> Option<ProviderObject> {
    Some(ProviderObject {
        kind: ProviderObjectKind::lookup(&row.kind)?,
        id: row.id,
        object: row.object,
        provider: ProviderId::from(row.provider),
        owner: Owner {
            key: row.key_id.map(KeyId::from),
            project: row.project.map(Arc::from),
            user: row.user_id.map(Arc::from),
        },
        model: row.model.map(ModelId::from),
        made_by: row.made_by,
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
    })
}

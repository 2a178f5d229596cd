//! Projects: what requests are booked on.

use crate::entity::project;
use crate::scope::DatabaseScope;
use crate::{StoreError, json};
use baton_model::chat::Json;
use baton_model::{Project, Timestamp};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};

/// The fields that have a column; those without one are in `more`.
const COLUMNS: [&str; 5] = ["id", "name", "metadata", "created_at", "updated_at"];

/// One page of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    /// The projects, newest first.
    pub items: Vec<Project>,
    /// The number of entries on all pages.
    pub total: u64,
}

/// The projects.
#[derive(Debug, Clone, Copy)]
pub struct ProjectRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl ProjectRepository<'_> {
    /// One page of projects, newest first; of the `only` one, where it is named. Pages count from 1.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self, only: Option<&str>, page: u64, page_size: u64) -> Result<ProjectPage, StoreError> {
        let query = project::Entity::find()
            .filter(Condition::all().add_option(only.map(|id| project::Column::Id.eq(id))))
            .order_by_desc(project::Column::CreatedAt)
            .order_by_desc(project::Column::Id);
        let reader = self.scope.reader();
        // SeaORM panics at a page of 0.
        let pages = query.paginate(&reader, page_size.max(1));
        let rows = pages.fetch_page(page.saturating_sub(1)).await?;
        let items = rows.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(ProjectPage { items, total: pages.num_items().await? })
    }

    /// The projects that say more than their name: budgets, limits, members, models. One that can't be read is left out,
    /// with a warning.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_with_rules(self) -> Result<Vec<Project>, StoreError> {
        // Fields that say nothing are not written, so projects that are only names are not read at all.
        let query = project::Entity::find().filter(project::Column::More.ne("{}"));
        let rows = query.order_by_asc(project::Column::Id).all(&self.scope.reader()).await?;
        Ok(crate::readable(rows.into_iter().map(read)))
    }

    /// The project of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &str) -> Result<Project, StoreError> {
        let row = project::Entity::find_by_id(id).one(&self.scope.reader()).await?;
        read(row.ok_or_else(|| not_found(id))?)
    }

    /// Adds a project.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, project: &Project) -> Result<(), StoreError> {
        let insert = project::Entity::insert(write(project).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the project `{}` exists already", project.id))
    }

    /// Replaces a project, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, project: &Project, seen: Timestamp) -> Result<(), StoreError> {
        let updated = project::Entity::update_many()
            .set(write(project).into_active_model().reset_all())
            .filter(project::Column::Id.eq(project.id.as_str()))
            .filter(project::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&project.id).await?;
        Err(StoreError::conflict(format!("the project `{}` was changed at the same time", project.id)))
    }

    /// Removes a project. Its requests stay in the ledger under its id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        let deleted = project::Entity::delete_by_id(id).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("project `{id}`"))
}

fn write(project: &Project) -> project::Model {
    project::Model {
        id: project.id.clone(),
        name: project.name.clone(),
        metadata: project.metadata.0.clone(),
        created_at: project.created_at.0,
        updated_at: project.updated_at.0,
        more: json::more::write(project, &COLUMNS),
    }
}

fn read(row: project::Model) -> Result<Project, StoreError> {
    let what = format!("a project (`{}`)", row.id);
    let project = Project {
        name: row.name,
        metadata: Json(row.metadata),
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        ..Project::new(row.id)
    };
    json::more::read(project, &row.more).map_err(|error| StoreError::corrupt(what, error))
}

//! Registered models.

use crate::entity::model;
use crate::scope::DatabaseScope;
use crate::{StoreError, json};
use baton_model::chat::Json;
use baton_model::{Capability, Model, ModelId, ModelSource, ModelStatus, Timestamp};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

/// The fields that have a column; those without one are in `more`.
const COLUMNS: [&str; 18] = [
    "model_id",
    "provider",
    "upstream",
    "capabilities",
    "status",
    "display_name",
    "description",
    "max_tokens",
    "token_limit",
    "price",
    "fallbacks",
    "configuration",
    "metadata",
    "quirks",
    "tokenizer",
    "source",
    "created_at",
    "updated_at",
];

/// The models that the database keeps. Those of the configuration file are not among them.
#[derive(Debug, Clone, Copy)]
pub struct ModelRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl ModelRepository<'_> {
    /// All of them, by id. One that can't be read is left out, and logged: a node must start without it.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self) -> Result<Vec<Model>, StoreError> {
        let rows = model::Entity::find().order_by_asc(model::Column::Id).all(&self.scope.reader()).await?;
        Ok(crate::readable(rows.into_iter().map(read)))
    }

    /// The model of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &ModelId) -> Result<Model, StoreError> {
        let row = model::Entity::find_by_id(id.as_str()).one(&self.scope.reader()).await?;
        read(row.ok_or_else(|| not_found(id))?)
    }

    /// Adds a model.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, model: &Model) -> Result<(), StoreError> {
        let insert = model::Entity::insert(write(model).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the model `{}` exists already", model.id))
    }

    /// Replaces a model, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, model: &Model, seen: Timestamp) -> Result<(), StoreError> {
        // All columns are marked as set: otherwise what is taken away (a price, a limit) would stay.
        let row = write(model).into_active_model().reset_all();
        let updated = model::Entity::update_many()
            .set(row)
            .filter(model::Column::Id.eq(model.id.as_str()))
            .filter(model::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&model.id).await?;
        Err(StoreError::conflict(format!("the model `{}` was changed at the same time", model.id)))
    }

    /// Removes a model.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &ModelId) -> Result<(), StoreError> {
        let deleted = model::Entity::delete_by_id(id.as_str()).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &ModelId) -> StoreError {
    StoreError::not_found(format!("model `{id}`"))
}

fn write(model: &Model) -> model::Model {
    model::Model {
        id: model.id.to_string(),
        provider: model.provider.to_string(),
        upstream: model.upstream.clone(),
        capabilities: json::names(model.capabilities.iter().map(|capability| capability.name())),
        status: model.status.name().to_owned(),
        display_name: model.display_name.clone(),
        description: model.description.clone(),
        max_tokens: model.max_tokens.map(json::integer),
        token_limit: model.token_limit.map(json::integer),
        price: model.price.as_ref().map(json::text),
        fallbacks: json::names(model.fallbacks.iter().map(ModelId::as_str)),
        configuration: json::members(&model.configuration),
        // The column holds JSON, and a model that code has made holds nothing.
        metadata: if model.metadata.0.is_empty() { "{}".to_owned() } else { model.metadata.0.clone() },
        quirks: json::text(&model.quirks),
        tokenizer: model.tokenizer.clone(),
        source: model.source.name().to_owned(),
        created_at: model.created_at.0,
        updated_at: model.updated_at.0,
        more: json::more::write(model, &COLUMNS),
    }
}

fn read(row: model::Model) -> Result<Model, StoreError> {
    let what = format!("a model (`{}`)", row.id);
    let corrupt = |reason: String| StoreError::corrupt(what.clone(), reason);
    let unknown = |field: &str, word: &str| corrupt(format!("its {field} is `{word}`"));
    let names = |text: &str| json::read_names(text).map_err(|error| corrupt(error.to_string()));
    let capability = |name: &String| Capability::lookup(name).ok_or_else(|| unknown("capability", name));
    let model = Model {
        capabilities: names(&row.capabilities)?.iter().map(capability).collect::<Result<_, _>>()?,
        status: ModelStatus::lookup(&row.status).ok_or_else(|| unknown("status", &row.status))?,
        source: ModelSource::lookup(&row.source).ok_or_else(|| unknown("source", &row.source))?,
        price: row
            .price
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| corrupt(error.to_string()))?,
        fallbacks: names(&row.fallbacks)?.iter().map(ModelId::from).collect(),
        configuration: json::read_members(&row.configuration).map_err(|error| corrupt(error.to_string()))?,
        quirks: json::read_quirks(&row.quirks).map_err(|error| corrupt(error.to_string()))?,
        metadata: Json(row.metadata),
        upstream: row.upstream,
        display_name: row.display_name,
        description: row.description,
        max_tokens: row.max_tokens.and_then(|tokens| u64::try_from(tokens).ok()),
        token_limit: row.token_limit.and_then(|tokens| u64::try_from(tokens).ok()),
        tokenizer: row.tokenizer,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        // What has no column is as in a new model until `more` is read.
        ..Model::new(&row.id, &row.provider)
    };
    json::more::read(model, &row.more).map_err(|error| corrupt(error.to_string()))
}

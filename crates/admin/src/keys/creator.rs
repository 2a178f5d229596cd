//! As what a caller creates and changes keys.

use crate::Admin;
use crate::wire::changes::FieldChanges;
use baton_control::projects::KeyCreator;
use baton_model::schema::settable_names;
use baton_model::{ApiKey, Caller, Code, KeyId, Project, PublicError};
use baton_store::StoreError;

/// As what a caller creates keys, with its own project if that decided it.
///
/// # Errors
/// `permission_denied` if it may create none.
pub async fn of(admin: &Admin, caller: &Caller) -> Result<(KeyCreator, Option<Project>), PublicError> {
    let own = match caller.project.as_deref() {
        Some(id) if !KeyCreator::is_admin(caller) => find(admin, id).await?,
        _ => None,
    };
    Ok((KeyCreator::of(caller, own.as_ref())?, own))
}

/// The project of a new key, where it is registered: a key may be for one that only tokens and requests name.
///
/// # Errors
/// If the database can't be read.
pub async fn project_of(admin: &Admin, key: &ApiKey) -> Result<Option<Project>, PublicError> {
    match key.project.as_deref() {
        Some(id) => find(admin, id).await,
        None => Ok(None),
    }
}

async fn find(admin: &Admin, id: &str) -> Result<Option<Project>, PublicError> {
    match admin.store.projects().get(id).await {
        Ok(project) => Ok(Some(project)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the creator may say all that a body says.
///
/// # Errors
/// `permission_denied` that names the field.
pub fn check_fields(creator: &KeyCreator, changes: &FieldChanges<ApiKey>) -> Result<(), PublicError> {
    let Some(field) = settable_names::<ApiKey>().into_iter().find(|name| changes.says(name) && !creator.may_set(name))
    else {
        return Ok(());
    };
    let allowed = KeyCreator::FIELDS_OF_MEMBERS.join(" and ");
    let message = format!("{field}: a member sets only {allowed} of its own keys; the project's template has the rest");
    Err(PublicError::new(Code::PermissionDenied, message).at(field))
}

/// The creator, if the key of that id is one that it may change. Another's is not there for it.
///
/// # Errors
/// `not_found`; `permission_denied` if the caller may change no key at all.
pub async fn for_key(admin: &Admin, caller: &Caller, id: &KeyId) -> Result<KeyCreator, PublicError> {
    let (creator, _) = of(admin, caller).await?;
    if creator.may_change(&admin.store.keys().get(id).await?) {
        return Ok(creator);
    }
    Err(StoreError::NotFound { what: format!("key `{id}`") }.into())
}

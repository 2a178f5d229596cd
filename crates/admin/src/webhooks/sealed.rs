//! A webhook's secret as the database keeps it: sealed.

use crate::Admin;
use crate::wire::faults::Faults;
use baton_events::webhooks::{WebhookSecrets, sealed_row};
use baton_model::{Code, PublicError, Webhook};
use baton_seal::Keyring;

/// The secrets of a webhook, sealed.
///
/// # Errors
/// `validation_error` if there is nothing to seal with.
pub fn seal(admin: &Admin, id: &str, secrets: &WebhookSecrets) -> Result<String, PublicError> {
    let sealed = keyring(admin)?.seal(&sealed_row(id), secrets.write().as_bytes());
    sealed.map_err(|error| PublicError::new(Code::Internal, "the secret could not be encrypted").with_cause(error))
}

/// The secrets of a webhook.
///
/// # Errors
/// `validation_error` if there is nothing to open them with; `conflict` if what there is does not.
pub fn open(admin: &Admin, webhook: &Webhook) -> Result<WebhookSecrets, PublicError> {
    let lost = |why: String| {
        let message =
            format!("the webhook's secret can't be read ({why}); rotate it with `overlap` 0s to replace it at once");
        PublicError::new(Code::Conflict, message)
    };
    // The row's name is part of the encryption. A secret that somebody moved to another row does not open.
    let opened = keyring(admin)?.open_text(&sealed_row(&webhook.id), &webhook.sealed_secret);
    WebhookSecrets::read(&opened.map_err(|error| lost(error.to_string()))?).map_err(|error| lost(error.to_string()))
}

fn keyring(admin: &Admin) -> Result<&Keyring, PublicError> {
    if let Some(keyring) = admin.providers.keyring() {
        return Ok(keyring);
    }
    let mut faults = Faults::default();
    faults.add(
        "secret",
        "can't be stored, because there is no key to encrypt it with: set BATON_SECRET_KEY (`baton secrets key` makes one)",
    );
    faults.check()?;
    // Never reached: the fault above is one.
    Err(PublicError::new(Code::Internal, "there is no key to encrypt it with"))
}

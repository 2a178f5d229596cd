//! `baton secrets`.

use super::Output;
use crate::app;
use crate::config::{ConfigSource, Environment, load};
use anyhow::Context;
use baton_model::{Actor, Clock, SystemClock, Timestamp};
use baton_seal::Keyring;
use baton_store::{Change, NewAudit, Store};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// Manages the key that encrypts the secrets in the database.
///
/// Example: baton secrets rotate
#[derive(Args)]
pub struct SecretsCommand {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Prints a new random key for BATON_SECRET_KEY.
    ///
    /// Example: baton secrets key
    Key,
    /// Encrypts every secret in the database with the newest key.
    ///
    /// To change the key: set BATON_SECRET_KEY=NEW,OLD on every node and restart them, run this command, then remove the
    /// old key. Example: baton secrets rotate
    Rotate,
}

/// How many secrets there are, and how many of them were re-encrypted.
#[derive(Default)]
struct Tally {
    all: usize,
    changed: usize,
}

impl SecretsCommand {
    /// Runs it.
    pub async fn run(self, source: &ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        if let Action::Key = self.action {
            let key = baton_seal::generate()?;
            self.output.print_done(&key, &json!({ "key": *key }));
            return Ok(ExitCode::SUCCESS);
        }
        let config = load(source, environment)?;
        let keyring = config.auth.keyring().map_err(anyhow::Error::msg)?;
        let keyring = keyring.context("BATON_SECRET_KEY is not set; set it to NEW,OLD")?;
        let store = app::open_store(&config).await?;
        let tally = rotate(&store, &keyring).await;
        store.close().await;
        let Tally { all, changed } = tally?;
        let newest = keyring.newest_key_id();
        let sentence = format!("{changed} of {all} secrets re-encrypted; all use the key `{newest}` now");
        self.output.print_done(&sentence, &json!({ "secrets": all, "changed": changed, "key": newest }));
        Ok(ExitCode::SUCCESS)
    }
}

/// All of them or none.
async fn rotate(store: &Store, keyring: &Keyring) -> anyhow::Result<Tally> {
    let change = store.change(&Actor::service("secrets")).await?;
    let now = SystemClock.now();
    let mut tally = Tally::default();
    providers(&change, keyring, now, &mut tally).await?;
    webhooks(&change, keyring, now, &mut tally).await?;
    // Without a commit it is rolled back: a second run makes no new revision, for which every node would reload.
    if tally.changed > 0 {
        change.commit().await?;
    }
    Ok(tally)
}

async fn providers(change: &Change, keyring: &Keyring, now: Timestamp, tally: &mut Tally) -> anyhow::Result<()> {
    for mut provider in change.providers().list().await? {
        let Some(sealed) = &provider.sealed_key else { continue };
        tally.all += 1;
        // The name of the row is sealed in with the secret, so it has to be the one that Baton opens it with.
        let row = baton_control::sealed_row(&provider.name);
        let resealed = keyring.reseal(&row, sealed).with_context(|| format!("the provider `{}`", provider.name))?;
        let Some(resealed) = resealed else { continue };
        let seen = provider.updated_at;
        provider.sealed_key = Some(resealed);
        // The time is the version too, so it always moves.
        provider.updated_at = now.max(Timestamp(seen.0 + 1));
        // With the version that was read: a key that an operator has just replaced is not overwritten by the old one.
        change.providers().update(&provider, seen).await?;
        note(change, "provider.reseal", "provider", provider.name.to_string()).await?;
        tally.changed += 1;
    }
    Ok(())
}

async fn webhooks(change: &Change, keyring: &Keyring, now: Timestamp, tally: &mut Tally) -> anyhow::Result<()> {
    for mut webhook in change.webhooks().list().await? {
        tally.all += 1;
        let row = format!("webhooks/{}/secret", webhook.id);
        let resealed = keyring.reseal(&row, &webhook.sealed_secret);
        let resealed = resealed.with_context(|| format!("the webhook `{}`", webhook.id))?;
        let Some(resealed) = resealed else { continue };
        let seen = webhook.updated_at;
        webhook.sealed_secret = resealed;
        webhook.updated_at = now.max(Timestamp(seen.0 + 1));
        change.webhooks().update(&webhook, seen).await?;
        note(change, "webhook.reseal", "webhook", webhook.id.clone()).await?;
        tally.changed += 1;
    }
    Ok(())
}

async fn note(change: &Change, action: &'static str, kind: &'static str, subject: String) -> anyhow::Result<()> {
    Ok(change.audit(NewAudit { action, kind, subject, before: None, after: None }).await?)
}

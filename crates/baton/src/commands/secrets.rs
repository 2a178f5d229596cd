//! `baton secrets`.

use super::{configuration, output};
use crate::app;
use crate::config::{Environment, Source};
use anyhow::Context;
use baton_model::{Actor, Clock, SystemClock, Timestamp};
use baton_seal::Keyring;
use baton_store::{Change, NewAudit, Store};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// Looks after the key that secrets in the database are encrypted with.
///
/// Example: baton secrets rotate
#[derive(Args)]
pub struct Secrets {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints a new key for BATON_SECRET_KEY.
    ///
    /// Example: baton secrets key
    Key,
    /// Encrypts every secret in the database anew with the newest key. To change keys: put the new one before the old
    /// (BATON_SECRET_KEY=NEW,OLD) on every node, run this, then take the old one away.
    ///
    /// Example: baton secrets rotate --json
    Rotate {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

/// How many secrets there are, and how many of them were encrypted anew.
#[derive(Default)]
struct Tally {
    all: usize,
    changed: usize,
}

impl Secrets {
    /// Runs it.
    pub async fn run(self, source: &Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let What::Rotate { json } = self.what else {
            output::line(&baton_seal::generate()?);
            return Ok(ExitCode::SUCCESS);
        };
        let config = configuration(source, environment)?;
        let keyring = config.auth.keyring().map_err(anyhow::Error::msg)?;
        let keyring = keyring.context("BATON_SECRET_KEY is not set: set it to the new key, a comma and the old one")?;
        let store = app::open_store(&config).await?;
        let tally = rotate(&store, &keyring).await;
        store.close().await;
        let Tally { all, changed } = tally?;
        if json {
            output::json(&json!({ "secrets": all, "changed": changed, "key": keyring.newest() }));
        } else {
            output::line(&format!(
                "{changed} of {all} secrets are encrypted anew; all are with the key `{}`",
                keyring.newest()
            ));
        }
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
    if tally.changed > 0 {
        change.commit().await?;
    }
    Ok(tally)
}

async fn providers(change: &Change, keyring: &Keyring, now: Timestamp, tally: &mut Tally) -> anyhow::Result<()> {
    for mut provider in change.providers().list().await? {
        let Some(sealed) = &provider.sealed_key else { continue };
        tally.all += 1;
        let row = baton_control::sealed_row(&provider.name);
        let resealed = keyring.reseal(&row, sealed).with_context(|| format!("the provider `{}`", provider.name))?;
        let Some(resealed) = resealed else { continue };
        let seen = provider.updated_at;
        provider.sealed_key = Some(resealed);
        // The time is the version too, so it always moves.
        provider.updated_at = now.max(Timestamp(seen.0 + 1));
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

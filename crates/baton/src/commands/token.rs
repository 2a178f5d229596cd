//! `baton token`.

use super::Output;
use crate::config::{Config, ConfigSource, Environment, load};
use anyhow::{Context, bail};
use baton_auth::token::{Mint, mint};
use baton_model::entity::Role;
use baton_model::{Clock, SystemClock};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Creates JSON Web Tokens that a Baton with the same JWT_SECRET accepts.
///
/// Example: baton token mint --sub ada --role operator --ttl 8h
#[derive(Args)]
pub struct TokenCommand {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Creates a token and prints it.
    ///
    /// Example: baton token mint --sub ada --project search --models gpt-4o-mini --ttl 1h
    Mint {
        /// User that requests are charged to
        #[arg(long, value_name = "USER")]
        sub: String,
        /// Role: `caller`, `viewer`, `operator` or `admin`
        #[arg(long, default_value = "caller")]
        role: String,
        /// Project that requests are charged to
        #[arg(long)]
        project: Option<String>,
        /// Models that the token may use [default: all]
        #[arg(long, value_delimiter = ',')]
        models: Vec<String>,
        /// How long it is valid, such as 15m, 8h or 30d
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = ttl)]
        ttl: Duration,
    },
}

impl TokenCommand {
    /// Runs it.
    pub fn run(self, source: &ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let config = load(source, environment)?;
        let Action::Mint { sub, role, project, models, ttl } = self.action;
        let known = Role::ALL.map(Role::name).join(", ");
        let role = Role::lookup(&role).with_context(|| format!("--role: must be one of {known}, got `{role}`"))?;
        let token = make_token(&config, Mint { user: sub, role, project, models, ttl, issuer: None, audience: None })?;
        let object = json!({ "token": token, "role": role.name(), "expires_in": ttl.as_secs() });
        self.output.print_done(&token, &object);
        Ok(ExitCode::SUCCESS)
    }
}

/// The shortest secret that tokens are signed with, as production requires of a service too.
const SECRET_BYTES: usize = 32;

/// Signs a token as the configuration says.
fn make_token(config: &Config, wanted: Mint) -> anyhow::Result<String> {
    let jwt = &config.auth.jwt;
    let settings = jwt.settings();
    let Some(secret) = &settings.secret else {
        bail!("JWT_SECRET is not set; it must be the secret that Baton verifies tokens with");
    };
    // Whoever has one token can search for a short secret offline, and then make tokens of any role.
    if secret.reveal().len() < SECRET_BYTES {
        bail!("JWT_SECRET must be at least {SECRET_BYTES} bytes long; `openssl rand -base64 48` makes one");
    }
    // One of those that Baton accepts is enough.
    let audience = settings.audience.first().cloned();
    let wanted = Mint { issuer: settings.issuer.clone(), audience, ..wanted };
    mint(secret, &settings.claims, &wanted, SystemClock.now()).map_err(anyhow::Error::msg)
}

fn ttl(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(ttl) if ttl.as_secs() > 0 => Ok(ttl),
        _ => Err("must be a time such as 15m, 8h or 30d".to_owned()),
    }
}

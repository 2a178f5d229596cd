//! `baton token`.

use super::{configuration, output};
use crate::config::{Config, Environment, Source};
use anyhow::{Context, bail};
use baton_auth::token::{Mint, mint};
use baton_model::entity::Role;
use baton_model::{Clock, SystemClock};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Makes JSON Web Tokens that a Baton with the same JWT_SECRET accepts.
///
/// Example: baton token mint --sub ada --role operator --ttl 8h
#[derive(Args)]
pub struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes a token and prints it.
    ///
    /// Example: baton token mint --sub ada --project search --models gpt-4o-mini --ttl 1h
    Mint {
        /// The user that requests are booked on
        #[arg(long, value_name = "USER")]
        sub: String,
        /// `admin`, `operator`, `viewer` or `caller`
        #[arg(long, default_value = "caller")]
        role: String,
        /// The project that requests are booked on
        #[arg(long)]
        project: Option<String>,
        /// The models it may use; by default all
        #[arg(long, value_delimiter = ',')]
        models: Vec<String>,
        /// How long it is valid: `15m`, `8h`, `30d`
        #[arg(long, default_value = "1h", value_parser = ttl)]
        ttl: Duration,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

impl Token {
    /// Runs it.
    pub fn run(self, source: &Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let config = configuration(source, environment)?;
        let What::Mint { sub, role, project, models, ttl, json } = self.what;
        let known = Role::ALL.map(Role::name).join(", ");
        let role = Role::lookup(&role).with_context(|| format!("--role: `{role}` is none of {known}"))?;
        let token = make(&config, Mint { user: sub, role, project, models, ttl, issuer: None, audience: None })?;
        if json {
            output::json(&json!({ "token": token, "role": role.name(), "expires_in": ttl.as_secs() }));
        } else {
            output::line(&token);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Signs a token as the configuration wants it.
fn make(config: &Config, wanted: Mint) -> anyhow::Result<String> {
    let jwt = &config.auth.jwt;
    let settings = jwt.settings();
    let Some(secret) = &settings.secret else {
        bail!("JWT_SECRET is not set: tokens are signed with the secret that the service checks them with");
    };
    let audience = settings.audience.first().cloned();
    let wanted = Mint { issuer: settings.issuer.clone(), audience, ..wanted };
    mint(secret, &settings.claims, &wanted, SystemClock.now()).map_err(anyhow::Error::msg)
}

fn ttl(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(ttl) if ttl.as_secs() > 0 => Ok(ttl),
        _ => Err("expected a time such as 15m, 8h or 30d".to_owned()),
    }
}

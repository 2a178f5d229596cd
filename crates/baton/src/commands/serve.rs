//! `baton serve`.

use super::{ignored, output};
use crate::app::App;
use crate::config::{Config, ConfigSource, Environment, load};
use crate::nodes::{Lease, leases};
use crate::private;
use crate::serve;
use crate::telemetry::{self, Console};
use baton_auth::Bootstrap;
use baton_control::Problem;
use baton_model::Actor;
use clap::Args;
use std::process::ExitCode;

/// Starts Baton and serves requests until a signal.
///
/// Example: baton serve --config baton.toml --listen 127.0.0.1:8080
#[derive(Args)]
pub struct ServeCommand {
    /// Address and port to listen on [default: $BATON_LISTEN, else the file's, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

impl ServeCommand {
    /// Runs until a signal.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let config = load(&ConfigSource { listen: self.listen, ..source }, environment)?;
        // Before the first file is made, which is the log.
        private::files();
        let _telemetry = telemetry::start(&config.logs, Console::All)?;
        // Before the database is opened: a second Baton by mistake ends here and migrates nothing.
        let listeners = serve::listen(&config).await?;
        let app = App::build(&config).await?;
        if config.discovery.at_start {
            // Of nodes that start at once, one asks.
            if Lease::new(app.store.clone(), leases::DISCOVERY).is_held().await {
                discover(&app).await;
            }
        }
        // Before the node says that it is ready: a supervisor may send SIGTERM right after.
        let stop = serve::signals();
        print_greeting(&app, &config, environment, listeners.address()?);
        warn_of_problems(&app).await;
        serve::serve(app, listeners, &config, stop).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes over what the providers list. Whatever goes wrong, the node starts with the models that it knows.
async fn discover(app: &App) {
    if let Err(error) = app.models.discover(None, false, &Actor::service("discovery")).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the models could not be discovered; the models known before stay available"
        );
    }
}

/// Logs what is registered but can't be used.
async fn warn_of_problems(app: &App) {
    match app.models.problems().await {
        Ok(problems) => {
            for Problem { model, problem } in problems {
                tracing::warn!(model.id = %model, problem, "a registered model has a problem");
            }
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the registered models could not be checked")
        }
    }
}

fn print_greeting(app: &App, config: &Config, environment: &Environment, address: std::net::SocketAddr) {
    let models = app.engine.registry().snapshot().models.len();
    tracing::info!(%address, models, providers = config.providers.len(), "baton is ready");
    if let Bootstrap::Made(key) = &app.bootstrap {
        output::print_line(&first_key(key.reveal()));
    }
    for warning in ignored::warnings(config, environment) {
        tracing::warn!("{warning}");
    }
    if app.open_on_loopback {
        tracing::warn!(
            "development mode: requests from this machine need no API key and have the role admin; set BATON_ADMIN_KEY or JWT_SECRET to require one"
        );
    }
    if config.providers.is_empty() {
        tracing::warn!(
            "no provider is configured: set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_URL, or write a baton.toml"
        );
    }
}

/// The key of a first start. It stands apart from the log lines, on the terminal alone: no log file holds it.
fn first_key(key: &str) -> String {
    // Its line is one that `grep "admin key"` finds in a container's log.
    let line = format!("The admin key, shown only once: {key}");
    let rule = "─".repeat(line.len());
    format!("\n{rule}\n{line}\nbaton's own commands read it from BATON_API_KEY.\n{rule}\n")
}

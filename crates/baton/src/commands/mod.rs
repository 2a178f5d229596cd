//! The commands, one file each.

mod apply;
mod audit;
mod backup;
mod budgets;
mod cache;
mod chat;
mod check;
mod completions;
mod db;
mod demo;
mod events;
mod export;
mod feedback;
mod health;
mod ignored;
mod import;
mod keys;
mod limits;
mod migrate;
mod models;
mod openapi;
mod output;
mod own_policies;
mod prices;
mod projects;
mod providers;
mod requests;
mod restore;
mod route;
mod scope;
mod secrets;
mod serve;
mod sim;
mod token;
mod toml_file;
mod usage;
mod users;
mod webhooks;

pub use output::{EVERYWHERE, Output};

use crate::config::{ConfigSource, Environment};
use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// One API in front of every AI model a company uses.
///
/// Commands that talk to a running Baton find it by --url or BATON_URL, and use the API key in --key, BATON_API_KEY or
/// BATON_ADMIN_KEY. Variables are read from the environment and from a file `.env` in the working directory.
#[derive(Parser)]
#[command(name = "baton", version, propagate_version = true)]
struct Cli {
    /// Configuration file [default: $BATON_CONFIG, else baton.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::ServeCommand),
    Demo(demo::DemoCommand),
    Check(check::CheckCommand),
    Health(health::HealthCommand),
    Migrate(migrate::MigrateCommand),
    #[command(subcommand)]
    Db(db::DbCommand),
    Backup(backup::BackupCommand),
    Restore(restore::RestoreCommand),
    Apply(apply::ApplyCommand),
    Export(export::ExportCommand),
    Import(import::ImportCommand),
    Models(models::ModelsCommand),
    Providers(providers::ProvidersCommand),
    Route(route::RouteCommand),
    Keys(keys::KeysCommand),
    Projects(projects::ProjectsCommand),
    Users(users::UsersCommand),
    Budgets(budgets::BudgetsCommand),
    Limits(limits::LimitsCommand),
    Prices(prices::PricesCommand),
    Token(token::TokenCommand),
    Secrets(secrets::SecretsCommand),
    Usage(usage::UsageCommand),
    Requests(requests::RequestsCommand),
    Feedback(feedback::FeedbackCommand),
    Cache(cache::CacheCommand),
    Webhooks(webhooks::WebhooksCommand),
    Events(events::EventsCommand),
    Audit(audit::AuditCommand),
    Chat(chat::ChatCommand),
    Sim(sim::SimulateCommand),
    Openapi(openapi::OpenApiCommand),
    Completions(completions::CompletionsCommand),
    #[command(hide = true)]
    Docs(openapi::DocsCommand),
}

/// Every command with its arguments.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command that the process was asked for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the error of a command belongs on the terminal")]
fn print_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Libraries that make TLS connections of their own take the process's default. Where none is chosen and a
    // dependency has compiled in a second library, rustls panics at the first connection.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the TLS library is initialized already"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime's threads can't be started")?;
    let environment = Environment::of_process();
    let source = ConfigSource { file: cli.config, listen: None };
    runtime.block_on(async move {
        match cli.command {
            Command::Serve(command) => command.run(source, &environment).await,
            Command::Demo(command) => command.run(source, &environment).await,
            Command::Check(command) => command.run(source, &environment).await,
            Command::Health(command) => command.run(source, &environment).await,
            Command::Migrate(command) => command.run(source, &environment).await,
            Command::Db(command) => command.run().await,
            Command::Backup(command) => command.run(source, &environment).await,
            Command::Restore(command) => command.run(source, &environment).await,
            Command::Apply(command) => command.run(&environment).await,
            Command::Export(command) => command.run(&environment).await,
            Command::Import(command) => command.run(source),
            Command::Models(command) => command.run(&environment).await,
            Command::Providers(command) => command.run(&environment).await,
            Command::Route(command) => command.run(&environment).await,
            Command::Requests(command) => command.run(&environment).await,
            Command::Feedback(command) => command.run(&environment).await,
            Command::Cache(command) => command.run(&environment).await,
            Command::Completions(command) => Ok(command.run(definition())),
            Command::Keys(command) => command.run(&environment).await,
            Command::Token(command) => command.run(&source, &environment),
            Command::Secrets(command) => command.run(&source, &environment).await,
            Command::Usage(command) => command.run(&environment).await,
            Command::Projects(command) => command.run(&environment).await,
            Command::Users(command) => command.run(&environment).await,
            Command::Budgets(command) => command.run(&environment).await,
            Command::Limits(command) => command.run(&environment).await,
            Command::Prices(command) => command.run(&environment).await,
            Command::Webhooks(command) => command.run(&environment).await,
            Command::Events(command) => command.run(&environment).await,
            Command::Audit(command) => command.run(&environment).await,
            Command::Chat(command) => command.run(&environment).await,
            Command::Sim(command) => command.run().await,
            Command::Openapi(command) => command.run(),
            Command::Docs(command) => Ok(command.run()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    /// clap hands a global argument down by its id: where a subcommand has an argument of the same id, one value serves
    /// both, and nothing complains.
    #[test]
    fn no_argument_shares_its_id_or_name_with_a_global_one() {
        check(&definition(), &BTreeSet::new(), "baton");
    }

    fn check(command: &clap::Command, inherited: &BTreeSet<String>, path: &str) {
        let names = |argument: &clap::Arg| {
            let long = argument.get_long().map(|long| format!("--{long}"));
            let short = argument.get_short().map(|short| format!("-{short}"));
            [Some(argument.get_id().to_string()), long, short].into_iter().flatten()
        };
        for argument in command.get_arguments() {
            for name in names(argument) {
                assert!(!inherited.contains(&name), "{path}: `{name}` is a global argument already");
            }
        }
        let global = command.get_arguments().filter(|argument| argument.is_global_set()).flat_map(names);
        let inherited: BTreeSet<String> = inherited.iter().cloned().chain(global).collect();
        for command in command.get_subcommands() {
            check(command, &inherited, &format!("{path} {}", command.get_name()));
        }
    }
}

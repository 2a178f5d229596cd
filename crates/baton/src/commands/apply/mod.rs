//! `baton apply`: makes what is registered what a file says.
//!
//! [`file`] reads the file, [`registered`] what the server has, [`schema`] which fields there are; [`diff`] compares a
//! thing with its entry, [`plan`] decides what is to be done and checks it ([`step`] is what it consists of), [`run`] does it, [`show`] prints it. [`kinds`]
//! is the table of what a file may hold.

mod diff;
pub mod file;
pub mod kinds;
pub mod plan;
mod references;
pub mod registered;
mod run;
pub mod schema;
mod secrets;
mod show;
pub mod step;

use super::output::{self, Column, Format};
use crate::client::{ApiClient, ExpectedReply, Server};
use crate::config::Environment;
use anyhow::{Context, bail};
use clap::Args;
use file::{Declarations, FileFormat};
use run::{Outcome, SecretSink};
use schema::BodyFields;
use secrets::{ReportSink, SecretFile, TerminalSink};
use serde_json::Value;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use step::{Plan, ServerState, Wishes};

/// Makes providers, models, prices, projects, users, keys, budgets, limits and webhooks what a file says.
///
/// The file is TOML, JSON or YAML, with an array of tables for each kind and the fields of the API's bodies. A field that it
/// leaves out stays as it is. What would change is printed first; running it again changes nothing. `${NAME}` in a value is
/// taken from the environment.
///
/// With --dry-run the exit code is 0 if nothing would change, 2 if something would, and 1 if it can't be done.
///
/// Example: baton apply -f team.toml --dry-run
#[derive(Args)]
pub struct ApplyCommand {
    #[command(flatten)]
    server: Server,
    /// The file; `-` for the standard input
    #[arg(short, long)]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what was registered over the API and is not in the file, of the kinds that the file mentions
    #[arg(long)]
    prune: bool,
    /// Write the secrets of new keys and webhooks into this new file, for its owner alone, instead of printing them
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Send the keys, headers and queries of providers again. Only how they begin is shown, so that a change behind that is not noticed
    #[arg(long)]
    resend: bool,
}

/// What `--output csv` has of each step.
const COLUMNS: [Column<'_>; 5] =
    [("action", "/action"), ("kind", "/kind"), ("name", "/name"), ("state", "/state"), ("fields", "/fields")];
/// The exit code of a dry run that found something to change.
const CHANGES: u8 = 2;

impl ApplyCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let declarations = read_file(&self.file, environment)?;
        let client = self.server.client(environment)?;
        let state = read_server(&client, &declarations).await?;
        let wishes = Wishes { prune: self.prune, resend: self.resend };
        let plan =
            Plan::new(&declarations, &state, wishes).map_err(|problems| list(&problems, "nothing was changed"))?;
        for note in &plan.notes {
            output::print_note(note);
        }
        let for_people = self.server.output.format() == Format::Table;
        if for_people {
            let colour = std::io::stdout().is_terminal() && environment.get("NO_COLOR").is_none();
            output::print_text(&show::paragraphs(&plan, colour));
        }
        let outcome = if self.dry_run { Outcome::default() } else { self.carry_out(&client, &plan).await? };
        self.print(&plan, &outcome);
        match &outcome.failure {
            Some(failure) => bail!("{failure}"),
            None if self.dry_run && !plan.steps.is_empty() => Ok(ExitCode::from(CHANGES)),
            None => Ok(ExitCode::SUCCESS),
        }
    }

    async fn carry_out(&self, client: &ApiClient, plan: &Plan) -> anyhow::Result<Outcome> {
        let makes_secrets =
            plan.steps.iter().any(|step| step.action == step::Action::Create && step.kind.secret.is_some());
        let mut sink: Box<dyn SecretSink + Send> = match &self.secrets {
            // Before the first call: a secret that can't be written is lost. Only if there will be one, because a second
            // run must not fail on the file of the first.
            Some(path) if makes_secrets => Box::new(SecretFile::create(path)?),
            _ if self.server.output.format() == Format::Json => Box::new(ReportSink),
            _ => Box::new(TerminalSink),
        };
        Ok(run::carry_out(client, plan, sink.as_mut()).await)
    }

    /// Prints what became of it.
    fn print(&self, plan: &Plan, outcome: &Outcome) {
        let report = show::report(plan, outcome, self.dry_run, self.secrets.is_none());
        if self.server.output.format() != Format::Table {
            return self.server.output.print_list(&COLUMNS, &report);
        }
        if outcome.failure.is_some() {
            let line = |(place, step): (usize, &step::Step)| {
                let state = if place < outcome.done { "done    " } else { "not done" };
                format!("{state}  {} {} `{}`", step.action.name(), step.kind.noun, step.name)
            };
            let lines: Vec<String> = plan.steps.iter().enumerate().map(line).collect();
            return output::print_line(&lines.join("\n"));
        }
        let sentence = match self.dry_run {
            true => show::summary(plan, |action| format!("to {action}")),
            false => show::summary(plan, |action| format!("{}d", action)),
        };
        output::print_line(&sentence);
    }
}

/// Reads the file.
fn read_file(path: &Path, environment: &Environment) -> anyhow::Result<Declarations> {
    let is_input = path == Path::new("-");
    let text = if is_input {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("the standard input can't be read")?;
        text
    } else {
        std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?
    };
    let name = if is_input { "the standard input".to_owned() } else { path.display().to_string() };
    file::read(&name, &text, FileFormat::of(path, &text), environment)
        .map_err(|problems| list(&problems, "nothing was changed"))
}

/// Everything of the server that the plan depends on.
async fn read_server(client: &ApiClient, declarations: &Declarations) -> anyhow::Result<ServerState> {
    let mut state = ServerState { fields: BodyFields::of_server(client).await?, ..ServerState::default() };
    for kind in &kinds::ALL {
        if plan::needed_kinds(declarations).contains(kind.name) && state.fields.of(kind).is_some() {
            state.registered.insert(kind.name, registered::read(client, kind).await?);
        }
    }
    if declarations.kinds.contains_key("keys") {
        let me = client.get("/api/me", &[], &ExpectedReply::ok(&[])).await?;
        state.own_key = me.get("key_id").and_then(Value::as_str).map(str::to_owned);
    }
    Ok(state)
}

/// Problems as one error, a line for each.
fn list(problems: &[String], end: &str) -> anyhow::Error {
    anyhow::anyhow!("{}\n{end}", problems.join("\n"))
}

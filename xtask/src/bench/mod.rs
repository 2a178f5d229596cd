//! Measurements of speed: what requests cost beside nginx, and how long a start takes.

mod gateway;
mod instructions;
mod measured;
mod rows;
mod run;
mod startup;
mod table;

use clap::{Args, Subcommand};

/// Measures what each kind of request costs, beside nginx in the same run
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    #[command(subcommand)]
    command: Option<Other>,
    #[command(flatten)]
    rows: run::Rows,
}

#[derive(Subcommand)]
enum Other {
    Startup(startup::Startup),
    Instructions(instructions::Instructions),
}

impl Bench {
    /// Runs it.
    ///
    /// # Errors
    /// If something can't be built or started, or a reply is not as it must be.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Some(Other::Startup(startup)) => startup.run(),
            Some(Other::Instructions(instructions)) => instructions.run(),
            None => self.rows.run(),
        }
    }
}

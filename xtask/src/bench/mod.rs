//! Measurements of speed: what requests cost beside nginx, and how long a start takes.

mod callgrind;
mod gateway;
mod growth;
mod instructions;
mod latency;
mod measured;
mod peers;
mod profile;
mod rows;
mod run;
mod sender;
mod startup;
mod streams;
mod sustained;
mod table;
mod testbed;
mod workers;

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
    Latency(latency::Latency),
    Sustained(sustained::Sustained),
    Streams(streams::Streams),
    Growth(growth::Growth),
    Workers(workers::Workers),
    Profile(profile::Profile),
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
            Some(Other::Latency(latency)) => latency.run(),
            Some(Other::Sustained(sustained)) => sustained.run(),
            Some(Other::Streams(streams)) => streams.run(),
            Some(Other::Growth(growth)) => growth.run(),
            Some(Other::Workers(workers)) => workers.run(),
            Some(Other::Profile(profile)) => profile.run(),
            None => self.rows.run(),
        }
    }
}

//! The two ends of a measurement: load, and an upstream that costs almost nothing. A program of its own, because it is
//! built with optimisation while the tools around it are not.

#![expect(clippy::print_stdout, reason = "a tool for developers")]

mod head;
mod hold;
mod load;
mod pace;
mod replies;
mod reply;
mod request;
mod upstream;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask-load", about = "Load for measurements, and an upstream that costs almost nothing")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Upstream(upstream::Upstream),
    Run(load::Load),
    Hold(hold::Hold),
}

fn main() -> anyhow::Result<()> {
    // One thread: both ends share a core, and the gateway has another.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Cli::parse().command {
        Command::Upstream(upstream) => runtime.block_on(upstream.run()),
        Command::Run(load) => runtime.block_on(load.run()),
        Command::Hold(hold) => runtime.block_on(hold.run()),
    }
}

//! Checks and measurements for developers: `cargo xtask --help`.

#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "a tool for developers")]

mod bench;
mod bill;
mod catalogue;
mod circles;
mod corpus;
mod counting;
mod coverage;
mod docs;
mod layers;
mod live;
mod long;
mod process;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Checks and measurements for developers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks that no crate uses one of its own layer or above
    Layers,
    /// Checks that no two files of a crate import each other, directly or through others
    Circles,
    /// Writes the generated documents: formats, configuration reference, metric list, openapi.json
    Docs,
    Bench(bench::Bench),
    Abuse(long::Abuse),
    Soak(long::Soak),
    Bill(bill::Bill),
    Live(live::Live),
    #[command(subcommand)]
    Corpus(corpus::Corpus),
    #[command(subcommand)]
    Counting(counting::Counting),
    #[command(subcommand)]
    Dialects(coverage::Dialects),
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Layers => layers::run(),
        Command::Circles => circles::run(),
        Command::Docs => docs::run(),
        Command::Bench(bench) => bench.run(),
        Command::Abuse(abuse) => abuse.run(),
        Command::Soak(soak) => soak.run(),
        Command::Bill(bill) => bill.run(),
        Command::Live(live) => live.run(),
        Command::Corpus(corpus) => corpus.run(),
        Command::Counting(counting) => counting.run(),
        Command::Dialects(dialects) => dialects.run(),
        Command::Catalogue(catalogue) => catalogue.run(),
    }
}

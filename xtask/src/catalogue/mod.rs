//! The catalogue of models: takes over others' facts, and looks for what can't be right.

mod import;
mod models_dev;
mod write;

use anyhow::Context;
use baton_meter::catalogue::{Catalogue, check};
use clap::Subcommand;
use write::file;

/// The catalogue of models
#[derive(Subcommand)]
pub enum CatalogueCommand {
    Import(import::Import),
    /// Looks for gaps, impossible numbers and clashing names, and counts the models of each vendor
    Check,
}

impl CatalogueCommand {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Import(import) => import.run(),
            Self::Check => run_check(),
        }
    }
}

fn run_check() -> anyhow::Result<()> {
    // The file and not what was built in: one who edits it wants to know before the next build.
    let json = std::fs::read(file()).context("the catalogue can't be read")?;
    let catalogue = Catalogue::read(&json).map_err(|faults| {
        let faults = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem));
        anyhow::anyhow!("the catalogue is not valid:\n{}", faults.collect::<Vec<_>>().join("\n"))
    })?;
    let faults = check::faults(&catalogue);
    for fault in &faults {
        println!("{}: {}", fault.path, fault.problem);
    }
    for (vendor, number) in check::counts(&catalogue) {
        println!("{number:5} {vendor}");
    }
    println!("{:5} models, newest fact of {}", catalogue.entries().len(), catalogue.date());
    anyhow::ensure!(faults.is_empty(), "{} faults", faults.len());
    Ok(())
}

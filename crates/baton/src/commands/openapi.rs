//! `baton openapi`, and `baton docs` for the documents that are made from the code.

use super::output;
use crate::config::reference;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

/// Prints the description of the API (OpenAPI, JSON).
///
/// Example: baton openapi > openapi.json
#[derive(Args)]
pub struct OpenApi {
    /// Prints JSON, which it does anyway
    #[arg(long)]
    json: bool,
}

impl OpenApi {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Self { json: _ } = self;
        output::line(&crate::surface::description().to_pretty_json()?);
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a document that is made from the code.
#[derive(Args)]
pub struct Docs {
    /// Which
    what: Document,
}

/// A generated document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// Every key of the configuration.
    Configuration,
    /// Every metric.
    Metrics,
}

impl Docs {
    /// Runs it.
    pub fn run(self) -> ExitCode {
        let text = match self.what {
            Document::Configuration => reference::configuration(),
            Document::Metrics => reference::metrics(),
        };
        output::line(text.trim_end());
        ExitCode::SUCCESS
    }
}

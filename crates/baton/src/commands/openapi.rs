//! `baton openapi`, and `baton docs` for the documents that are made from the code.

use super::output;
use crate::config::reference;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

/// Prints the OpenAPI description of the API, as JSON.
///
/// Example: baton openapi > openapi.json
#[derive(Args)]
pub struct OpenApiCommand {
    /// For scripts that pass it to every command: the output is JSON in any case
    #[arg(long, hide = true)]
    json: bool,
}

impl OpenApiCommand {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Self { json: _ } = self;
        output::print_line(&crate::surface::description().to_pretty_json()?);
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a document that is generated from the code.
#[derive(Args)]
pub struct DocsCommand {
    /// The document
    document: Document,
}

/// A generated document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// Every key of the configuration.
    Configuration,
    /// How much of everything there may be.
    Limits,
    /// Every metric.
    Metrics,
    /// Every setting that bounds something.
    SettingLimits,
    /// What each vendor takes.
    Vendors,
}

impl DocsCommand {
    /// Runs it.
    pub fn run(self) -> ExitCode {
        let text = match self.document {
            Document::Configuration => reference::configuration(),
            Document::Limits => reference::limits(),
            Document::Metrics => reference::metrics(),
            Document::SettingLimits => reference::setting_limits(),
            Document::Vendors => baton_providers::presets::document::vendors(),
        };
        output::print_line(text.trim_end());
        ExitCode::SUCCESS
    }
}

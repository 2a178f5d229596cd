//! `baton completions`.

use super::output;
use clap::Args;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints a script that completes baton's commands and options in a shell.
///
/// Example: baton completions bash > /etc/bash_completion.d/baton
#[derive(Args)]
pub struct CompletionsCommand {
    /// The shell
    shell: Shell,
}

impl CompletionsCommand {
    /// Runs it for the program that is described by `definition`.
    pub fn run(self, mut definition: clap::Command) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition, "baton", &mut script);
        output::print_text(&String::from_utf8_lossy(&script));
        ExitCode::SUCCESS
    }
}

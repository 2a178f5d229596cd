//! `baton sim`.

use super::Output;
use crate::serve;
use baton_sim::{Kind, Sim, SimOptions};
use clap::Args;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Runs simulated providers, for trials and tests without a vendor.
///
/// Example: baton sim --openai 127.0.0.1:9001 --anthropic 127.0.0.1:9002
#[derive(Args)]
pub struct SimulateCommand {
    /// Address of the simulated OpenAI [default: a free port]
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    openai: SocketAddr,
    /// Address of the simulated Anthropic
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    anthropic: SocketAddr,
    /// Address of the simulated Ollama
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    ollama: SocketAddr,
    /// Pause before each token, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    token_delay: u64,
    #[command(flatten)]
    output: Output,
}

impl SimulateCommand {
    /// Runs until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut sims = Vec::new();
        for (kind, listen) in
            [(Kind::OpenAi, self.openai), (Kind::Anthropic, self.anthropic), (Kind::Ollama, self.ollama)]
        {
            let token_delay = Duration::from_millis(self.token_delay);
            sims.push(Sim::start(kind, SimOptions { listen, token_delay, ..SimOptions::of(kind).for_long() }).await?);
        }
        let addresses: Map<String, Value> =
            sims.iter().map(|sim| (sim.kind().name().to_owned(), json!(sim.base_url()))).collect();
        self.output.print_object(&addresses.into());
        serve::signals().cancelled().await;
        Ok(ExitCode::SUCCESS)
    }
}

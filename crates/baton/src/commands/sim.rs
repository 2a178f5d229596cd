//! `baton sim`.

use super::output;
use crate::serve;
use baton_sim::{Kind, Sim, SimOptions};
use clap::Args;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Runs simulated providers, for trying and testing without a vendor.
///
/// Example: baton sim --openai 127.0.0.1:9001 --anthropic 127.0.0.1:9002
#[derive(Args)]
pub struct Simulate {
    /// Where OpenAI's API is simulated; by default on any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    openai: SocketAddr,
    /// Where Anthropic's is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    anthropic: SocketAddr,
    /// Where Ollama's is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    ollama: SocketAddr,
    /// The pause before each token, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    token_delay: u64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Simulate {
    /// Runs until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut sims = Vec::new();
        for (kind, listen) in
            [(Kind::OpenAi, self.openai), (Kind::Anthropic, self.anthropic), (Kind::Ollama, self.ollama)]
        {
            let token_delay = Duration::from_millis(self.token_delay);
            sims.push(Sim::start(kind, SimOptions { listen, token_delay, ..SimOptions::of(kind) }).await?);
        }
        if self.json {
            let places: Map<String, Value> =
                sims.iter().map(|sim| (sim.kind().name().to_owned(), json!(sim.base_url()))).collect();
            output::json(&Value::Object(places));
        } else {
            for sim in &sims {
                output::line(&format!("{:<10} {}", sim.kind().name(), sim.base_url()));
            }
        }
        serve::signals().cancelled().await;
        Ok(ExitCode::SUCCESS)
    }
}

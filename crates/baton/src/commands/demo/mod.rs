//! `baton demo`.

use super::output;
use crate::app::App;
use crate::config::sections::{ModelSection, ProviderSection};
use crate::config::{ConfigSource, Environment, load};
use crate::private;
use crate::serve;
use crate::telemetry::{self, Console};
use anyhow::Context;
use baton_auth::KeySecret;
use baton_model::Actor;
use baton_sim::{Kind, Sim, SimOptions};
use clap::Args;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Starts Baton with simulated providers, so that you can try everything at once.
///
/// Real providers are registered too if OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_URL is set. Its data is in a folder of
/// its own, data/demo. Example: baton demo
#[derive(Args)]
pub struct DemoCommand {
    /// Address and port to listen on [default: $BATON_LISTEN, else the file's, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

/// The demonstration's own folder, so that it never touches an installation's data.
const DATA_DIR: &str = "data/demo";

impl DemoCommand {
    /// Runs until a signal.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let mut config = load(&ConfigSource { listen: self.listen, ..source }, environment)?;
        config.data_dir = DATA_DIR.into();
        // The file or the environment may name the database of a real installation.
        config.database.url = None;
        private::files();
        let _telemetry = telemetry::start(&config.logs, Console::Warnings)?;
        // First, so that a port that is taken is told before three simulators and a database were started.
        let listeners = serve::listen(&config).await?;
        // Before the simulated ones are added: only these are asked for their models.
        let real: Vec<String> = config.providers.keys().cloned().collect();
        let mut sims = Vec::new();
        for kind in Kind::ALL {
            let sim = Sim::start(kind, SimOptions::of(kind).for_long()).await?;
            config.providers.insert(simulated(kind), provider(&sim));
            sims.push(sim);
        }
        config.models.extend(models()?);
        let key = match environment.get("BATON_DEMO_KEY") {
            Some(key) => KeySecret::from_text(key),
            None => KeySecret::generate(&mut StdRng::from_os_rng()),
        };
        config.auth.admin_key = Some(key.reveal().into());
        let app = App::build(&config).await?;
        if config.discovery.at_start {
            // One by one: if one can't be reached, the others' models are there all the same.
            for name in &real {
                let discovered = app.models.discover(Some(name), false, &Actor::service("discovery")).await;
                if let Err(error) = discovered {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(provider.id = name, error, "the provider's models could not be discovered");
                }
            }
        }
        // Before the greeting: whoever stops the demonstration as soon as it appears must not end the process at
        // once.
        let stop = serve::signals();
        print_greeting(listeners.address()?, &sims, &real, key.reveal());
        serve::serve(app, listeners, &config, stop).await?;
        output::print_line("Baton has stopped.");
        Ok(ExitCode::SUCCESS)
    }
}

fn simulated(kind: Kind) -> String {
    format!("sim-{}", kind.name())
}

/// The simulated provider as Baton sees it. Its few models are registered below, so its list is not taken over.
fn provider(sim: &Sim) -> ProviderSection {
    ProviderSection {
        base_url: Some(sim.base_url()),
        api_key: Some("simulated".into()),
        discover: Some(false),
        ..ProviderSection::of_kind(sim.kind().name())
    }
}

/// The demonstration's models, as they would stand in a configuration file.
fn models() -> anyhow::Result<Vec<ModelSection>> {
    #[derive(serde::Deserialize)]
    struct Demonstration {
        models: Vec<ModelSection>,
    }
    let Demonstration { models } = toml::from_str(include_str!("models.toml")).context("the demonstration's models")?;
    Ok(models)
}

fn print_greeting(address: SocketAddr, sims: &[Sim], real: &[String], key: &str) {
    output::print_line(&format!("Baton listens on http://{address} (API description: http://{address}/docs)\n"));
    for sim in sims {
        output::print_line(&format!("  simulated {:<10} http://{}", sim.kind().name(), sim.address()));
    }
    for name in real {
        output::print_line(&format!("  real      {name}"));
    }
    output::print_line(&format!("\nAdmin key of this run: {key}\n\nFor baton's own commands, in another terminal:\n"));
    output::print_line(&format!("export BATON_URL=http://{address} BATON_API_KEY={key}\n\nTry these:\n"));
    for (what, line) in lines(address, key) {
        output::print_line(&format!("# {what}\n{line}\n"));
    }
}

/// Lines that work when pasted.
fn lines(address: SocketAddr, key: &str) -> [(&'static str, String); 4] {
    let post = |path: &str, body: &str, more: &str| {
        format!(
            "curl {more}http://{address}{path} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    [
        (
            "A chat in OpenAI's format, answered by the simulated Anthropic",
            post(
                "/v1/chat/completions",
                r#"{"model":"claude","messages":[{"role":"user","content":"Say hello"}]}"#,
                "",
            ),
        ),
        (
            "The same as a stream, from the simulated Ollama",
            post(
                "/v1/chat/completions",
                r#"{"model":"llama","stream":true,"messages":[{"role":"user","content":"Say hello"}]}"#,
                "-N ",
            ),
        ),
        (
            "A model that always fails falls back; see x-baton-model and x-baton-attempts in the headers",
            post(
                "/api/models/chat",
                r#"{"model_id":"resilient","messages":[{"role":"user","content":"Still there?"}]}"#,
                "-i ",
            ),
        ),
        (
            "What that cost, by model",
            format!("curl 'http://{address}/api/usage?group_by=model' -H 'Authorization: Bearer {key}'"),
        ),
    ]
}

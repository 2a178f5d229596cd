//! One suite of requests through Baton against real engines.
//!
//! Each case says what it asks and what must be so; answers of small models differ in their words, so the checks are
//! on form: events in order, usage there, tokens counted, errors of the right shape. `--record DIR` keeps the raw
//! exchange of every case, as fixtures for the formats.

mod cases;
mod doors;
mod http;

use crate::process::{Baton, build};
use anyhow::{Context, bail};
use cases::Case;
use clap::Args;
use std::path::PathBuf;

/// Runs a suite of requests through Baton against real engines
#[derive(Args)]
pub struct Live {
    /// A real Ollama
    #[arg(long, value_name = "URL")]
    ollama: Option<String>,
    /// A real server of OpenAI's format (its address up to /v1)
    #[arg(long, value_name = "URL")]
    openai: Option<String>,
    /// A real server of Anthropic's format
    #[arg(long, value_name = "URL")]
    anthropic: Option<String>,
    /// A real server of OpenAI's audio and embedding formats (its address up to /v1)
    #[arg(long, value_name = "URL")]
    audio: Option<String>,
    /// A WAV file of spoken English
    #[arg(long, value_name = "FILE")]
    speech: Option<PathBuf>,
    /// Keeps each exchange here
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Only cases whose name holds this
    #[arg(long)]
    only: Option<String>,
}

impl Live {
    /// Runs every case for which there is an engine.
    ///
    /// # Errors
    /// If any case fails.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = build(false)?;
        let folder = std::env::temp_dir().join(format!("baton-live-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("baton.toml"), self.configuration()?)?;
        let baton = Baton::start(&binary, &folder, &["serve"], &[])?;
        let (mut passed, mut failed) = (0, 0);
        for case in cases::all(&self) {
            if self.only.as_ref().is_some_and(|only| !case.name.contains(only.as_str())) {
                continue;
            }
            match self.try_case(&baton, &case) {
                Ok(told) => {
                    passed += 1;
                    println!("ok    {:<42} {told}", case.name);
                }
                Err(error) => {
                    failed += 1;
                    println!("FAIL  {:<42} {error:#}", case.name);
                }
            }
        }
        drop(baton);
        std::fs::remove_dir_all(&folder)?;
        println!("{passed} passed, {failed} failed");
        if failed > 0 || passed == 0 {
            bail!("the engines and Baton do not agree");
        }
        Ok(())
    }

    fn try_case(&self, baton: &Baton, case: &Case) -> anyhow::Result<String> {
        let reply = http::ask(&baton.url, &case.request)?;
        if let Some(folder) = &self.record {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(format!("{}.request.json", case.name)), &case.request.body)?;
            std::fs::write(folder.join(format!("{}.response.txt", case.name)), &reply.body)?;
            std::fs::write(folder.join(format!("{}.headers.txt", case.name)), &reply.head)?;
        }
        (case.check)(&reply).with_context(|| {
            let body: String = reply.text().chars().take(400).collect();
            format!("status {}: {body}", reply.status)
        })
    }

    fn configuration(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        let mut provider = |name: &str, kind: &str, url: &Option<String>| {
            if let Some(url) = url {
                text.push_str(&format!(
                    "[providers.{name}]\nkind = \"{kind}\"\nbase_url = \"{url}\"\napi_key = \"none\"\n"
                ));
            }
        };
        provider("ollama", "ollama", &self.ollama);
        provider("llama", "llama.cpp", &self.openai);
        provider("claude-like", "anthropic", &self.anthropic);
        provider("audio", "openai", &self.audio);
        if self.anthropic.is_some() {
            text.push_str("[[models]]\nmodel_id = \"messages\"\nprovider = \"claude-like\"\nupstream = \"smollm2-135m\"\ncapabilities = [\"CHAT\"]\ntoken_limit = 4096\nquirks = { reasoning = \"unsupported\" }\n");
        }
        if self.openai.is_some() {
            text.push_str("[[models]]\nmodel_id = \"chat\"\nprovider = \"llama\"\nupstream = \"smollm2-135m\"\ncapabilities = [\"CHAT\", \"COMPLETION\", \"EMBEDDING\"]\ntoken_limit = 4096\n");
        }
        // On an entry of its own: a model that is registered by hand is not discovered under its plain name too.
        if let Some(url) = &self.ollama {
            text.push_str(&format!(
                "[providers.vectors]\nkind = \"ollama\"\nbase_url = \"{url}\"\ndiscover = false\n[[models]]\n\
                 model_id = \"vectors\"\nprovider = \"vectors\"\nupstream = \"smollm2:135m\"\ncapabilities = [\"EMBEDDING\"]\n"
            ));
        }
        if self.audio.is_some() {
            text.push_str("[[models]]\nmodel_id = \"listen\"\nprovider = \"audio\"\nupstream = \"whisper-1\"\ncapabilities = [\"AUDIO_TRANSCRIPTION\"]\nprice = { audio_ms = \"0.1\" }\n");
            text.push_str("[[models]]\nmodel_id = \"minilm\"\nprovider = \"audio\"\nupstream = \"all-MiniLM-L6-v2\"\ncapabilities = [\"EMBEDDING\"]\n");
        }
        if text.is_empty() {
            bail!("name at least one engine: --ollama, --openai, --anthropic or --audio");
        }
        Ok(text)
    }
}

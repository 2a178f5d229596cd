//! The engines of the suite, and Baton's configuration for them.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

/// Addresses of real engines.
#[derive(Args)]
pub struct Engines {
    /// A real Ollama
    #[arg(long, value_name = "URL")]
    pub ollama: Option<String>,
    /// A real server of OpenAI's format (its address up to /v1)
    #[arg(long, value_name = "URL")]
    pub openai: Option<String>,
    /// A real server of Anthropic's format
    #[arg(long, value_name = "URL")]
    pub anthropic: Option<String>,
    /// A real server of OpenAI's audio and embedding formats (its address up to /v1)
    #[arg(long, value_name = "URL")]
    pub audio: Option<String>,
    /// A WAV file of spoken English
    #[arg(long, value_name = "FILE")]
    pub speech: Option<PathBuf>,
}

impl Engines {
    /// The configuration that has them as providers.
    ///
    /// # Errors
    /// If there is none.
    pub fn configuration(&self) -> anyhow::Result<String> {
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

//! One recorded exchange: a line of a compressed file.

use anyhow::Context;
use baton_dialect::{Codec, codec};
use baton_model::{Capability, Dialect};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A request and its reply.
#[derive(Deserialize)]
pub struct Exchange {
    pub id: String,
    /// Which format, in the recorder's words.
    dialect: String,
    /// The provider's host, as far as the recorder kept it.
    #[serde(default)]
    pub host: String,
    pub request: String,
    pub status: u16,
    pub response: String,
    pub stream: bool,
    /// Whether that host is the vendor's own.
    #[serde(default)]
    pub official: bool,
    /// What the exchange shows: `synthetic_request`, `truncated` …
    #[serde(default)]
    pub features: Vec<String>,
}

impl Exchange {
    /// The format, of chats alone.
    pub fn dialect(&self) -> Option<Dialect> {
        match self.dialect.as_str() {
            "openai_chat" => Some(Dialect::OpenAi),
            "openai_responses" => Some(Dialect::Responses),
            "anthropic_messages" => Some(Dialect::Anthropic),
            // `/api/generate` has a prompt and is no chat.
            "ollama" if self.request.contains("\"messages\"") => Some(Dialect::Ollama),
            _ => None,
        }
    }
}

/// The codec of a format's chats.
pub fn chat(dialect: Dialect) -> Option<&'static dyn Codec> {
    codec(dialect, Capability::Chat)
}

/// Calls `take` with each exchange of the folder.
///
/// # Errors
/// If a file can't be read, or a line is no exchange.
pub fn each(folder: &Path, mut take: impl FnMut(Exchange)) -> anyhow::Result<()> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".jsonl.gz"));
    // In the same order in every run, so that examples of losses stay the same ones.
    files.sort();
    for file in files {
        let opened = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
        // A file that was appended to has several gzip members; the plain decoder stops after the first.
        for line in BufReader::new(MultiGzDecoder::new(opened)).lines() {
            let line = line.with_context(|| format!("reading {}", file.display()))?;
            take(serde_json::from_str(&line).with_context(|| format!("a line of {}", file.display()))?);
        }
    }
    Ok(())
}

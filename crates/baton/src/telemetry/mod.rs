//! What Baton tells of itself: log lines (JSON in a file a day, UTC; readable on a terminal), traces, contents by opt-in.
//!
//! - [`spans`] makes spans of a record, [`traces`] sends them;
//! - [`metrics`] is the text that is served; [`push`] sends the same, read by [`open_metrics`];
//! - [`lines`] takes log lines without waiting, [`format`](mod@format) writes them, [`level`] decides which there are;
//! - [`content`] writes prompts and replies, [`redact`] takes out of them what must not be read.

mod collector;
pub mod content;
mod format;
mod level;
mod lines;
pub mod metrics;
mod open_metrics;
mod push;
pub mod redact;
mod spans;
mod traces;

use crate::config::Config;
use crate::config::sections::{ConsoleForm, LogsSection};
use anyhow::Context;
use baton_engine::observe::{EndedRequest, Spans};
use baton_engine::{Engine, Observer};
use content::ContentLog;
use format::{JsonLines, ReadableLines};
use lines::{LogLines, LogOutput};
use push::Push;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use traces::Traces;
use tracing::Metadata;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

/// Looks on as requests end, and makes traces and logs of them.
pub struct Witness {
    traces: Option<Traces>,
    content: Option<ContentLog>,
    metrics: Mutex<Option<Push>>,
}

impl Witness {
    /// What the configuration asks for; `None` if that is nothing.
    ///
    /// # Errors
    /// If something of it can't be used: the key is named.
    pub fn start(config: &Config) -> anyhow::Result<Option<Arc<Self>>> {
        let endpoint = config.telemetry.endpoint.as_deref();
        let traces = endpoint.map(|endpoint| Traces::start(&config.telemetry, endpoint)).transpose()?;
        let content = &config.logs.content;
        let content = content.enabled.then(|| ContentLog::start(content)).transpose()?;
        // No observer at all where nothing is configured: observing costs time in every request.
        let wanted = traces.is_some() || content.is_some();
        Ok(wanted.then(|| Arc::new(Self { traces, content, metrics: Mutex::default() })))
    }

    /// Sends the metrics of that engine too, if the configuration says so.
    ///
    /// # Errors
    /// If the collector's headers can't be used.
    pub fn measure(&self, config: &Config, engine: &Engine) -> anyhow::Result<()> {
        let push = Push::start(&config.telemetry, engine.clone())?;
        *self.metrics.lock().unwrap_or_else(PoisonError::into_inner) = push;
        Ok(())
    }

    /// Sends and writes what is left.
    pub async fn close(&self) {
        if let Some(traces) = &self.traces {
            traces.close().await;
        }
        let push = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(push) = push {
            push.close().await;
        }
        if let Some(content) = &self.content {
            content.close();
        }
    }
}

impl Observer for Witness {
    fn observe_request(&self, ended: &EndedRequest<'_>) {
        if let Some(traces) = &self.traces {
            traces.take(ended);
        }
        if let Some(content) = &self.content {
            content.take(ended);
        }
    }

    fn wants_replies(&self) -> bool {
        self.content.is_some()
    }

    fn spans(&self) -> Spans {
        self.traces.as_ref().map(Traces::counts).unwrap_or_default()
    }
}

/// Writes what is still queued when dropped.
pub struct Telemetry {
    _guards: Vec<WorkerGuard>,
}

/// Where log lines are shown beside the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// All of them.
    All,
    /// Warnings and errors: the command prints for itself.
    Warnings,
}

/// Starts logging.
///
/// # Errors
/// If the level is not a log filter, or the folder can't be created.
pub fn start(logs: &LogsSection, console: Console) -> anyhow::Result<Telemetry> {
    let level = level::filter(&logs.level)?;
    std::fs::create_dir_all(&logs.dir)
        .with_context(|| format!("the log folder `{}` can't be created", logs.dir.display()))?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("baton")
        .filename_suffix("log")
        .max_log_files(logs.keep)
        .build(&logs.dir)
        .with_context(|| format!("no log file can be created in `{}`", logs.dir.display()))?;
    let (file, file_guard) = LogLines::new(LogOutput::File, file, logs.max_waiting_bytes);
    let (terminal, terminal_guard) = LogLines::new(LogOutput::Terminal, std::io::stderr(), logs.max_waiting_bytes);
    let colour = std::io::stderr().is_terminal();
    let shown = match console {
        Console::All => level::filter(&logs.level)?,
        Console::Warnings => EnvFilter::new("warn"),
    };
    // Prompts and replies are for the files alone.
    let is_shown = |metadata: &Metadata<'_>| metadata.target() != content::TARGET;
    let json = || fmt::layer().json().event_format(JsonLines::default());
    let readable = || fmt::layer().event_format(ReadableLines::default()).with_ansi(colour);
    let layers = match (logs.console, console) {
        // The same lines for both are written once.
        (ConsoleForm::Json, Console::All) => {
            vec![json().with_writer(file.and(terminal.with_filter(is_shown))).with_filter(level).boxed()]
        }
        // Each layer has a filter of its own: contents go to the file alone, and the terminal of a command gets warnings
        // alone.
        (form, _) => {
            let shown = shown.and(filter::filter_fn(is_shown));
            let terminal = match form {
                ConsoleForm::Readable => readable().with_writer(terminal).with_filter(shown).boxed(),
                ConsoleForm::Json => json().with_writer(terminal).with_filter(shown).boxed(),
            };
            vec![json().with_writer(file).with_filter(level).boxed(), terminal]
        }
    };
    tracing_subscriber::registry().with(layers).try_init().context("logging was started twice")?;
    Ok(Telemetry { _guards: vec![file_guard, terminal_guard] })
}

//! Spans on their way to a collector: a bounded queue and a task, so that no request ever waits for it.

use super::collector::http_client;
use super::spans::spans;
use crate::config::sections::TelemetrySection;
use anyhow::Context;
use baton_engine::observe::{EndedRequest, Spans};
use baton_tasks::run_supervised;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The most spans in one batch.
const BATCH: usize = 512;

/// How long spans are gathered before a batch leaves.
const GATHER: Duration = Duration::from_millis(200);

/// The most time for what is left when the process ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// The way to the collector.
pub struct Traces {
    queue: Mutex<Option<Sender<SpanData>>>,
    counts: Arc<Counts>,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Counts {
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Traces {
    /// Starts the task that sends.
    ///
    /// # Errors
    /// If the collector's address or headers can't be used.
    pub fn start(section: &TelemetrySection, endpoint: &str) -> anyhow::Result<Self> {
        let headers: HashMap<String, String> =
            section.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(http_client(section)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(section.timeout)
            .with_headers(headers)
            .build()
            .with_context(|| format!("telemetry.endpoint: `{endpoint}` can't be used"))?;
        exporter.set_resource(&Resource::builder().with_service_name(section.service_name.clone()).build());
        let (sender, receiver) = channel(section.queue);
        let (counts, closing) = (Arc::new(Counts::default()), CancellationToken::new());
        let sending = Sending { exporter, counts: Arc::clone(&counts), closing: closing.clone(), away: false };
        let task = tokio::spawn(run_supervised("traces", sending.run(receiver)));
        Ok(Self { queue: Mutex::new(Some(sender)), counts, closing, task: Mutex::new(Some(task)) })
    }

    /// Takes a request that is over, if its trace is recorded.
    pub fn take(&self, ended: &EndedRequest<'_>) {
        if !ended.call.identity.trace.recorded {
            return;
        }
        let Some(queue) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        for span in spans(ended) {
            // Never waited for: spans that find no room are counted and left out.
            if queue.try_send(span).is_err() {
                self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What became of spans so far.
    pub fn counts(&self) -> Spans {
        Spans {
            exported: self.counts.exported.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
        }
    }

    /// Sends what is left, as far as the collector takes it in a few seconds.
    pub async fn close(&self) {
        // The last sender goes, so the task ends once the queue is empty.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A batch that is being gathered leaves now.
        self.closing.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // Whether it ended or ran out of time, the process goes on to its end.
            let _ = tokio::time::timeout(FAREWELL, task).await;
        }
    }
}

/// The task's own.
struct Sending {
    exporter: SpanExporter,
    counts: Arc<Counts>,
    closing: CancellationToken,
    /// Whether the last batch failed, so that an outage is told once.
    away: bool,
}

impl Sending {
    async fn run(mut self, mut queue: Receiver<SpanData>) {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            if batch.len() < BATCH {
                self.pause(GATHER).await;
                let room = BATCH - batch.len();
                // Only what is there: `recv_many` would wait for more.
                while batch.len() < BATCH && !queue.is_empty() {
                    queue.recv_many(&mut batch, room).await;
                }
            }
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    /// Sends a batch. The exporter tries again by itself, as long as its time allows.
    async fn send(&mut self, batch: Vec<SpanData>) {
        let number = batch.len() as u64;
        match self.exporter.export(batch).await {
            Ok(()) => {
                self.counts.exported.fetch_add(number, Ordering::Relaxed);
                if std::mem::take(&mut self.away) {
                    tracing::info!("the trace collector accepts spans again");
                }
            }
            Err(error) => {
                self.counts.failed.fetch_add(number, Ordering::Relaxed);
                if !std::mem::replace(&mut self.away, true) {
                    tracing::warn!(%error, "the trace collector does not accept spans; requests are not affected");
                }
            }
        }
    }

    /// Waits, but not while the process ends.
    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.closing.cancelled() => {}
        }
    }
}

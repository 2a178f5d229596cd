//! Load: the same request over and over on a number of connections.

use crate::pace::pace;
use crate::reply::{self, Buffer};
use crate::request::Request;
use anyhow::{Context, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::UnboundedReceiver;

/// Sends a request over and over and prints what came as JSON; fails if any reply is not as expected
#[derive(Args)]
pub struct Load {
    #[command(flatten)]
    request: Request,
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// How long it is measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// No more than so many requests over all connections
    #[arg(long)]
    requests: Option<u64>,
    /// How many requests are begun each second, over all connections; absent: as many as are answered
    #[arg(long)]
    rate: Option<f64>,
    /// The status that every reply must have, or one of several
    #[arg(long, value_delimiter = ',', default_value = "200")]
    status: Vec<u16>,
    /// The events that every reply must have
    #[arg(long)]
    events: Option<u32>,
}

/// What came, times in microseconds.
#[derive(Serialize)]
struct Report {
    requests: u64,
    seconds: f64,
    /// From when a request was due to its last byte.
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
    /// To the first byte of the body.
    first_p50: u64,
    first_p99: u64,
    /// Between two pieces of a stream.
    gap_p99: u64,
}

struct Times {
    /// Requests that were sent.
    begun: u64,
    whole: Histogram<u64>,
    first: Histogram<u64>,
    gap: Histogram<u64>,
}

/// Digits that times are kept with.
const DIGITS: u8 = 3;

impl Load {
    pub async fn run(self) -> anyhow::Result<()> {
        let request = Rc::new(self.request.bytes()?);
        let histogram = || Histogram::new(DIGITS);
        let times = Times { begun: 0, whole: histogram()?, first: histogram()?, gap: histogram()? };
        let times = Rc::new(RefCell::new(times));
        let load = Rc::new(self);
        let started = Instant::now();
        let end = started + Duration::from_secs_f64(load.seconds);
        let mut due = load.rate.map(|rate| pace(rate, load.connections, started, end)).unwrap_or_default().into_iter();
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let connections: Vec<_> = (0..load.connections)
                    .map(|_| {
                        let (load, request, times) = (Rc::clone(&load), Rc::clone(&request), Rc::clone(&times));
                        let due = due.next();
                        tokio::task::spawn_local(async move { load.connection(&request, &times, due, end).await })
                    })
                    .collect();
                for connection in connections {
                    // One wrong reply makes the measurement worthless: errors are quick.
                    connection.await.context("a connection")??;
                }
                anyhow::Ok(())
            })
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        let Times { whole, first, gap, .. } = &*times.borrow();
        let report = Report {
            requests: whole.len(),
            seconds,
            p50: whole.value_at_quantile(0.5),
            p90: whole.value_at_quantile(0.9),
            p99: whole.value_at_quantile(0.99),
            max: whole.max(),
            first_p50: first.value_at_quantile(0.5),
            first_p99: first.value_at_quantile(0.99),
            gap_p99: gap.value_at_quantile(0.99),
        };
        println!("{}", serde_json::to_string(&report)?);
        Ok(())
    }

    async fn connection(
        &self,
        request: &[u8],
        times: &RefCell<Times>,
        mut due: Option<UnboundedReceiver<Instant>>,
        end: Instant,
    ) -> anyhow::Result<()> {
        let mut stream = self.request.connect().await?;
        let mut buffer = Buffer::default();
        loop {
            let begun = match &mut due {
                // With a rate the next request is due whether the last was quick or not: what it waited for that counts.
                Some(due) => match due.recv().await {
                    Some(due) => due,
                    None => return Ok(()),
                },
                None => Instant::now(),
            };
            let sent = times.borrow().begun;
            if begun >= end || self.requests.is_some_and(|most| sent >= most) {
                return Ok(());
            }
            times.borrow_mut().begun += 1;
            stream.write_all(request).await?;
            let mut previous: Option<Instant> = None;
            let received = reply::read(&mut stream, &mut buffer, |now| {
                if let Some(before) = previous.replace(now) {
                    // Histograms refuse nothing below their largest value, which is none here.
                    let _ = times.borrow_mut().gap.record(micros(now - before));
                }
            })
            .await?;
            ensure!(self.status.contains(&received.status), "status {} in place of {:?}", received.status, self.status);
            if let Some(events) = self.events
                && events != received.events
            {
                bail!("{} events in place of {events}", received.events);
            }
            let mut times = times.borrow_mut();
            let _ = times.whole.record(micros(begun.elapsed()));
            let _ = times.first.record(micros(received.first_byte - begun));
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

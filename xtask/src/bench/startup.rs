//! How long from the binary's start to the first reply of the demonstration, and what it holds when idle.

use super::gateway::resident;
use crate::process::{Baton, build};
use anyhow::{Context, bail};
use clap::Args;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// Measures the start of `baton demo`: time to the first chat reply, and memory when idle
#[derive(Args)]
pub struct Startup {
    /// How often
    #[arg(long, default_value_t = 5)]
    runs: u32,
}

impl Startup {
    /// Prints each run and the medians, beside the start of `sh -c true` as a reference of the machine.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = build(true)?;
        let (mut replies, mut idle, mut reference) = (Vec::new(), Vec::new(), Vec::new());
        for run in 1..=self.runs.max(1) {
            let started = Instant::now();
            std::process::Command::new("sh").args(["-c", "true"]).status().context("sh")?;
            reference.push(started.elapsed());

            let folder = std::env::temp_dir().join(format!("baton-startup-{}-{run}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            let started = Instant::now();
            let baton = Baton::start(&binary, &folder, &["demo"], &[("BATON_DEMO_KEY", KEY)])?;
            chat(&baton)?;
            replies.push(started.elapsed());
            // Until what the start has left to do is over, and memory was given back.
            std::thread::sleep(Duration::from_secs(2));
            idle.push(resident(baton.id())?);
            // Before its folder is removed: it still writes there.
            drop(baton);
            std::fs::remove_dir_all(&folder)?;
        }
        replies.sort();
        idle.sort_unstable();
        reference.sort();
        println!("start to first answer  median {:?}  (all {replies:?})", middle(&replies));
        println!("resident when idle     median {:.1} MiB  (all KiB {idle:?})", middle(&idle) as f64 / 1024.0);
        println!("reference: sh -c true  median {:?}", middle(&reference));
        Ok(())
    }
}

/// The demonstration takes this key in place of one made for the run.
const KEY: &str = "bt-startup-measurement-key-0000000000000000000";

fn middle<T: Copy>(sorted: &[T]) -> T {
    sorted[sorted.len() / 2]
}

fn chat(baton: &Baton) -> anyhow::Result<()> {
    let address = baton.url.trim_start_matches("http://");
    let body = r#"{"model":"gpt","messages":[{"role":"user","content":"Say hello"}]}"#;
    let mut stream = std::net::TcpStream::connect(address)?;
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    if !reply.starts_with("HTTP/1.1 200") {
        bail!("the first chat failed: {reply}");
    }
    Ok(())
}

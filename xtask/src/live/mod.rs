//! One suite of requests through Baton against real engines.
//!
//! Each case says what it asks and what must be so; replies of small models differ in their words, so the checks are
//! on form: events in order, usage there, tokens counted, errors of the right shape. `--record DIR` keeps the raw
//! exchange of every case, as fixtures for the formats.

mod case;
mod cases;
mod client_apis;
mod engines;
mod http;

use crate::process::{Baton, build};
use anyhow::{Context, bail};
use case::Case;
use clap::Args;
use engines::Engines;
use std::path::PathBuf;

/// Runs a suite of requests through Baton against real engines
#[derive(Args)]
pub struct Live {
    #[command(flatten)]
    engines: Engines,
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
        std::fs::write(folder.join("baton.toml"), self.engines.configuration()?)?;
        let baton = Baton::start(&binary, &folder, &["serve"], &[])?;
        let (mut passed, mut failed) = (0, 0);
        for case in cases::all(&self.engines) {
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
        // No case at all is a failure: a wrong `--only` would look like success.
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
}

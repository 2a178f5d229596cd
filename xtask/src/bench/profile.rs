//! Where the time of a kind of request goes, as a flame graph.

use super::rows;
use super::testbed::{Measures, Start};
use anyhow::{Context, ensure};
use clap::Args;
use inferno::collapse::{Collapse, perf};
use inferno::flamegraph;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Draws where the processor time of a kind of request goes (needs `perf`)
#[derive(Args)]
pub struct Profile {
    /// The kind of request
    row: String,
    #[command(flatten)]
    measured: Measures,
    /// How long, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Where the drawing is written; absent: `target/profile-ROW.svg`
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Profile {
    /// Draws it.
    ///
    /// # Errors
    /// If there is no `perf`, or it may not look.
    pub fn run(self) -> anyhow::Result<()> {
        let row = rows::find(&self.row)?;
        let testbed = self.measured.testbed()?;
        let baton = testbed.start("baton", &Start::default())?;
        let sender = testbed.sender_to(&baton);
        sender.send(row, &["--seconds", "1"])?;
        let samples = testbed.folder.join("perf.data");
        // Optimised code keeps no frame pointers, so a piece of each stack is copied and read later.
        let mut record = Command::new("perf");
        record.args(["record", "--quiet", "--freq", "499", "--call-graph", "dwarf,16384", "--output"]).arg(&samples);
        record.args(["--pid", &baton.id().to_string(), "--", "sleep", &self.seconds.to_string()]);
        let mut recording = record.spawn().context("perf")?;
        sender.send(row, &["--seconds", &self.seconds.to_string()])?;
        ensure!(recording.wait()?.success(), "perf may not look at this process");
        let mut script = Command::new("perf")
            // To name what was inlined takes minutes, and a flame graph shows the functions that stand in the binary.
            .args(["script", "--no-inline", "--input"])
            .arg(&samples)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stacks = script.stdout.take().context("perf's output")?;
        let mut folded = Vec::new();
        perf::Folder::default().collapse(BufReader::new(stacks), &mut folded)?;
        ensure!(script.wait()?.success(), "perf can't read what it recorded");
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("target/profile-{}.svg", row.name)));
        let mut options = flamegraph::Options::default();
        options.title = row.title.to_owned();
        let drawing = std::fs::File::create(&output).with_context(|| output.display().to_string())?;
        flamegraph::from_reader(&mut options, folded.as_slice(), drawing)?;
        println!("{}", output.display());
        Ok(())
    }
}

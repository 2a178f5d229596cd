//! The table of what was measured.

use super::measured::{Measured, Measurements};
use super::testbed::median;
use anyhow::Context;
use std::fs;

const DOCUMENT: &str = "docs/performance.md";
const BEGIN: &str = "<!-- The table, made by `cargo xtask bench --write`. -->";
const END: &str = "<!-- The end of the table. -->";

fn of(all: &[Measured], number: impl Fn(&Measured) -> f64) -> f64 {
    median(all.iter().map(number).collect())
}

/// The rows as Markdown: medians, and the ratio of each round, whose median is the ratio.
fn lines(measurements: &[Measurements]) -> Vec<String> {
    let mut lines = vec![
        "| work | Baton, µs of CPU | nginx, µs of CPU | ratio | spread | at most | requests/s | p50 µs | p99 µs |"
            .to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for Measurements { row, baton, nginx, .. } in measurements {
        let mut ratios: Vec<f64> = baton.iter().zip(nginx).map(|(baton, nginx)| baton.cpu / nginx.cpu).collect();
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios.first().copied().unwrap_or(f64::NAN), ratios.last().copied().unwrap_or(f64::NAN));
        lines.push(format!(
            "| {} | {:.1} | {:.1} | {:.2} | {least:.2}–{most:.2} | {:.1} | {:.0} | {:.0} | {:.0} |",
            row.title,
            of(baton, |one| one.cpu),
            of(nginx, |one| one.cpu),
            median(ratios),
            row.most,
            of(baton, |one| one.report.requests as f64 / one.report.seconds),
            of(baton, |one| one.report.p50 as f64),
            of(baton, |one| one.report.p99 as f64),
        ));
    }
    lines
}

/// The same work at other gateways, if they were measured.
fn peer_lines(measurements: &[Measurements]) -> Vec<String> {
    let mut lines = Vec::new();
    for Measurements { row, baton, nginx, peers } in measurements {
        for (name, peer) in peers {
            let to = |others: &[Measured]| {
                median(peer.iter().zip(others).map(|(peer, other)| peer.cpu / other.cpu).collect::<Vec<f64>>())
            };
            lines.push(format!(
                "| {} | {name} | {:.1} | {:.2} | {:.2} | {:.0} | {:.0} |",
                row.title,
                of(peer, |one| one.cpu),
                to(nginx),
                to(baton),
                of(peer, |one| one.report.requests as f64 / one.report.seconds),
                of(peer, |one| one.report.p99 as f64),
            ));
        }
    }
    if !lines.is_empty() {
        let head = "| work | gateway | µs of CPU | to nginx | to Baton | requests/s | p99 µs |";
        lines.splice(0..0, ["", head, "| --- | --- | --- | --- | --- | --- | --- |"].map(str::to_owned));
    }
    lines
}

/// Prints it.
pub fn print(measurements: &[Measurements]) {
    for line in lines(measurements).into_iter().chain(peer_lines(measurements)) {
        println!("{line}");
    }
}

/// Puts it into the document.
///
/// # Errors
/// If that can't be read or written, or its marks are gone.
pub fn write(measurements: &[Measurements], rounds: usize) -> anyhow::Result<()> {
    let text = fs::read_to_string(DOCUMENT).with_context(|| format!("reading {DOCUMENT}"))?;
    let (before, rest) = text.split_once(BEGIN).context("no mark where the table begins")?;
    let (_, after) = rest.split_once(END).context("no mark where the table ends")?;
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let processor = processor.trim_start_matches([' ', '\t', ':']);
    let table = [lines(measurements), peer_lines(measurements)].concat().join("\n");
    let said =
        format!("Median of {rounds} rounds; {processor}, the gateway on one core, load and upstream on another.");
    fs::write(DOCUMENT, format!("{before}{BEGIN}\n\n{said}\n\n{table}\n\n{END}{after}"))
        .with_context(|| format!("writing {DOCUMENT}"))
}

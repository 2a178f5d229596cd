//! A plan and what became of it, for people and for programs.

use super::diff::FieldChange;
use super::run::Outcome;
use super::step::{Action, Plan, Step};
use crate::commands::output::{align_rows, cell, flatten};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

/// The plan for people: a paragraph for each thing, in colour if that is wanted.
pub fn paragraphs(plan: &Plan, colour: bool) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let (sign, style) = match step.action {
            Action::Create => ('+', AnsiColor::Green),
            Action::Change { .. } => ('~', AnsiColor::Yellow),
            Action::Delete { .. } => ('-', AnsiColor::Red),
        };
        let mut lines = vec![format!("{sign} {} `{}`", step.kind.noun, step.name)];
        let rows: Vec<[String; 2]> = step.changes.iter().flat_map(|change| rows(step, change)).collect();
        lines.extend(align_rows(&rows).lines().map(|line| format!("    {line}")));
        for line in lines {
            text.push_str(&paint(&line, style.on_default(), colour));
            text.push('\n');
        }
    }
    text
}

/// A line in a colour.
fn paint(line: &str, style: Style, colour: bool) -> String {
    if colour { format!("{style}{line}{style:#}") } else { line.to_owned() }
}

/// The parts of a field that change, each with its path: `price.input`, before and after.
fn rows(step: &Step, change: &FieldChange) -> Vec<[String; 2]> {
    let FieldChange { field, before, after } = change;
    let parts = |value: &Value| flatten(&json!({ field: value }));
    // A part of a list or object that is left out is as null.
    let (before, after) = (parts(before), parts(after));
    let paths = before.iter().chain(after.iter().filter(|(path, _)| !before.iter().any(|(known, _)| known == path)));
    let of = |parts: &[(String, Value)], path: &str| {
        let found = parts.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let hidden = step.kind.hides(field);
    let written = |value: Value| match value {
        Value::String(start) if hidden && start != "…" => format!("{start}…"),
        value => cell(&value),
    };
    let row = |path: &str| {
        let (before, after) = (of(&before, path), of(&after, path));
        // Of a secret that is sent again the same is shown before and after.
        if before == after && !hidden {
            return None;
        }
        let after = written(after);
        Some([
            path.to_owned(),
            if step.action == Action::Create { after } else { format!("{} → {after}", written(before)) },
        ])
    };
    paths.filter_map(|(path, _)| row(path)).collect()
}

/// What the plan comes to, as a sentence.
pub fn summary(plan: &Plan, word: impl Fn(&str) -> String) -> String {
    let counts = ["create", "change", "delete"].map(|action| (plan.count(action), action));
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, action)| format!("{count} {}", word(action)))
        .collect();
    let unchanged = format!("{} unchanged", plan.unchanged);
    if said.is_empty() {
        format!("nothing to change; {unchanged}")
    } else {
        format!("{}, {unchanged}", said.join(", "))
    }
}

/// The plan and what became of it, for programs.
pub fn report(plan: &Plan, outcome: &Outcome, dry_run: bool, with_secrets: bool) -> Value {
    let state = |place: usize| match place {
        _ if dry_run => "planned",
        _ if place < outcome.done => "done",
        _ if place == outcome.done && outcome.failure.is_some() => "failed",
        _ => "not done",
    };
    let field = |change: &FieldChange| json!({ "field": change.field, "before": change.before, "after": change.after });
    let item = |(place, step): (usize, &Step)| {
        json!({
            "action": step.action.name(), "kind": step.kind.name, "name": step.name, "state": state(place),
            "fields": step.changes.iter().map(field).collect::<Vec<_>>(),
        })
    };
    json!({
        "dry_run": dry_run,
        "items": plan.steps.iter().enumerate().map(item).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "notes": plan.notes,
        "secrets": if with_secrets { outcome.secrets.as_slice() } else { &[] },
        "failure": outcome.failure,
    })
}

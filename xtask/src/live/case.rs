//! One case, and what its checks share.

use super::http::{Reply, Request};
use anyhow::{Context, ensure};
use serde_json::Value;

/// One case.
pub struct Case {
    /// `ENGINE-what`.
    pub name: String,
    /// What is asked.
    pub request: Request,
    /// What must be so; a word on what was seen.
    pub check: fn(&Reply) -> anyhow::Result<String>,
}

/// Adds a case.
pub fn add(cases: &mut Vec<Case>, name: &str, request: Request, check: fn(&Reply) -> anyhow::Result<String>) {
    cases.push(Case { name: name.into(), request, check });
}

/// That it succeeded.
pub fn ok(reply: &Reply) -> anyhow::Result<()> {
    ensure!(reply.status == 200, "must be 200");
    ensure!(reply.header("x-request-id").is_some(), "no x-request-id");
    Ok(())
}

/// The text at that pointer.
pub fn text_at(value: &Value, pointer: &str) -> anyhow::Result<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no text at {pointer}"))
}

/// The number at that pointer.
pub fn number_at(value: &Value, pointer: &str) -> anyhow::Result<u64> {
    value.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no number at {pointer}"))
}

/// The beginning of a text, quoted.
pub fn shortened(text: &str) -> String {
    format!("{:?}", text.chars().take(48).collect::<String>())
}

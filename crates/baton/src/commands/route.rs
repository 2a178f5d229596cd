//! `baton route`.

use super::output::{self, Column, Format};
use crate::client::{ExpectedField, ExpectedReply, Server};
use crate::config::Environment;
use clap::Args;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Shows which models would be tried for a chat, in which order, and what it would cost. No model is called.
///
/// Example: baton route fast "What is a baton?" --max-tokens 100
#[derive(Args)]
pub struct RouteCommand {
    #[command(flatten)]
    server: Server,
    /// The model that is asked for
    model: String,
    /// The prompt
    #[arg(default_value = "Hello")]
    prompt: String,
    /// The largest output, in tokens
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u64>,
}

const CANDIDATES: [Column<'_>; 8] = [
    ("model", "/model_id"),
    ("provider", "/provider"),
    ("upstream", "/upstream"),
    ("circuit", "/circuit"),
    ("tokens", "/tokens"),
    ("fits", "/fits"),
    ("prompt dollars", "/expected_cost/prompt"),
    ("at most dollars", "/expected_cost/at_most"),
];
const PASSED: [Column<'_>; 2] = [("model", "/model_id"), ("not tried because", "/reason")];

impl RouteCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let messages = json!([{ "role": "user", "content": self.prompt }]);
        let mut body = Map::from_iter([("model_id".to_owned(), json!(self.model)), ("messages".to_owned(), messages)]);
        body.extend(self.max_tokens.map(|tokens| ("max_tokens".to_owned(), json!(tokens))));
        let expected = ExpectedReply::ok(&[ExpectedField::List("/candidates"), ExpectedField::List("/passed")]);
        let route = client.post("/api/models/route", &body.into(), &expected).await?;
        let output = &self.server.output;
        if output.format() == Format::Json {
            output::print_json(&route);
            return Ok(ExitCode::SUCCESS);
        }
        let items = |pointer: &str| json!({ "items": route.pointer(pointer).unwrap_or(&Value::Null) });
        output.print_list(&CANDIDATES, &items("/candidates"));
        let passed = items("/passed");
        if output.format() == Format::Table && passed.pointer("/items/0").is_some() {
            output::print_line("");
            output.print_list(&PASSED, &passed);
        }
        Ok(ExitCode::SUCCESS)
    }
}

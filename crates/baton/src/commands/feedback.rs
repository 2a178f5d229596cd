//! `baton feedback`.

use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{ArgGroup, Args};
use serde_json::{Map, json};
use std::process::ExitCode;

/// Rates the reply to a request: with a score, a comment, or both.
///
/// Example: baton feedback 01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f --score 1 --comment "right at once"
#[derive(Args)]
#[command(group = ArgGroup::new("rating").required(true).multiple(true).args(["score", "comment"]))]
pub struct FeedbackCommand {
    #[command(flatten)]
    server: Server,
    /// The request's id, as in x-request-id
    request: String,
    /// From -1 (bad) to 1 (good)
    #[arg(long, allow_negative_numbers = true)]
    score: Option<f64>,
    /// A comment
    #[arg(long)]
    comment: Option<String>,
}

impl FeedbackCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let mut body = Map::new();
        body.extend(self.score.map(|score| ("score".to_owned(), json!(score))));
        body.extend(self.comment.map(|comment| ("comment".to_owned(), json!(comment))));
        let path = format!("/api/requests/{}/feedback", segment(&self.request));
        let expected = ExpectedReply::created(&[ExpectedField::Text("/id"), ExpectedField::Text("/request_id")]);
        let saved = client.post(&path, &body.into(), &expected).await?;
        self.server.output.print_done(&format!("feedback on `{}` saved", self.request), &saved);
        Ok(ExitCode::SUCCESS)
    }
}

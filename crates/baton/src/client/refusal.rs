//! What a refusal says, for people.

use http::StatusCode;
use serde_json::Value;

/// The sentence of an error reply.
pub fn sentence(status: StatusCode, body: &[u8]) -> String {
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    let at = |pointer: &str| reply.as_ref().and_then(|reply| reply.pointer(pointer));
    // The message itself names only the first of several wrong fields.
    if let Some(errors) = at("/error/details/errors").and_then(Value::as_array).filter(|errors| errors.len() > 1) {
        let lines: String = errors.iter().map(line).collect();
        return format!("{} fields are invalid:{lines}", errors.len());
    }
    match at("/error/message").and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        // The body is not shown: without a message of Baton's it is a proxy's page of HTML.
        None => format!("refused with the status {status}, without a message"),
    }
}

fn line(error: &Value) -> String {
    let text = |field: &str| error.get(field).and_then(Value::as_str).unwrap_or("?");
    format!("\n  {}: {}", text("field"), text("message"))
}

//! Which commands there are, and which call of the API each stands for.

use baton_bus::BusEvent;
use baton_web::parse::json_problem;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandCall {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its body: the command's `data` in its own spelling.
    pub body: String,
}

/// Where a command's `data` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    /// It is the body.
    Body,
    /// Its fields are the query, but for the one in the path.
    Query,
}

/// A path may name a field of `data`, in braces, which stands there then.
const COMMANDS: [(&str, Method, &str, Data); 16] = [
    ("model.register", Method::POST, "/api/models", Data::Body),
    ("model.update", Method::PUT, "/api/models/{model_id}", Data::Body),
    ("model.delete", Method::DELETE, "/api/models/{model_id}", Data::Query),
    ("model.discover", Method::POST, "/api/models/discover", Data::Body),
    ("chat.execute", Method::POST, "/api/models/chat", Data::Body),
    ("completion.execute", Method::POST, "/api/models/completion", Data::Body),
    ("embedding.execute", Method::POST, "/api/models/embedding", Data::Body),
    ("cache.purge", Method::DELETE, "/api/cache", Data::Query),
    ("budget.create", Method::POST, "/api/budgets", Data::Body),
    ("budget.update", Method::PUT, "/api/budgets/{budget_id}", Data::Body),
    ("budget.delete", Method::DELETE, "/api/budgets/{budget_id}", Data::Query),
    ("budget.raise", Method::POST, "/api/budgets/{budget_id}/raise", Data::Body),
    ("budget.reset", Method::POST, "/api/budgets/{budget_id}/reset", Data::Body),
    ("limit.create", Method::POST, "/api/limits", Data::Body),
    ("limit.update", Method::PUT, "/api/limits/{limit_id}", Data::Body),
    ("limit.delete", Method::DELETE, "/api/limits/{limit_id}", Data::Query),
];

impl CommandCall {
    /// The call that a command stands for.
    ///
    /// # Errors
    /// What is wrong with the command, with the name of the attribute or field.
    pub fn read(event: &BusEvent) -> Result<Self, String> {
        let Some((_, method, path, place)) = COMMANDS.iter().find(|(name, ..)| *name == event.kind) else {
            let known = COMMANDS.map(|(name, ..)| name).join(", ");
            return Err(format!("type: unknown command `{}`; known commands: {known}", event.kind));
        };
        // A command such as `cache.purge` may be without `data`: it means everything.
        let text = event.data.as_ref().map_or("{}", |data| data.0.as_str());
        let fields: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err("data: must be a JSON object".to_owned()),
            Err(error) => return Err(format!("data: {}", json_problem(&error))),
        };
        if fields.get("stream").and_then(Value::as_bool) == Some(true) {
            return Err("data.stream: must be left out, because a command has one result".to_owned());
        }
        let (path, named) = fill(path, &fields)?;
        // The text as it came and not `fields` written again: numbers keep their spelling, and fields of a provider
        // their order.
        let (method, body) = (method.clone(), text.to_owned());
        Ok(match place {
            Data::Body => Self { method, path, body },
            Data::Query => Self { method, path: format!("{path}{}", query(&fields, named)?), body: String::new() },
        })
    }
}

/// A path with the field of `data` that it names, and which one that is.
fn fill<'p>(path: &'p str, fields: &Map<String, Value>) -> Result<(String, Option<&'p str>), String> {
    let Some((before, rest)) = path.split_once('{') else { return Ok((path.to_owned(), None)) };
    let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
    match fields.get(name) {
        Some(Value::String(id)) if !id.is_empty() => {
            Ok((format!("{before}{}{after}", utf8_percent_encode(id, IN_PATH)), Some(name)))
        }
        _ => Err(format!("data.{name}: is required: the id of a {}", name.trim_end_matches("_id"))),
    }
}

/// The fields but `without` as a query, `?` included; nothing if there are none.
fn query(fields: &Map<String, Value>, without: Option<&str>) -> Result<String, String> {
    let mut query = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| without != Some(name.as_str())) {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            // As in a body, null is a field that is not there.
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("data.{name}: must be a string, number or boolean"));
            }
        };
        let sign = if query.is_empty() { '?' } else { '&' };
        query.push_str(&format!(
            "{sign}{}={}",
            utf8_percent_encode(name, IN_PATH),
            utf8_percent_encode(&value, IN_PATH)
        ));
    }
    Ok(query)
}

/// What stands in a path or query only encoded.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::chat::Json;

    fn read(kind: &str, data: &str) -> Result<(String, String), String> {
        let event = BusEvent { data: Some(Json(data.into())), ..BusEvent::new("1", "tests", kind) };
        CommandCall::read(&event).map(|call| (format!("{} {}", call.method, call.path), call.body))
    }

    #[test]
    fn a_command_is_a_call() {
        let check = |kind, data: &str, line: &str, body: &str| {
            assert_eq!(read(kind, data), Ok((line.to_owned(), body.to_owned())), "{kind}");
        };
        let model = r#"{"model_id":"a/b c",  "status":"INACTIVE"}"#;
        check("model.register", model, "POST /api/models", model);
        check("model.update", model, "PUT /api/models/a%2Fb%20c", model);
        check("model.delete", r#"{"model_id":"a:1","force":true}"#, "DELETE /api/models/a:1?force=true", "");
        check("cache.purge", r#"{"model":"x&y=z","key":null}"#, "DELETE /api/cache?model=x%26y%3Dz", "");
        check("cache.purge", "{}", "DELETE /api/cache", "");
        let raise = r#"{"budget_id":"a b","amount":1,"until":"2099-01-01"}"#;
        check("budget.raise", raise, "POST /api/budgets/a%20b/raise", raise);
        check("limit.delete", r#"{"limit_id":"l"}"#, "DELETE /api/limits/l", "");
        check("chat.execute", r#"{"n":1.50}"#, "POST /api/models/chat", r#"{"n":1.50}"#);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |kind, data: &str, part: &str| {
            let fault = read(kind, data).expect_err(data);
            assert!(fault.contains(part), "{fault}");
        };
        wrong("model.destroy", "{}", "type: unknown command `model.destroy`; known commands: model.register, ");
        wrong("model.update", "[]", "data: must be a JSON object");
        wrong("model.update", "{}", "data.model_id: is required");
        wrong("model.delete", r#"{"model_id":""}"#, "data.model_id: is required");
        wrong("budget.reset", "{}", "data.budget_id: is required: the id of a budget");
        wrong("cache.purge", r#"{"model":["a"]}"#, "data.model: must be a string");
        wrong("chat.execute", r#"{"stream":true}"#, "data.stream: must be left out");
    }
}

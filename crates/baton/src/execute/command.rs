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
    /// It is the body, and its `model_id` names the model in the path.
    ModelAndBody,
    /// Its `model_id` names the model in the path; its other fields are the query.
    ModelAndQuery,
    /// Its fields are the query.
    Query,
}

const COMMANDS: [(&str, Method, &str, Data); 8] = [
    ("model.register", Method::POST, "/api/models", Data::Body),
    ("model.update", Method::PUT, "/api/models/", Data::ModelAndBody),
    ("model.delete", Method::DELETE, "/api/models/", Data::ModelAndQuery),
    ("model.discover", Method::POST, "/api/models/discover", Data::Body),
    ("chat.execute", Method::POST, "/api/models/chat", Data::Body),
    ("completion.execute", Method::POST, "/api/models/completion", Data::Body),
    ("embedding.execute", Method::POST, "/api/models/embedding", Data::Body),
    ("cache.purge", Method::DELETE, "/api/cache", Data::Query),
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
        let model = || match fields.get("model_id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(utf8_percent_encode(id, IN_PATH).to_string()),
            _ => Err("data.model_id: is required: the id of a model".to_owned()),
        };
        // The text as it came and not `fields` written again: numbers keep their spelling, and fields of a provider
        // their order.
        let (method, body) = (method.clone(), text.to_owned());
        Ok(match place {
            Data::Body => Self { method, path: (*path).to_owned(), body },
            Data::ModelAndBody => Self { method, path: format!("{path}{}", model()?), body },
            Data::ModelAndQuery => Self {
                method,
                path: format!("{path}{}{}", model()?, query(&fields, &["model_id"])?),
                body: String::new(),
            },
            Data::Query => Self { method, path: format!("{path}{}", query(&fields, &[])?), body: String::new() },
        })
    }
}

/// The fields but `without` as a query, `?` included; nothing if there are none.
fn query(fields: &Map<String, Value>, without: &[&str]) -> Result<String, String> {
    let mut query = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| !without.contains(&name.as_str())) {
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
        wrong("cache.purge", r#"{"model":["a"]}"#, "data.model: must be a string");
        wrong("chat.execute", r#"{"stream":true}"#, "data.stream: must be left out");
    }
}

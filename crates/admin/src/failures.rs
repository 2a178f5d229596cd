//! The failures that calls have in common, put into the description of each call that can have them. A call says for
//! itself what is its own. Each failure has an example of its own: the schema's would be the same for all of them.

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

/// Adds them.
pub struct AddCommonErrors;

/// Who has the failure.
#[derive(Clone, Copy)]
enum AppliesTo {
    /// Every call that needs a key.
    Authenticated,
    /// Calls that name a thing in their path.
    WithPath,
    /// Calls with parameters.
    WithQuery,
    /// Calls with a body.
    WithBody,
}

const FAILURES: [(&str, AppliesTo, &str); 11] = [
    ("400", AppliesTo::WithBody, "The body is not a JSON object"),
    ("400", AppliesTo::WithPath, "The name in the path can't be read"),
    ("401", AppliesTo::Authenticated, "No key was sent, or one that is unknown, revoked or expired"),
    ("403", AppliesTo::Authenticated, "The key's role does not allow it"),
    ("404", AppliesTo::WithPath, "The object does not exist"),
    ("408", AppliesTo::WithBody, "The body arrived too slowly"),
    ("413", AppliesTo::WithBody, "The body is larger than `server.max_body_bytes`"),
    ("422", AppliesTo::WithQuery, "Parameters are invalid: `details.errors` names each"),
    ("422", AppliesTo::WithBody, "Fields are invalid: `details.errors` names each"),
    ("429", AppliesTo::Authenticated, "Too many invalid credentials came from this address"),
    ("503", AppliesTo::Authenticated, "The database is unavailable at the moment"),
];

impl Modify for AddCommonErrors {
    fn modify(&self, api: &mut OpenApi) {
        for item in api.paths.paths.values_mut() {
            let calls = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
            calls.into_iter().flatten().for_each(add_errors);
        }
    }
}

fn add_errors(call: &mut Operation) {
    // `security(())` leaves an empty requirement: no key is needed.
    let open = call.security.as_ref().is_some_and(|needed| needed.contains(&SecurityRequirement::default()));
    let parameters = call.parameters.as_deref().unwrap_or_default();
    let any = |place: ParameterIn| {
        parameters.iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place))
    };
    let (named, asked) = (any(ParameterIn::Path), any(ParameterIn::Query));
    for (status, of, description) in FAILURES {
        let applies = match of {
            AppliesTo::Authenticated => !open,
            AppliesTo::WithPath => named,
            AppliesTo::WithQuery => asked,
            AppliesTo::WithBody => call.request_body.is_some(),
        };
        // What a call says of a status itself is more precise than the general sentence.
        if applies && !call.responses.responses.contains_key(status) {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
            let response = ResponseBuilder::new().description(description).content("application/json", content).build();
            call.responses.responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
    for (status, response) in &mut call.responses.responses {
        let RefOr::T(response) = response else { continue };
        let example = example(status, &response.description);
        if let (Some(example), Some(RefOr::T(content))) = (example, response.content.get_mut("application/json")) {
            content.example = Some(example);
        }
    }
}

/// An error of that status; `None` if the status is not one of an error.
fn example(status: &str, description: &str) -> Option<Value> {
    let (code, details) = match status {
        "400" => ("invalid_request", json!({})),
        "401" => ("authentication_error", json!({})),
        "403" => ("permission_denied", json!({})),
        "404" => ("not_found", json!({})),
        "408" => ("body_timeout", json!({})),
        "409" => ("conflict", json!({})),
        "412" => ("precondition_failed", json!({})),
        "413" => ("payload_too_large", json!({})),
        "422" => {
            let fault = json!({ "field": "provider", "message": "unknown provider `opanai`" });
            ("validation_error", json!({ "param": "provider", "errors": [fault] }))
        }
        "429" => ("rate_limit_exceeded", json!({})),
        "503" => ("overloaded", json!({})),
        _ => return None,
    };
    // What the description says beyond its first part is about the call, not a message.
    let message = description.split([':', ';']).next().unwrap_or_default();
    let id = "01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f";
    Some(json!({ "error": { "code": code, "message": message, "details": details, "request_id": id } }))
}

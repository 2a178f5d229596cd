//! The description of the management API, from which `/openapi.json` is made.

use crate::failures::Failures;
use crate::wire::faults::FieldFault;
use crate::{audit, cache, events, keys, models, projects, providers, ready, requests, usage, webhooks};
use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton",
        description = "One API in front of many AI model providers: requests in the formats of OpenAI, and in Baton's own, \
                       and the management of models, keys and usage."
    ),
    paths(
        models::list::list,
        models::register::register,
        models::get::get,
        models::update::update,
        models::remove::remove,
        models::discover::discover,
        models::health::health,
        models::stats::stats,
        models::tokens::tokens,
        models::route::route,
        providers::list::list,
        providers::register::register,
        providers::get::get,
        providers::update::update,
        providers::remove::remove,
        keys::list::list,
        keys::create::create,
        keys::get::get,
        keys::update::update,
        keys::rotate::rotate,
        keys::revoke::revoke,
        projects::list::list,
        projects::create::create,
        projects::get::get,
        projects::update::update,
        projects::remove::remove,
        usage::totals::usage,
        requests::list::list,
        requests::get::get,
        requests::feedback::give,
        events::stream::stream,
        webhooks::list::list,
        webhooks::create::create,
        webhooks::get::get,
        webhooks::update::update,
        webhooks::remove::remove,
        webhooks::rotate::rotate,
        webhooks::deliveries::deliveries,
        webhooks::redeliver::redeliver,
        audit::list,
        cache::size::size,
        cache::purge::purge,
        ready::ready,
    ),
    components(schemas(ErrorBody, ErrorDetail, FieldFault)),
    tags(
        (name = "models", description = "Which models there are, how they fare, and what a request to them would do"),
        (name = "providers", description = "The services that serve models"),
        (name = "keys", description = "Who may ask"),
        (name = "projects", description = "What requests are booked on"),
        (name = "usage", description = "What was consumed, and what it cost"),
        (name = "requests", description = "The ledger, request by request"),
        (name = "events", description = "What happens, as it happens"),
        (name = "webhooks", description = "Services that are told of events over HTTP"),
        (name = "audit", description = "Who changed what"),
        (name = "cache", description = "The response cache"),
        (name = "service", description = "The service itself"),
    ),
    security(("key" = [])),
    modifiers(&Key, &Failures),
)]
pub struct Api;

/// Gives each call a name of its own, from its method and path, for programs that make clients of the description:
/// `get_api_models_model_id_health`.
pub fn named(mut api: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut api.paths.paths {
        let words: Vec<&str> =
            path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let calls =
            [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post), ("delete", &mut item.delete)];
        for (method, call) in calls {
            if let Some(call) = call {
                call.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
    api
}

/// How a key is sent.
struct Key;

impl Modify for Key {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (`bt-…`); `x-api-key` and `api-key` are read too"))
            .build();
        api.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// The kind of error, for programs.
    #[schema(example = "validation_error")]
    code: String,
    /// A sentence that a person can act on.
    #[schema(example = "provider: there is no provider `opanai`; configured are: anthropic, openai")]
    message: String,
    /// More, for programs: `param` names the field, `errors` lists every wrong field.
    #[schema(value_type = Object, example = json!({"param": "provider", "errors": [{"field": "provider", "message": "…"}]}))]
    details: Vec<FieldFault>,
    /// The request's id, as in `x-request-id`.
    request_id: String,
}

/// A model to register, or what to change of one.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
#[schema(as = Model, example = json!({
    "model_id": "fast", "provider": "groq", "upstream": "llama-3.3-70b-versatile", "capabilities": ["CHAT"],
    "token_limit": 131072, "max_tokens": 32768, "price": {"input": "0.59", "output": "0.79"}, "fallbacks": ["gpt-4o-mini"]
}))]
pub struct ModelBody {
    /// What clients ask for; required to register, fixed from then on.
    model_id: Option<String>,
    /// The provider that serves it, by its name in any case; required to register.
    provider: Option<String>,
    /// What the provider calls it; by default `model_id`.
    upstream: Option<String>,
    /// What it can do; by default what the built-in catalogue says, else `CHAT`.
    capabilities: Option<Vec<String>>,
    /// `ACTIVE`, `INACTIVE` or `DEPRECATED`; by default `ACTIVE`.
    status: Option<String>,
    /// A name for people.
    display_name: Option<String>,
    /// A sentence for people.
    description: Option<String>,
    /// The largest output, in tokens; by default the catalogue's.
    max_tokens: Option<u64>,
    /// The context window, in tokens; by default the catalogue's.
    token_limit: Option<u64>,
    /// Dollars per million units by class, as decimal strings or numbers; by default the catalogue's.
    #[schema(value_type = Option<Object>)]
    price: Option<serde_json::Value>,
    /// Dollars for one token, in place of `price`: sets `input` and `output`.
    cost_per_token: Option<f64>,
    /// Models to try in its place when it fails, in order.
    fallbacks: Option<Vec<String>>,
    /// Defaults for requests, as fields of OpenAI's chat format.
    #[schema(value_type = Option<Object>)]
    configuration: Option<serde_json::Value>,
    /// Whatever is to be kept with it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
    /// How it differs from others of its format.
    quirks: Option<models::quirks::QuirksJson>,
    /// The tokenizer that counts for it: `o200k`, `cl100k`, `claude`, `claude-new`, `other`.
    tokenizer: Option<String>,
}

//! The description of the management API, from which `/openapi.json` is made.

use crate::failures::AddCommonErrors;
use crate::models;
use crate::wire::faults::FieldFault;
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Object, OpenApi, RefOr, Schema};
use utoipa::{Modify, ToSchema};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Baton",
        description = "One API in front of many AI model providers: requests in the formats of OpenAI, Anthropic and \
                       Ollama, and in Baton's own, and the management of models, keys and usage. `docs/clients.md` in \
                       Baton's repository has the settings of programs: SDKs, agents, frameworks."
    ),
    // Only what `models::one` leads to: every other handler brings its description with its route.
    paths(
        models::get::get,
        models::update::update,
        models::remove::remove,
        models::health::health,
        models::stats::stats,
    ),
    components(schemas(ErrorBody, ErrorDetail, FieldFault)),
    tags(
        (name = "models", description = "The registered models, their health, and what a request to them would do"),
        (name = "providers", description = "The services that models are called at"),
        (name = "keys", description = "API keys: who may call the API"),
        (name = "projects", description = "Projects that requests are attributed to"),
        (name = "users", description = "Users: what is set for them, and what they used"),
        (name = "budgets", description = "How much money requests may cost"),
        (name = "limits", description = "How much requests may take in a time, and how many may be under way"),
        (name = "prices", description = "What models cost, and from where that is known"),
        (name = "usage", description = "Usage and costs"),
        (name = "requests", description = "The ledger: one record per request"),
        (name = "events", description = "Events as they happen"),
        (name = "webhooks", description = "Services that receive events over HTTP"),
        (name = "audit", description = "The log of who changed what"),
        (name = "cache", description = "The response cache"),
        (name = "service", description = "The service itself"),
    ),
    security(("key" = [])),
)]
struct Api;

/// The description of the management API, of its routes' own descriptions.
pub fn describe(routes: OpenApi) -> OpenApi {
    let mut api = <Api as utoipa::OpenApi>::openapi().merge_from(routes);
    Flattened.modify(&mut api);
    // Last, because they complete what each call says for itself.
    Key.modify(&mut api);
    AddCommonErrors.modify(&mut api);
    api
}

/// Gives each call a name of its own, from its method and path, for programs that make clients of the description:
/// `get_api_models_model_id_health`.
pub fn name_operations(mut api: OpenApi) -> OpenApi {
    for (path, item) in &mut api.paths.paths {
        let words: Vec<&str> =
            path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let calls =
            [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post), ("delete", &mut item.delete)];
        for (method, call) in calls {
            if let Some(call) = call {
                // Without this, utoipa takes the name of the handler. Most handlers are called `list`, `get` or
                // `update`, so the ids would repeat.
                call.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
    api
}

/// Makes one object of parts that are written side by side, where all of them stand here: which structs of the code a
/// record is made of is no business of its readers.
struct Flattened;

impl Modify for Flattened {
    fn modify(&self, api: &mut OpenApi) {
        for schema in api.components.iter_mut().flat_map(|components| components.schemas.values_mut()) {
            if let Some(object) = joined(schema) {
                *schema = object.into();
            }
        }
    }
}

/// The object of all parts; `None` if one of them stands elsewhere.
fn joined(schema: &RefOr<Schema>) -> Option<Object> {
    let parts = match schema {
        RefOr::T(Schema::Object(object)) => return Some(object.clone()),
        RefOr::T(Schema::AllOf(parts)) => parts,
        _ => return None,
    };
    let mut whole = Object::new();
    for part in parts.items.iter().map(joined) {
        let part = part?;
        whole.properties.extend(part.properties);
        whole.required.extend(part.required);
    }
    whole.description.clone_from(&parts.description);
    Some(whole)
}

/// How a key is sent.
struct Key;

impl Modify for Key {
    fn modify(&self, api: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key (`bt-…`); `x-api-key` and `api-key` are read too, and the password of `Basic`",
            ))
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
    /// A message for people.
    #[schema(example = "provider: unknown provider `opanai`; configured providers: anthropic, openai")]
    message: String,
    /// Details for programs: `param` is the field, `errors` lists every invalid field.
    #[schema(value_type = Object, example = json!({"param": "provider", "errors": [{"field": "provider", "message": "…"}]}))]
    details: Vec<FieldFault>,
    /// The request's id, as in `x-request-id`.
    request_id: String,
}

//! A registered provider as others see it: in the API, in events and in the audit log. Never its key, never the
//! value of a header or of a parameter.

use super::StoredProviderSettings;
use super::registered::parameter_names;
use baton_model::schema::time::write as write_time;
use baton_store::RegisteredProvider;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// The registration of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationView {
    /// The vendor or format: `openai`, `groq`.
    kind: String,
    /// Its address; null: that of its kind.
    base_url: Option<String>,
    /// The first characters of its key; null: it has none.
    key_prefix: Option<String>,
    /// The names of the headers that are sent with every request.
    headers: Vec<String>,
    /// The names of the parameters of the query that is sent with every request.
    query: Vec<String>,
    /// Timeouts that differ from those of its kind: `connect`, `first_token`, `idle`, `total`.
    #[schema(value_type = BTreeMap<String, String>)]
    timeouts: BTreeMap<String, String>,
    /// How often the same model is tried again; null: the default of its kind.
    retries: Option<u32>,
    /// The most requests at it at a time, from each node; null: only `server.max_in_flight` bounds them.
    max_in_flight: Option<u64>,
    /// Whether the models that it lists are registered.
    discover: bool,
    /// The vendor whose facts and prices hold for its models; null: that of its address or kind.
    catalogue: Option<String>,
    /// The region that it serves from alone; null: as its address says.
    region: Option<String>,
    /// When it was registered.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<&RegisteredProvider> for RegistrationView {
    fn from(row: &RegisteredProvider) -> Self {
        let settings = StoredProviderSettings::read_row(row);
        // One that an older version keeps in clear is masked all the same.
        let query = settings.query.as_deref().map_or(settings.query_names, parameter_names);
        let text = |millis: u64| humantime::format_duration(Duration::from_millis(millis)).to_string();
        Self {
            kind: row.kind.clone(),
            base_url: row.base_url.clone(),
            key_prefix: settings.key_prefix,
            headers: settings.header_names,
            query,
            timeouts: settings.timeouts.into_iter().map(|(name, millis)| (name, text(millis))).collect(),
            retries: settings.retries,
            max_in_flight: settings.max_in_flight,
            discover: settings.discover != Some(false),
            catalogue: settings.catalogue,
            region: settings.region,
            created_at: write_time(row.created_at),
            updated_at: write_time(row.updated_at),
        }
    }
}

/// A registration as text, for events and the audit log.
pub fn text(row: &RegisteredProvider) -> String {
    #[derive(Serialize)]
    struct Named<'r> {
        name: &'r str,
        #[serde(flatten)]
        registration: RegistrationView,
    }
    serde_json::to_string(&Named { name: row.name.as_str(), registration: row.into() }).unwrap_or_default()
}

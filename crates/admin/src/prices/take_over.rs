//! `POST /api/prices/update`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, RawBody, json};
use crate::wire::time;
use axum::extract::State;
use baton_control::prices::{PriceUpdate, UpdateOptions};
use baton_meter::catalogue::Effective;
use baton_model::{Code, PublicError, bounds};
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// What an update has changed, or would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdateView {
    /// Whose shape the list has: `baton`, `models.dev` or `litellm`.
    form: &'static str,
    /// Its checksum.
    #[schema(example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    checksum: String,
    /// Whether it was only looked at.
    dry_run: bool,
    /// The number of models that were not known.
    added: u64,
    /// The number of amounts that change.
    changed: u64,
    /// The number of models that stay as they are.
    unchanged: u64,
    /// The number of models that were passed over: of vendors that are not known, or without a price.
    skipped: u64,
    /// Models that were not known, as `vendor/model`; at most 1000.
    models: Vec<String>,
    /// Amounts that change; at most 1000.
    changes: Vec<ChangeView>,
}

/// An amount that changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The vendor.
    vendor: String,
    /// The vendor's name for the model.
    model: String,
    /// What changes: `input`, `service_tiers.flex.output`, `token_limit`.
    what: String,
    /// What was known; null: nothing.
    before: Option<String>,
    /// What is known now.
    after: Option<String>,
}

impl UpdateView {
    fn new(update: PriceUpdate, dry_run: bool) -> Self {
        let report = update.report;
        let change = |change: baton_meter::catalogue::PriceChange| ChangeView {
            vendor: change.vendor,
            model: change.model,
            what: change.what,
            before: change.before,
            after: change.after,
        };
        let name = |(vendor, model): (String, String)| format!("{vendor}/{model}");
        Self {
            form: update.form.name(),
            checksum: update.checksum,
            dry_run,
            added: report.added.len() as u64,
            changed: report.changed.len() as u64,
            unchanged: report.unchanged,
            skipped: update.skipped,
            models: report.added.into_iter().take(bounds::PRICE_CHANGES).map(name).collect(),
            changes: report.changed.into_iter().take(bounds::PRICE_CHANGES).map(change).collect(),
        }
    }
}

/// Takes over a list of prices: the body, or what is at `url`. It may have Baton's own shape, that of models.dev's
/// `api.json` or that of LiteLLM's map. What the operator has set stays. A list with a fault changes nothing.
#[utoipa::path(post, path = "/api/prices/update", tag = "prices", params(
    ("url" = Option<String>, Query, description = "Where the list is fetched from: an address of the public internet, or of a network that `prices.allow_networks` names"),
    ("checksum" = Option<String>, Query, description = "What the list must have: `sha256:` and 64 hexadecimal digits"),
    ("effective" = Option<String>, Query, description = "From when changed prices hold: RFC 3339, a date, or `always`; by default from now on"),
    ("dry_run" = Option<bool>, Query, description = "Whether only to say what would change"),
), request_body(content = Object, description = "The list, unless `url` is given"), responses(
    (status = 200, description = "What has changed", body = UpdateView),
    (status = 422, description = "The list or a parameter is invalid: `details.errors` names each fault", body = ErrorBody),
    (status = 502, description = "The list can't be fetched", body = ErrorBody),
))]
pub async fn take_over(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    uri: Uri,
    RawBody { bytes, .. }: RawBody,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let url = params.take("url");
    let is_checksum = |text: &str| {
        let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64)?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| text.to_owned())
    };
    let checksum = params.parse("checksum", "`sha256:` and 64 hexadecimal digits", is_checksum);
    let effective = params.parse("effective", "`always`, a time or a date", |text| match text {
        "always" => Some(Effective::Always),
        time => time::read(time).map(Effective::From),
    });
    let dry_run = params.flag("dry_run");
    if url.is_some() && !bytes.is_empty() {
        params.faults.add("url", "can't be combined with a body");
    }
    params.finish()?;
    let (list, source) = match url {
        Some(url) => (admin.price_source.fetch(&url).await?, bounds::truncate(&url, bounds::ID).into_owned()),
        None if bytes.is_empty() => {
            let message = "the body must be a list of prices, or `url` must say where it is";
            return Err(PublicError::new(Code::InvalidRequest, message).into());
        }
        None => (bytes, "file".to_owned()),
    };
    let options = UpdateOptions { source, checksum, effective, dry_run };
    let update = run(&admin, &list, &options, &by).await?;
    json(StatusCode::OK, &UpdateView::new(update, dry_run))
}

async fn run(
    admin: &Admin,
    list: &Bytes,
    options: &UpdateOptions,
    by: &baton_model::Actor,
) -> Result<PriceUpdate, PublicError> {
    let done = admin.models.prices().update(list, options, by).await?;
    if !options.dry_run {
        admin.models.reload().await?;
    }
    Ok(done)
}

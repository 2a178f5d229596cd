//! A request put into bytes: the client's own with a few places changed, or written from its meaning.

use baton_dialect::client_tools::adapt;
use baton_dialect::profile::{Fitted, ToolNames, fit, fit_media};
use baton_dialect::{CallInText, Codec, Dropped, ReadError};
use baton_model::fault::ErrorKind;
use baton_model::{Capability, Quirks, Target};
use baton_provider_api::{Mode, OutgoingRequest, ProviderError};
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// A request body, ready to go.
pub(super) struct PreparedBody {
    pub(super) body: Bytes,
    pub(super) content_type: String,
    pub(super) hide_usage: bool,
    pub(super) dropped: Vec<String>,
    /// The client's names of tools, to be put back into the reply.
    pub(super) names: ToolNames,
    /// What makes a call of the reply's text, if that is how one was demanded.
    pub(super) call_in_text: Option<CallInText>,
}

/// Puts the request into bytes, in its mode.
pub(super) fn prepare(
    codec: &dyn Codec,
    outgoing: &OutgoingRequest<'_>,
    quirks: &Quirks,
) -> Result<PreparedBody, ProviderError> {
    let target = with_quirks(outgoing.target, quirks);
    let mut call_in_text = None;
    let (body, content_type, hide_usage, mut dropped) = match outgoing.mode {
        Mode::Passthrough(body) => {
            let rewritten = codec.rewrite(body, &target).map_err(refuse_request)?;
            (rewritten.body, "application/json".to_owned(), rewritten.hide_usage, rewritten.dropped)
        }
        Mode::Translated(operation) => {
            let (operation, mut lost) = adapt(operation, outgoing.dialect);
            let (operation, unaccepted) = fit_media(operation, outgoing.dialect, &target.model.quirks);
            lost.extend(unaccepted);
            let mut written = codec.write_request(&operation, &target).map_err(refuse_request)?;
            written.dropped.extend(lost);
            call_in_text = written.call_in_text;
            // Only passthrough has something to hide: a translated stream shows the usage only to a client that
            // asked for it.
            (written.body, written.content_type, false, written.dropped)
        }
    };
    let fitted = match outgoing.capability {
        // Last, and on the bytes: what a vendor accepts does not depend on whose words they are.
        Capability::Chat | Capability::Completion => {
            let exact = matches!(outgoing.mode, Mode::Passthrough(_));
            fit(outgoing.dialect, body, &target.model.quirks, exact).map_err(refuse_request)?
        }
        _ => Fitted { body, ..Fitted::default() },
    };
    dropped.extend(fitted.dropped);
    Ok(PreparedBody {
        body: fitted.body,
        content_type,
        hide_usage,
        dropped: dropped.into_iter().map(describe).collect(),
        names: fitted.names,
        call_in_text,
    })
}

/// The target with the vendor's peculiarities under the model's own.
pub(super) fn with_quirks<'a>(target: &'a Target, vendor: &Quirks) -> Cow<'a, Target> {
    let quirks = vendor.overlaid_by(&target.model.quirks);
    // Most models have none, and a copy of the model for every request would be waste.
    if quirks == target.model.quirks {
        return Cow::Borrowed(target);
    }
    let mut model = (*target.model).clone();
    model.quirks = quirks;
    Cow::Owned(Target { model: Arc::new(model), ..target.clone() })
}

/// A request that can't be written for the provider, as the client's mistake.
pub(crate) fn refuse_request(error: ReadError) -> ProviderError {
    let mut refused = ProviderError::new(ErrorKind::InvalidRequest, error.to_string());
    refused.param = Some(error.path).filter(|path| !path.is_empty());
    refused
}

fn describe(dropped: Dropped) -> String {
    format!("{}: {}", dropped.field, dropped.reason)
}

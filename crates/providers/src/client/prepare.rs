//! A request put into bytes: the client's own with a few places changed, or written from its meaning.

use super::headers::content_type_header;
use baton_dialect::client_tools::adapt;
use baton_dialect::profile::{Fitted, ToolNames, fit, fit_media, fit_written};
use baton_dialect::{CallInText, Codec, Dropped, ReadError, RewrittenRequest};
use baton_model::fault::ErrorKind;
use baton_model::{Capability, Quirks, Target};
use baton_provider_api::{Mode, OutgoingRequest, ProviderError};
use bytes::Bytes;
use http::HeaderValue;
use std::borrow::Cow;
use std::sync::Arc;

/// A request body, ready to go.
pub(super) struct PreparedBody {
    pub(super) body: Bytes,
    pub(super) content_type: HeaderValue,
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
    // What a vendor accepts does not depend on whose words they are, and comes last.
    let has_profile = matches!(outgoing.capability, Capability::Chat | Capability::Completion);
    let quirks = &target.model.quirks;
    let (fitted, content_type, hide_usage, mut dropped) = match outgoing.mode {
        Mode::Passthrough(body) => {
            let RewrittenRequest { editor, hide_usage, dropped } =
                codec.rewrite(body, &target).map_err(refuse_request)?;
            let fitted = match has_profile {
                true => fit(outgoing.dialect, editor, quirks, true).map_err(refuse_request)?,
                false => Fitted { body: editor.finish(), ..Fitted::default() },
            };
            (fitted, HeaderValue::from_static("application/json"), hide_usage, dropped)
        }
        Mode::Translated(operation) => {
            let (operation, mut lost) = adapt(operation, outgoing.dialect);
            let (operation, unaccepted) = fit_media(operation, outgoing.dialect, &target.model.quirks);
            lost.extend(unaccepted);
            let mut written = codec.write_request(&operation, &target).map_err(refuse_request)?;
            written.dropped.extend(lost);
            call_in_text = written.call_in_text;
            let content_type = content_type_header(&written.content_type)?;
            let fitted = match has_profile {
                true => fit_written(outgoing.dialect, written.body, quirks).map_err(refuse_request)?,
                false => Fitted { body: written.body, ..Fitted::default() },
            };
            // Only passthrough has something to hide: a translated stream shows the usage only to a client that
            // asked for it.
            (fitted, content_type, false, written.dropped)
        }
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

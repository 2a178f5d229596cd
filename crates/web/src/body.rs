//! Reading bodies whole, within their bounds: their own size, and the memory of the node.

use crate::encoding::content_encoding;
use crate::paced::BodyTooSlow;
use axum::body::Body;
use baton_engine::Hold;
use baton_engine::limit::{NodeLimits, READ_COST};
use baton_model::{Caller, Code, PublicError};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Bodies of unknown length are counted in steps of so many bytes: a client that sends little must not hold much, and
/// counting each piece would cost more than it tells.
const STEP: u64 = 64 << 10;

/// A body that was read, and the memory that it is counted with for as long as the hold lives.
pub struct HeldBody {
    /// The body.
    pub bytes: Bytes,
    /// Its memory.
    pub hold: Hold,
}

/// Reads the body of a request, decoded if its headers say that it is encoded.
///
/// It takes the caller for two reasons: it proves that the credentials in the head were checked first, since a body costs
/// memory, and who has no key may cost none; and the memory is counted as this caller's.
///
/// # Errors
/// `payload_too_large` with the limit; `overloaded` if there is no memory for it now; `body_timeout` if it arrives too
/// slowly; `unsupported_media_type` if nothing here decodes it; or that the client broke off. A body that announces its length is refused before a byte of it is read.
pub async fn read_body(
    limits: &NodeLimits,
    authenticated: &Caller,
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<HeldBody, PublicError> {
    // What is larger before it is decoded is larger afterwards too.
    if body.size_hint().exact().is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let encoding = content_encoding(headers)?;
    // Held while the decoder is there. The limit and the memory of the body itself count what comes out of it.
    let _decoder = match encoding {
        Some(encoding) => {
            body = Body::from_stream(encoding.decode(body.into_data_stream()));
            Some(limits.hold_bytes(authenticated, encoding.decoder_bytes())?)
        }
        None => None,
    };
    let announced = body.size_hint().exact();
    let mut hold = limits.hold_bytes(authenticated, READ_COST.saturating_mul(announced.unwrap_or(0)))?;
    // What was announced is counted already, so its room can be made at once, and no piece is copied twice.
    let mut bytes = BytesMut::with_capacity(announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0));
    let mut counted = announced.unwrap_or(0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_body_error(&error, encoding.is_some()))?;
        // What is no data is a trailer, which means nothing to any API.
        let Ok(data) = frame.into_data() else { continue };
        let length = (bytes.len() + data.len()) as u64;
        if length > limit as u64 {
            return Err(too_large(limit));
        }
        if length > counted {
            let more = (length - counted).next_multiple_of(STEP);
            hold.grow(READ_COST.saturating_mul(more)).map_err(baton_engine::limit::no_bytes)?;
            counted += more;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(HeldBody { bytes: bytes.freeze(), hold })
}

/// Reads the body of a reply that Baton itself has made.
///
/// # Errors
/// `payload_too_large`.
pub async fn read_own_reply(body: Body, limit: usize) -> Result<Bytes, PublicError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(broken_body_error(&*error, false)),
    }
}

fn too_large(limit: usize) -> PublicError {
    PublicError::new(
        Code::PayloadTooLarge,
        format!("the body is larger than {limit} bytes, the limit of this server (`server.max_body_bytes`)"),
    )
    .detail("limit_bytes", limit.to_string())
}

fn broken_body_error(error: &(dyn std::error::Error + 'static), is_encoded: bool) -> PublicError {
    match std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref::<BodyTooSlow>())
    {
        Some(slow) => PublicError::new(
            Code::BodyTimeout,
            format!("the body arrived too slowly: {slow} (`server.connections.min_body_rate`)"),
        ),
        // It may be either, and the client knows which.
        None if is_encoded => PublicError::new(
            Code::InvalidRequest,
            "the body could not be decoded to its end: it is not encoded as `content-encoding` says, or broke off",
        ),
        // The library's text says nothing that a client does not know.
        None => PublicError::new(Code::InvalidRequest, "the body could not be read completely"),
    }
}

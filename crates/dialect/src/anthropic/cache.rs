//! Cache marks: `cache_control` on blocks, tools, instructions and the whole request.
//!
//! Reference: Anthropic API reference, prompt caching, `CacheControlEphemeral`: `{"type": "ephemeral", "ttl": "5m"|"1h"}`.

use crate::json::{JsonFault, Node, Object};
use baton_model::chat::{CacheControl, CacheLifetime};

/// The member that holds a mark.
pub(super) const MEMBER: &str = "cache_control";

/// The mark of a block, tool or request.
pub(super) fn read(node: &Node<'_>) -> Result<Option<CacheControl>, JsonFault> {
    let Some(mark) = node.get(MEMBER) else { return Ok(None) };
    mark.members()?;
    // Vendors add lifetimes: an unknown one is read as the default, and not refused.
    let lifetime = match mark.get("ttl").and_then(Node::as_str).as_deref() {
        Some("5m") => Some(CacheLifetime::FiveMinutes),
        Some("1h") => Some(CacheLifetime::OneHour),
        _ => None,
    };
    Ok(Some(CacheControl { lifetime }))
}

/// Writes a mark. OpenAI's half hour becomes the default of five minutes: an hour would cost more than was asked for.
pub(super) fn write(mark: Option<CacheControl>, o: &mut Object<'_>) {
    let Some(mark) = mark else { return };
    o.object(MEMBER, |o| {
        o.string("type", "ephemeral");
        match mark.lifetime {
            Some(CacheLifetime::FiveMinutes) => o.string("ttl", "5m").end(),
            Some(CacheLifetime::OneHour) => o.string("ttl", "1h").end(),
            // Neither half an hour nor half a day can be said here; without a `ttl` it is five minutes.
            Some(CacheLifetime::ThirtyMinutes | CacheLifetime::TwelveHours) | None => {}
        }
    });
}

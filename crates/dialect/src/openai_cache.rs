//! Cache marks on parts and tools.
//!
//! Reference: OpenAI API reference, `prompt_cache_breakpoint`; services in front of Claude take Anthropic's
//! `cache_control` in this format too, so both are read.

use crate::json::{JsonFault, Node, Object};
use baton_model::chat::{CacheControl, CacheLifetime};

/// The members that hold a mark.
pub(crate) const MEMBERS: [&str; 2] = ["prompt_cache_breakpoint", "cache_control"];

/// The mark of a part or tool.
pub(crate) fn read(node: &Node<'_>) -> Result<Option<CacheControl>, JsonFault> {
    let Some(mark) = MEMBERS.iter().find_map(|name| node.get(name)) else { return Ok(None) };
    mark.members()?;
    let lifetime = match mark.get("ttl").and_then(Node::as_str).as_deref() {
        Some("5m") => Some(CacheLifetime::FiveMinutes),
        Some("30m") => Some(CacheLifetime::ThirtyMinutes),
        Some("1h") => Some(CacheLifetime::OneHour),
        Some("12h") => Some(CacheLifetime::TwelveHours),
        _ => None,
    };
    Ok(Some(CacheControl { lifetime }))
}

/// Writes a mark, for models that know them.
pub(crate) fn write(mark: Option<CacheControl>, o: &mut Object<'_>) {
    let Some(mark) = mark else { return };
    o.object("prompt_cache_breakpoint", |o| {
        o.string("mode", "explicit");
        let ttl = mark.lifetime.map(|lifetime| match lifetime {
            CacheLifetime::FiveMinutes => "5m",
            CacheLifetime::ThirtyMinutes => "30m",
            CacheLifetime::OneHour => "1h",
            CacheLifetime::TwelveHours => "12h",
        });
        o.maybe_string("ttl", ttl);
    });
}

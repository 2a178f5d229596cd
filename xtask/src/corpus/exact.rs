//! Requests rewritten for a provider of the same format: every byte of every field stays, but for the model's name and
//! the wish for usage.

use super::exchange::{Exchange, chat};
use super::losses::Losses;
use super::requests::target;
use baton_dialect::framing::splice;
use serde_json::value::RawValue;

/// Checks one request.
pub fn check(exchange: &Exchange, losses: &mut Losses) {
    let Some(from) = exchange.dialect() else { return };
    let Some(codec) = chat(from) else { return };
    let kind = format!("{from} request, exactly");
    let Ok(body) = splice::scan(exchange.request.clone().into()) else {
        return losses.add(format!("{kind}: not scanned"), &exchange.id, &exchange.request);
    };
    losses.checked(&kind);
    let rewritten = match codec.rewrite(&body, &target()) {
        Ok(rewritten) => rewritten,
        Err(error) => return losses.add(format!("{kind}: refused"), &exchange.id, &error.to_string()),
    };
    if !rewritten.dropped.is_empty() {
        losses.add(format!("{kind}: dropped"), &exchange.id, &format!("{:?}", rewritten.dropped));
    }
    let changed = ["model", "stream_options"];
    let fields = |bytes: &[u8]| {
        let fields = members(bytes);
        fields
            .map(|fields| fields.into_iter().filter(|(name, _)| !changed.contains(&name.as_str())).collect::<Vec<_>>())
    };
    let sent = rewritten.editor.finish();
    if fields(exchange.request.as_bytes()) != fields(&sent) {
        losses.add(kind, &exchange.id, &String::from_utf8_lossy(&sent));
    }
}

/// The fields of an object in order, each with its text, as another reader sees them.
fn members(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    // By serde's reader and not by the scanner that is checked here: the same mistake in both would not show.
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes).ok()?;
    // The text of each value, because a parsed one has lost its spelling.
    let texts: std::collections::HashMap<String, Box<RawValue>> = serde_json::from_slice(bytes).ok()?;
    members.into_iter().map(|(name, _)| texts.get(&name).map(|text| (name, text.get().to_owned()))).collect()
}

//! Citations of a text, written.

use crate::json::Object;
use baton_model::Dialect;
use baton_model::chat::Json;

/// Writes the sources that a text cites, if any are this format's own.
pub(super) fn write_citations(citations: &[(Dialect, Json)], o: &mut Object<'_>) {
    let mut own = citations.iter().filter(|(dialect, _)| *dialect == Dialect::Anthropic).peekable();
    if own.peek().is_some() {
        o.array("citations", |a| {
            for (_, json) in own {
                a.raw(&json.0);
            }
        });
    }
}

//! Parts of error messages.

use baton_engine::names::nearest_name;

/// A value as an error message shows it.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// That a name is not known, and what may have been meant.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match nearest_name(name, known.iter().copied()) {
        Some(near) => format!("unknown {what}; did you mean `{near}`?"),
        None => format!("unknown {what}; known: {}", known.join(", ")),
    }
}

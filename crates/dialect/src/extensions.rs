//! Fields that one format alone knows, seen from the others.

use baton_model::Dialect;
use baton_model::chat::Extension;

/// Whether leaving a field out changes nothing: it says what is so anyway, or what is seen to in front of the provider.
pub(crate) fn changes_nothing(extension: &Extension) -> bool {
    let Extension { dialect, path, value } = extension;
    match (*dialect, path.as_str(), value.0.as_str()) {
        // A client of the responses API gets its responses stored by Baton where the provider stores none.
        (Dialect::Responses, "store", _)
        | (Dialect::Responses, "background", "false")
        | (Dialect::Responses, "truncation", "\"disabled\"")
        | (Dialect::OpenAi, "store", "false") => true,
        _ => false,
    }
}

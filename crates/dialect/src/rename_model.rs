//! The model's name in a request that is passed through.

use crate::encoded::RewrittenRequest;
use crate::framing::splice::Editor;
use crate::json::quoted;
use baton_model::{Body, Target};

/// Sets the model's name to the provider's.
pub(crate) fn set_model(editor: &mut Editor<'_>, target: &Target) {
    let model = quoted(target.upstream());
    // A request that names the model as the provider does is forwarded byte for byte, without a copy.
    if editor.get("model") != Some(&model) {
        editor.set("model", model);
    }
}

/// A request with the model's name changed and nothing else.
pub(crate) fn rename_model<'b>(body: &'b Body, target: &Target) -> RewrittenRequest<'b> {
    let mut editor = Editor::new(body);
    set_model(&mut editor, target);
    RewrittenRequest { editor, hide_usage: false, dropped: Vec::new() }
}

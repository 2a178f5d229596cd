//! Images, documents and audio of types that a target does not take: as text where they hold some, else in a sentence,
//! so that the model knows that something was there.
//!
//! In a translated request alone: what a client sends in the vendor's own format, the vendor judges.

use super::rules::media_types;
use crate::Dropped;
use crate::media_type::{guess_image, is_listed, is_text, registered};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_model::chat::{Document, MediaSource, Part, PartKind};
use baton_model::{ChatRequest, Dialect, Operation, Quirks};
use std::borrow::Cow;

/// The request with parts that the target takes, and what was changed; the very same if there is nothing to change.
pub fn fit_media<'o>(
    operation: Cow<'o, Operation>,
    dialect: Dialect,
    quirks: &Quirks,
) -> (Cow<'o, Operation>, Vec<Dropped>) {
    let rules = MediaRules { dialect, quirks };
    let mut changes = Vec::new();
    if let Operation::Chat(request) = &*operation {
        visit(request, |path, part| changes.extend(rules.change(part).map(|change| (path.to_vec(), change))));
    }
    if changes.is_empty() {
        return (operation, Vec::new());
    }
    let (mut operation, mut dropped) = (operation.into_owned(), Vec::new());
    if let Operation::Chat(request) = &mut operation {
        for (path, change) in changes {
            dropped.extend(change.reason.map(|reason| Dropped::new(name(&path), reason)));
            if let Some(part) = find(request, &path) {
                part.kind = change.kind;
            }
        }
    }
    (Cow::Owned(operation), dropped)
}

/// What becomes of a part.
struct Change {
    kind: PartKind,
    /// What to tell; nothing where only a name is corrected.
    reason: Option<String>,
}

struct MediaRules<'q> {
    dialect: Dialect,
    quirks: &'q Quirks,
}

impl MediaRules<'_> {
    fn change(&self, part: &Part) -> Option<Change> {
        match &part.kind {
            PartKind::Image(image) => {
                let MediaSource::Base64 { media_type, data } = &image.source else { return None };
                let known = registered(if media_type.is_empty() { guess_image(data) } else { media_type });
                if !self.takes(&self.quirks.image_types, media_types(self.dialect).images, &known) {
                    return Some(note("image", &known));
                }
                // Its writer looks at the bytes where nothing is said.
                (!media_type.is_empty() && known != *media_type).then(|| {
                    let source = MediaSource::Base64 { media_type: known.into_owned(), data: data.clone() };
                    let image = baton_model::chat::Image { source, ..image.clone() };
                    Change { kind: PartKind::Image(image), reason: None }
                })
            }
            PartKind::Document(document) => self.change_document(document),
            PartKind::Audio { format, .. } => {
                let takes = self.takes(&self.quirks.audio_formats, media_types(self.dialect).audio, format);
                (!takes).then(|| note("audio", format))
            }
            _ => None,
        }
    }

    fn change_document(&self, document: &Document) -> Option<Change> {
        let MediaSource::Base64 { media_type, data } = &document.source else { return None };
        let known = registered(media_type);
        // Without a type it is for the vendor to find out.
        if known.is_empty() || self.takes(&self.quirks.document_types, media_types(self.dialect).documents, &known) {
            return None;
        }
        let text = is_text(&known).then(|| STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
        Some(match text.flatten() {
            Some(text) => {
                let document = Document { source: MediaSource::Text(text), ..document.clone() };
                Change { kind: PartKind::Document(document), reason: Some(format!("{known} is sent as text")) }
            }
            None => note("document", &known),
        })
    }

    fn takes(&self, own: &Option<Vec<String>>, format: Option<&[&str]>, media_type: &str) -> bool {
        match own {
            Some(list) => is_listed(list.iter().map(String::as_str), media_type),
            None => format.is_none_or(|list| is_listed(list.iter().copied(), media_type)),
        }
    }
}

/// A sentence in the part's place.
fn note(what: &str, media_type: &str) -> Change {
    let known: String = media_type.chars().filter(|c| !c.is_control()).take(80).collect();
    Change {
        kind: PartKind::Text {
            text: format!("[Here stood {what} of the type {known}, which can't be shown.]"),
            citations: Vec::new(),
        },
        reason: Some(format!(
            "{what} of the type `{known}` is not accepted by the model: a sentence says so in its place"
        )),
    }
}

/// Calls with each part and where it stands: the message, the part, and the part inside a tool's result.
fn visit(request: &ChatRequest, mut each: impl FnMut(&[usize], &Part)) {
    for (message, turn) in request.messages.iter().enumerate() {
        for (place, part) in turn.parts.iter().enumerate() {
            each(&[message, place], part);
            if let PartKind::ToolResult(result) = &part.kind {
                result.parts.iter().enumerate().for_each(|(inner, part)| each(&[message, place, inner], part));
            }
        }
    }
}

fn find<'r>(request: &'r mut ChatRequest, path: &[usize]) -> Option<&'r mut Part> {
    let (message, rest) = path.split_first()?;
    let (place, rest) = rest.split_first()?;
    let part = request.messages.get_mut(*message)?.parts.get_mut(*place)?;
    let Some(inner) = rest.first() else { return Some(part) };
    match &mut part.kind {
        PartKind::ToolResult(result) => result.parts.get_mut(*inner),
        _ => None,
    }
}

fn name(path: &[usize]) -> String {
    let mut words = ["messages"].into_iter().chain(std::iter::repeat("content"));
    let parts: Vec<_> = path.iter().map(|place| format!("{}[{place}]", words.next().unwrap_or_default())).collect();
    parts.join(".")
}

//! The parts of a message or of a tool's result, in both directions.
//!
//! Reference: OpenAI API reference, `InputContent` and `OutputContent`.

use crate::json::{Array, JsonFault, Node, Object};
use crate::openai_cache as cache;
use crate::openai_media::{self as media, DocumentSource};
use baton_model::Dialect;
use baton_model::chat::{Document, Extension, Image, MediaSource, Part, PartKind};

/// Reads `content` or `output`: a string, or an array of parts. An empty string is no part. The first part stands at
/// `path` with number `from`.
pub(super) fn read_all(
    content: &Node<'_>,
    path: &str,
    from: usize,
    parts: &mut Vec<Part>,
    extensions: &mut Vec<Extension>,
) -> Result<(), JsonFault> {
    if let Some(text) = content.as_str() {
        parts.extend((!text.is_empty()).then(|| Part::text(text)));
        return Ok(());
    }
    let items = content.items().map_err(|_| content.expected_fault("a string or an array"))?;
    for (place, item) in items.iter().enumerate() {
        parts.push(read(item, &format!("{path}.content[{}]", from + place), extensions)?);
    }
    Ok(())
}

/// Reads the output of a tool: a text or parts. What only this format knows of them is left out.
///
/// # Errors
/// If it is neither; the parts before the fault are read.
pub(crate) fn read_output(output: &Node<'_>, parts: &mut Vec<Part>) -> Result<(), JsonFault> {
    read_all(output, "", 0, parts, &mut Vec::new())
}

/// Whether a type is that of a part, not of an item: both may be known to this format alone.
pub(super) fn is_part(type_: &str) -> bool {
    type_.starts_with("input_") || type_.starts_with("output_") || ["computer_screenshot", "refusal"].contains(&type_)
}

fn read(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<Part, JsonFault> {
    let type_ = node.require("type")?.string()?;
    let (kind, members): (_, &[&str]) = match type_.as_str() {
        "input_text" | "output_text" | "text" => {
            let annotations = node.get("annotations").map(Node::items).transpose()?.unwrap_or_default();
            let citations = annotations.iter().map(|citation| (Dialect::Responses, citation.json())).collect();
            let text = node.require("text")?.string()?;
            (PartKind::Text { text, citations }, &["text", "annotations", "logprobs"])
        }
        "refusal" => (PartKind::Refusal(node.require("refusal")?.string()?), &["refusal"]),
        "input_image" => (PartKind::Image(read_image(node)?), &["image_url", "file_id", "detail"]),
        "input_audio" => {
            let audio = node.require("input_audio")?;
            let (data, format) = (audio.require("data")?.string()?, audio.require("format")?.string()?);
            (PartKind::Audio { data, format }, &["input_audio"])
        }
        "input_file" => (PartKind::Document(read_file(node)?), &["file_data", "file_id", "file_url", "filename"]),
        _ => return Ok(PartKind::Other { dialect: Dialect::Responses, json: node.json() }.into()),
    };
    for (name, value) in node.members()? {
        let read = name == "type" || members.contains(&name.as_ref()) || cache::MEMBERS.contains(&name.as_ref());
        if !read && !value.is_null() {
            extensions.push(super::options::extension(format!("{path}.{name}"), value));
        }
    }
    Ok(Part { kind, cache: cache::read(node)? })
}

fn read_image(node: &Node<'_>) -> Result<Image, JsonFault> {
    let source = match (node.get("image_url"), node.get("file_id")) {
        (Some(url), _) => {
            let url = url.string()?;
            media::data_url(&url).unwrap_or(MediaSource::Url(url))
        }
        // Files are the same for all of OpenAI's endpoints.
        (None, Some(id)) => MediaSource::File { dialect: Dialect::OpenAi, id: id.string()? },
        (None, None) => return Err(node.fault("requires image_url or file_id")),
    };
    Ok(Image { source, detail: node.get("detail").map(Node::string).transpose()? })
}

fn read_file(node: &Node<'_>) -> Result<Document, JsonFault> {
    let source = match (node.get("file_data"), node.get("file_url"), node.get("file_id")) {
        (Some(data), _, _) => {
            let data = data.string()?;
            media::data_url(&data).unwrap_or(MediaSource::Base64 { media_type: String::new(), data })
        }
        (None, Some(url), _) => MediaSource::Url(url.string()?),
        (None, None, Some(id)) => MediaSource::File { dialect: Dialect::OpenAi, id: id.string()? },
        (None, None, None) => return Err(node.fault("requires file_data, file_url or file_id")),
    };
    let title = node.get("filename").map(Node::string).transpose()?;
    Ok(Document { source, title, context: None, citations: None })
}

/// How a part is to be written.
pub(super) struct InputForm<'w> {
    /// Whether the model said it: its text is output.
    pub output: bool,
    /// Whether cache marks are known.
    pub marks: bool,
    /// Members that only this format knows.
    pub members: &'w [(&'w str, &'w baton_model::chat::Json)],
}

/// Writes a part.
///
/// # Errors
/// Why it can't be said.
pub(super) fn write(part: &Part, how: &InputForm<'_>, a: &mut Array<'_>) -> Result<(), &'static str> {
    let mut push = |type_: &str, fill: &dyn Fn(&mut Object<'_>)| {
        a.object(|o| {
            fill(o.string("type", type_));
            cache::write(part.cache.filter(|_| how.marks), o);
            for (name, value) in how.members {
                o.json(name, value);
            }
        });
        Ok(())
    };
    match &part.kind {
        PartKind::Text { text, citations } if how.output => push("output_text", &|o| {
            o.string("text", text).array("annotations", |a| {
                for annotation in citations.iter().filter_map(|(dialect, json)| annotation(*dialect, json)) {
                    a.raw(&annotation);
                }
            });
        }),
        PartKind::Text { text, .. } => push("input_text", &|o| o.string("text", text).end()),
        PartKind::Refusal(text) if how.output => push("refusal", &|o| o.string("refusal", text).end()),
        // Only a model's own message may hold a refusal. Elsewhere its words are a text like any other.
        PartKind::Refusal(text) => push("input_text", &|o| o.string("text", text).end()),
        // A model's own message takes `output_text` and `refusal` alone.
        PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio { .. } if how.output => {
            Err("not allowed in this role")
        }
        PartKind::Image(image) => match (&image.source, media::image_url(image)) {
            (MediaSource::File { dialect: Dialect::OpenAi, id }, _) => push("input_image", &|o| {
                o.string("file_id", id).maybe_string("detail", image.detail.as_deref());
            }),
            (_, Some(url)) => push("input_image", &|o| {
                o.string("image_url", &url).maybe_string("detail", image.detail.as_deref());
            }),
            (_, None) => Err("an image stored at another provider"),
        },
        PartKind::Audio { data, format } => push("input_audio", &|o| {
            o.object("input_audio", |o| o.string("data", data).string("format", format).end());
        }),
        PartKind::Document(document) => {
            let title = document.title.as_deref();
            if let MediaSource::Url(url) = &document.source {
                return push("input_file", &|o| o.maybe_string("filename", title).string("file_url", url).end());
            }
            match media::file(document) {
                // OpenAI tells the kind of a file by the ending of its name, and refuses data without a name.
                DocumentSource::Data(data) => push("input_file", &|o| {
                    o.string("filename", title.unwrap_or("document.pdf")).string("file_data", &data);
                }),
                DocumentSource::Id(id) => push("input_file", &|o| o.string("file_id", id).end()),
                DocumentSource::Text(text) => push("input_text", &|o| o.string("text", &text).end()),
                DocumentSource::Unsupported(reason) => Err(reason),
            }
        }
        PartKind::Other { dialect: Dialect::Responses, json } => {
            a.raw(&json.0);
            Ok(())
        }
        PartKind::Other { dialect, .. } => Err(match dialect {
            Dialect::OpenAi => "known to openai alone",
            Dialect::Anthropic => "specific to anthropic",
            Dialect::Responses | Dialect::Ollama => "known to ollama alone",
        }),
        PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::ToolResult(_) => Err("not allowed in this role"),
    }
}

/// A citation as an annotation of this format. A chat's has the same members one level deeper; Anthropic's name a
/// document or a page, of which this format knows pages alone, and no place in the text.
pub(super) fn annotation(dialect: Dialect, json: &baton_model::chat::Json) -> Option<String> {
    if dialect == Dialect::Responses {
        return Some(json.0.clone());
    }
    let node = Node::parse(json.0.as_bytes()).ok()?;
    let page = node.get("url_citation").unwrap_or(&node);
    let url = page.get("url")?.as_str()?;
    let title = page.get("title").and_then(Node::as_str).unwrap_or_default();
    let place = |name: &str| page.get(name).map_or(0, Node::count);
    let annotation = crate::json::object(|o| {
        o.string("type", "url_citation").integer("start_index", place("start_index"));
        o.integer("end_index", place("end_index")).string("url", &url).string("title", &title);
    });
    String::from_utf8(annotation).ok()
}

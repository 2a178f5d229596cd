//! A request unwrapped: Baton's own fields read and taken out.

use crate::ReadError;
use crate::framing::splice::{Editor, scan};
use crate::json::{JsonValue, Node, quoted};
use baton_model::chat::Json;
use baton_model::{Body, ModelId};
use bytes::Bytes;

/// What a request says to Baton rather than to a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// The model asked for (`model_id`, or `model`); `None`: a default.
    pub model: Option<String>,
    /// The provider asked for; without a model, its default model.
    pub provider: Option<String>,
    /// On behalf of which user.
    pub user_id: Option<String>,
    /// On behalf of which project.
    pub project_id: Option<String>,
    /// For which task.
    pub task_id: Option<String>,
    /// The client's own notes, a JSON object.
    pub metadata: Option<Json>,
    /// Models to try in place of the model's own fallbacks.
    pub fallbacks: Option<Vec<ModelId>>,
}

/// Takes a request apart into what is Baton's and a body in OpenAI's format, whose `model` is the one asked for.
///
/// # Errors
/// If a field of Baton's has the wrong type, or `model_id` and `model` name different models.
pub fn take_envelope(body: &Body) -> Result<(Envelope, Body), ReadError> {
    let mut editor = Editor::new(body);
    let model_id = take_name(&mut editor, "model_id")?;
    let model = name_of(&editor, "model")?;
    // Baton would route by one name and send the other: a client must not be able to make them differ.
    if let (Some(id), Some(model)) = (&model_id, &model)
        && id != model
    {
        return Err(ReadError::new("model_id", "must name the same model as `model`"));
    }
    if let (Some(id), None) = (&model_id, &model) {
        editor.set("model", quoted(id));
    }
    let envelope = Envelope {
        model: model_id.or(model),
        provider: take_name(&mut editor, "provider")?,
        user_id: take_text(&mut editor, "user_id")?,
        project_id: take_text(&mut editor, "project_id")?,
        task_id: take_text(&mut editor, "task_id")?,
        metadata: take_metadata(&mut editor)?,
        fallbacks: take_fallbacks(&mut editor)?,
    };
    let edited = editor.finish();
    // A body without fields of Baton's was scanned already.
    let openai = if same(&edited, &body.bytes) { body.clone() } else { scan(edited)? };
    Ok((envelope, openai))
}

/// Whether nothing was edited: the very same bytes, without looking at them.
fn same(left: &Bytes, right: &Bytes) -> bool {
    left.as_ptr() == right.as_ptr() && left.len() == right.len()
}

/// The name of something that is registered. A number is none, and would be found nowhere.
fn name_of(editor: &Editor<'_>, field: &str) -> Result<Option<String>, ReadError> {
    match editor.get(field) {
        Some(json) if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
            Err(ReadError::new(field, format!("must be a string, got {json}")))
        }
        _ => text(editor, field),
    }
}

fn take_name(editor: &mut Editor<'_>, field: &str) -> Result<Option<String>, ReadError> {
    let name = name_of(editor, field)?;
    editor.remove(field);
    Ok(name)
}

fn take_text(editor: &mut Editor<'_>, name: &str) -> Result<Option<String>, ReadError> {
    let text = text(editor, name)?;
    // Cut out: OpenAI refuses unknown fields.
    editor.remove(name);
    Ok(text)
}

fn text(editor: &Editor<'_>, name: &str) -> Result<Option<String>, ReadError> {
    let Some(json) = editor.get(name) else { return Ok(None) };
    let node = Node::parse(json.as_bytes())?;
    match node.value() {
        JsonValue::Null => Ok(None),
        JsonValue::String => Ok(node.string_or_none().filter(|text| !text.is_empty())),
        // Ids are often numbers where they come from.
        JsonValue::Number => Ok(Some(node.text().to_owned())),
        _ => Err(ReadError::new(name, "must be a string")),
    }
}

fn take_fallbacks(editor: &mut Editor<'_>) -> Result<Option<Vec<ModelId>>, ReadError> {
    let Some(json) = editor.get("fallbacks") else { return Ok(None) };
    let names: Option<Vec<String>> =
        serde_json::from_str(json).map_err(|_| ReadError::new("fallbacks", "must be an array of model names"))?;
    editor.remove("fallbacks");
    Ok(names.map(|names| names.iter().map(ModelId::from).collect()))
}

fn take_metadata(editor: &mut Editor<'_>) -> Result<Option<Json>, ReadError> {
    // OpenAI has a field of this name for its stored replies. In this API it is a note for Baton's own record.
    let Some(json) = editor.get("metadata").map(str::to_owned) else { return Ok(None) };
    let node = Node::parse(json.as_bytes())?;
    let metadata = match node.value() {
        JsonValue::Null => None,
        JsonValue::Object(_) => Some(node.json()),
        _ => return Err(ReadError::new("metadata", "must be an object")),
    };
    editor.remove("metadata");
    Ok(metadata)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(request: &str, envelope: &Envelope, openai: &str) {
        let body = scan(Bytes::from(request.to_owned())).unwrap();
        let (read, rest) = take_envelope(&body).unwrap();
        assert_eq!((&read, String::from_utf8_lossy(&rest.bytes).as_ref()), (envelope, openai));
        assert_eq!(rest.value("model").is_some(), read.model.is_some());
    }

    #[test]
    fn what_is_batons_is_cut_out() {
        let envelope = Envelope {
            model: Some("fast".into()),
            provider: Some("groq".into()),
            user_id: Some("7".into()),
            metadata: Some(Json(r#"{"a": 1.0}"#.into())),
            ..Envelope::default()
        };
        check(
            r#"{"model_id": "fast", "provider": "groq", "temperature": 1.0, "user_id": 7, "metadata": {"a": 1.0}, "messages": []}"#,
            &envelope,
            r#"{"temperature": 1.0, "messages": [], "model": "fast"}"#,
        );
    }

    #[test]
    fn an_openai_body_stays_as_it_is() {
        let envelope = Envelope { model: Some("m".into()), ..Envelope::default() };
        check(r#"{ "model":"m","x":1e2}"#, &envelope, r#"{ "model":"m","x":1e2}"#);
        check(r#"{"messages":[]}"#, &Envelope::default(), r#"{"messages":[]}"#);
    }

    #[test]
    fn wrong_types_are_named() {
        for (request, error) in [
            (r#"{"task_id":[]}"#, "task_id: must be a string"),
            (r#"{"metadata":1}"#, "metadata: must be an object"),
            (r#"{"model_id":"a","model":"b"}"#, "model_id: must name the same model as `model`"),
        ] {
            let body = scan(Bytes::from(request)).unwrap();
            assert_eq!(take_envelope(&body).unwrap_err().to_string(), error);
        }
    }
}

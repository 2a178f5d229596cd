//! The pass over a request that is about to leave.

use super::edits::Edits;
use super::instructions::hoist;
use super::json_word;
use super::names::ToolNames;
use super::places::Walk;
use super::rules::Profile;
use super::strictness::fit_reply_schema;
use super::user::hide_user;
use crate::framing::splice::{Editor, scan};
use crate::json::{Node, array, quoted};
use crate::{Dropped, ReadError};
use baton_model::entity::{ReasoningHistory, SchemaSubset};
use baton_model::{Dialect, Quirks, ShortWords};
use bytes::Bytes;
use memchr::memmem;

/// A request that the target takes.
#[derive(Debug, Default)]
pub struct Fitted {
    /// The bytes; the very same if nothing had to change.
    pub body: Bytes,
    /// The names to be put back into the reply.
    pub names: ToolNames,
    /// What was left out, or can't come back.
    pub dropped: Vec<Dropped>,
}

/// What the messages hold if names or ids of tools are among them.
const TOOL_MARKS: [&[u8]; 3] = [b"tool", b"function", b"\"call_id\""];

/// Members of the assistant's messages with what it thought; the reference has none.
const REASONING: [&str; 4] = ["reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"];

/// Makes a chat's request that a codec wrote fit for a model.
///
/// # Errors
/// If it is not a JSON object.
pub fn fit_written(dialect: Dialect, body: Bytes, quirks: &Quirks) -> Result<Fitted, ReadError> {
    let scanned = scan(body)?;
    fit(dialect, Editor::new(&scanned), quirks, false)
}

/// Makes a chat's request fit for a model; `exact` if it is the client's own and not translated.
///
/// # Errors
/// If a part that could have to change is not JSON.
pub fn fit(dialect: Dialect, mut editor: Editor<'_>, quirks: &Quirks, exact: bool) -> Result<Fitted, ReadError> {
    let profile = profile(dialect, quirks, exact);
    let (mut names, mut dropped) = (ToolNames::default(), Vec::new());
    if quirks.system_anywhere == Some(false) {
        hoist(&mut editor, dialect)?;
    }
    if !exact {
        // A client of the format itself knows what it demands.
        json_word::add(&mut editor, dialect, &mut dropped)?;
    }
    let refused = quirks.reasoning_history == ReasoningHistory::None && dialect == Dialect::OpenAi;
    let unwanted: &[&str] = if refused { &REASONING } else { &[] };
    let conversation = if dialect == Dialect::Responses { "input" } else { "messages" };
    for field in ["tools", "functions", "tool_choice", "function_call", conversation] {
        let Some(text) = editor.get(field) else { continue };
        if field == conversation && !may_change(text, editor.words(field), unwanted) {
            continue;
        }
        let node = Node::parse(text.as_bytes())?;
        let (edits, found_unwanted, merged_alternatives, unfit) = {
            let mut walk = Walk {
                dialect,
                profile: &profile,
                names: &mut names,
                unwanted,
                found_unwanted: false,
                merges_alternatives: !exact,
                merged_alternatives: false,
                unfit: Vec::new(),
                edits: Edits::default(),
            };
            match field {
                "tools" | "functions" => walk.tools(&node, field == "functions"),
                "tool_choice" | "function_call" => walk.choice(&node),
                _ => walk.messages(&node),
            }
            (walk.edits, walk.found_unwanted, walk.merged_alternatives, walk.unfit)
        };
        dropped.extend(unfit);
        if found_unwanted {
            dropped.push(Dropped::new("reasoning_content", "refused by the model"));
        }
        if merged_alternatives {
            dropped.push(Dropped::new("tools", "alternatives at the top of a schema are sent as one object"));
        }
        if let Some(edited) = edits.apply(text) {
            editor.set(field, edited);
        }
    }
    fit_reply_schema(&mut editor, dialect, &profile, &mut dropped)?;
    limit_stops(&mut editor, &profile, &mut dropped)?;
    hide_users(&mut editor, dialect, &profile, &mut dropped)?;
    Ok(Fitted { body: editor.finish(), names, dropped })
}

/// Whether anything in the messages could have to change. Most passed-through conversations hold nothing of the kind, and are
/// not parsed: that their short words are others, which the scan has noted, tells so without another look at the text.
fn may_change(messages: &str, words: ShortWords, unwanted: &[&str]) -> bool {
    let holds = |mark: &[u8]| memmem::find(messages.as_bytes(), mark).is_some();
    (words.tools && TOOL_MARKS.iter().any(|mark| holds(mark)))
        || (words.media && holds(b"image/jpg"))
        || (words.reasoning && unwanted.iter().any(|name| holds(name.as_bytes())))
}

/// The rules for a request.
fn profile(dialect: Dialect, quirks: &Quirks, exact: bool) -> Profile {
    let mut profile = Profile::new(dialect, quirks);
    if exact && quirks.schemas == SchemaSubset::Unspecified {
        // A client of the format itself knows which schemas it takes; not how a service differs that speaks it too.
        profile.schemas = SchemaSubset::Any;
    }
    if exact && quirks.limits.call_id.is_none() {
        // The id comes from the provider itself, mostly: a service that makes longer ones takes them back.
        profile.call_id.length = None;
    }
    profile
}

fn limit_stops(editor: &mut Editor<'_>, profile: &Profile, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let Some((most, text)) = profile.stops.zip(editor.get("stop")) else { return Ok(()) };
    let node = Node::parse(text.as_bytes())?;
    // A text that is no list is one, which is never too many.
    let Some(stops) = node.items().ok().filter(|stops| stops.len() > most) else { return Ok(()) };
    dropped
        .push(Dropped::new("stop", format!("the first {most} of {} are sent: the model takes no more", stops.len())));
    let kept = array(|a| {
        for stop in stops.iter().take(most) {
            a.raw(stop.text());
        }
    });
    let kept = String::from_utf8(kept).unwrap_or_default();
    editor.set("stop", kept);
    Ok(())
}

fn hide_users(
    editor: &mut Editor<'_>,
    dialect: Dialect,
    profile: &Profile,
    dropped: &mut Vec<Dropped>,
) -> Result<(), ReadError> {
    let hidden = |text: Option<&str>| -> Result<Option<String>, ReadError> {
        let Some(text) = text else { return Ok(None) };
        Ok(Node::parse(text.as_bytes())?.as_str().and_then(|user| hide_user(profile, &user)))
    };
    let mut tell =
        |field: &str| dropped.push(Dropped::new(field, "sent as a hash: the model takes it opaque and short"));
    if dialect == Dialect::Anthropic {
        if let Some(user) = hidden(editor.get_nested("metadata", "user_id").as_deref())? {
            editor.set_nested("metadata", "user_id", quoted(&user))?;
            tell("user");
        }
        return Ok(());
    }
    for field in ["user", "safety_identifier"] {
        if let Some(user) = hidden(editor.get(field))? {
            editor.set(field, quoted(&user));
            tell(field);
        }
    }
    Ok(())
}

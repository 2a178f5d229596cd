//! What was said before and not after.

use super::{Fate, FieldValue, declarations, reply, request};
use crate::Dropped;
use baton_model::chat::ToolChoice;
use baton_model::event::CollectedReply;
use baton_model::{ChatRequest, Dialect};

/// What a request said that `arrived` in that format does not say, and that is not listed: fields that the format
/// keeps, or keeps in part, or drops.
pub fn find_lost(
    request: &ChatRequest,
    arrived: &ChatRequest,
    to: Dialect,
    dropped: &[Dropped],
) -> Vec<FieldValue<request::Field>> {
    let Some(declared) = declarations(to) else { return Vec::new() };
    let silenced = matches!((declared.request)(request::Field::ChoiceNone), Fate::Emulated(_))
        && request.tool_choice == Some(ToolChoice::None);
    let mut said = request::list_values(request);
    // A format without a word for `none` sends no tools instead.
    said.retain(|said| !(silenced && said.path.starts_with("tools[")));
    missing(&said, &request::list_values(arrived), declared.request, dropped)
}

/// The same of a reply. Nothing is listed there: the headers of a reply leave before it.
pub fn find_lost_in_reply(
    reply: &CollectedReply,
    arrived: &CollectedReply,
    to: Dialect,
) -> Vec<FieldValue<reply::Field>> {
    let Some(declared) = declarations(to) else { return Vec::new() };
    let is_foreign = |said: &FieldValue<reply::Field>| {
        let mut others = Dialect::ALL.into_iter().filter(|dialect| *dialect != to);
        others.any(|other| said.value.strip_prefix(other.name()).is_some_and(|rest| rest.starts_with(' ')))
    };
    let said = reply::list_values(reply).into_iter().filter(|said| match (declared.reply)(said.field) {
        Fate::Kept => true,
        Fate::Partly(_) => !is_foreign(said),
        Fate::Emulated(_) | Fate::Dropped(_) => false,
    });
    missing(&said.collect::<Vec<_>>(), &reply::list_values(arrived), |_| Fate::Kept, &[])
}

/// Whether the numbers of a reply are what they were, as that format counts.
pub fn same_bill(reply: &CollectedReply, arrived: &CollectedReply, to: Dialect) -> bool {
    let Some(declared) = declarations(to) else { return true };
    let count =
        |reply: &CollectedReply| reply::count_usage(&reply.usage.clone().unwrap_or_default(), declared.counted_as);
    count(reply) == count(arrived)
}

/// Of texts the letters count, as formats join them in different ways.
fn missing<F: Copy + Eq>(
    before: &[FieldValue<F>],
    after: &[FieldValue<F>],
    fate: impl Fn(F) -> Fate,
    dropped: &[Dropped],
) -> Vec<FieldValue<F>> {
    let mut lost = Vec::new();
    let mut fields: Vec<F> = Vec::new();
    for said in before {
        if !fields.contains(&said.field) {
            fields.push(said.field);
        }
    }
    for field in fields {
        let said = before.iter().filter(|said| said.field == field);
        let arrived: String =
            after.iter().filter(|said| said.field == field).map(|said| letters(&said.value)).collect();
        match fate(field) {
            Fate::Emulated(_) => {}
            Fate::Dropped(_) => lost.extend(said.filter(|said| !is_listed(&said.path, dropped)).cloned()),
            Fate::Kept | Fate::Partly(_) => {
                let mut rest = arrived.as_str();
                for said in said.filter(|said| !is_listed(&said.path, dropped)) {
                    let value = letters(&said.value);
                    match rest.find(&value) {
                        // Searched for behind the one before: a text that arrived once must not stand for two.
                        Some(place) => rest = rest.get(place + value.len()..).unwrap_or_default(),
                        None => lost.push(said.clone()),
                    }
                }
            }
        }
    }
    lost
}

fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether that place, or one that holds it, is listed as dropped.
fn is_listed(path: &str, dropped: &[Dropped]) -> bool {
    dropped.iter().any(|dropped| is_at(path, dropped))
}

/// Whether what was dropped is at that place, or holds it.
pub(super) fn is_at(path: &str, dropped: &Dropped) -> bool {
    let field = dropped.field.as_str();
    match path.strip_prefix(field) {
        // A note about `messages` as a whole (a turn was inserted) does not excuse the loss of a part.
        Some(rest) if field != "messages" => rest.is_empty() || rest.starts_with(['.', '[']),
        // One line stands for all marks.
        _ => field == "cache_control" && path.ends_with(".cache_control"),
    }
}

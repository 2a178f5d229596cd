//! `docs/dialects.md`: per pair of formats, field by field, what is kept, expressed differently, or dropped.

use super::{Fate, declarations, reply, request};
use crate::profile::{Profile, TextRule, media_types};
use baton_model::entity::{Alphabet, SchemaSubset};
use baton_model::{Dialect, Quirks, UsageClass};
use std::fmt::Write;

/// What stands before the tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The whole document, in Markdown.
pub fn dialects() -> String {
    let mut out = INTRODUCTION.to_owned();
    let formats: Vec<_> = Dialect::ALL.into_iter().filter(|dialect| declarations(*dialect).is_some()).collect();
    for from in &formats {
        for to in formats.iter().filter(|to| *to != from) {
            pair(*from, *to, &mut out);
        }
    }
    usage(&formats, &mut out);
    limits(&mut out);
    out
}

/// What a cell of a format says.
type Cell<'c> = &'c dyn Fn(Dialect, &Profile) -> String;

/// What each format accepts of names, ids and numbers.
fn limits(out: &mut String) {
    let _ = write!(
        out,
        "\n## Names, ids and numbers\n\nThese hold for every provider of the format of which nothing else is known, in \
         both modes. `quirks.limits` of a provider or model changes them, and 0 is no limit. vLLM, llama.cpp, SGLang and \
         other servers on one's own machines have none.\n\n- A tool's name that does not fit is sent as its beginning \
         with a hash of all of it. The reply has the client's name again.\n- A call's id that does not fit is sent as a \
         hash, in the call and in its result; in passthrough mode \
         only where `limits` or the catalogue name a length.\n- An end user's id that does not fit is sent as a hash, with a \
         warning.\n- Of too many texts to stop at the first are sent, with a warning.\n- An image, document or audio \
         of another type is sent as text where it holds some, else as a sentence that says so, with a warning; in a \
         translated request alone.\n- What a schema holds that the target does not take is left out, with a warning.\n\n"
    );
    let profiles = Dialect::ALL.map(|dialect| (dialect, Profile::new(dialect, &Quirks::default())));
    let titles: Vec<_> = profiles.iter().map(|(dialect, _)| title(*dialect)).collect();
    let _ = writeln!(out, "| what | {} |", titles.join(" | "));
    let _ = writeln!(out, "| --- |{}", " --- |".repeat(titles.len()));
    let most = |limit: Option<usize>| limit.map_or_else(|| "any number".to_owned(), |most| format!("at most {most}"));
    let text = |rule: TextRule| {
        let alphabet = match rule.alphabet {
            Alphabet::Unspecified | Alphabet::Any if rule.length.is_some() => "characters",
            Alphabet::Unspecified | Alphabet::Any => "of characters",
            Alphabet::Word => "of `a-z A-Z 0-9 _ -`",
            Alphabet::Alphanumeric => "of `a-z A-Z 0-9`",
        };
        format!("{} {alphabet}", most(rule.length))
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let types = |types: Option<&[&str]>| match types {
        None => "any".to_owned(),
        Some([]) => "none".to_owned(),
        Some(types) => types.iter().map(|media| format!("`{media}`")).collect::<Vec<_>>().join(", "),
    };
    let rows: [(&str, Cell<'_>); 10] = [
        ("a tool's name", &|_, profile| text(profile.tool_name)),
        ("a call's id", &|_, profile| text(profile.call_id)),
        ("texts to stop at", &|_, profile| most(profile.stops)),
        ("an end user's id: characters", &|_, profile| most(profile.user)),
        ("an end user's id: must be opaque", &|_, profile| yes(profile.opaque_user)),
        ("a tool's schema: `properties` are required", &|_, profile| yes(profile.tool_properties)),
        ("images", &|dialect, _| types(media_types(dialect).images)),
        ("documents", &|dialect, _| types(media_types(dialect).documents)),
        ("audio", &|dialect, _| types(media_types(dialect).audio)),
        ("schemas of tools and replies", &|_, profile| schemas(profile.schemas).to_owned()),
    ];
    for (name, cell) in rows {
        let cells: Vec<_> = profiles.iter().map(|(dialect, profile)| cell(*dialect, profile)).collect();
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
}

fn schemas(subset: SchemaSubset) -> &'static str {
    match subset {
        SchemaSubset::Unspecified | SchemaSubset::Any => "any",
        SchemaSubset::OpenAi => "with `strict`: closed objects, all properties required, no `minLength` and the like",
        SchemaSubset::Anthropic => "for replies, and with `strict`: closed objects, no bounds, no recursion",
        SchemaSubset::Gemini => "the members of Google's `Schema`",
    }
}

/// The name of a format in headings.
fn title(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "OpenAI chat",
        Dialect::Responses => "OpenAI responses",
        Dialect::Anthropic => "Anthropic",
        Dialect::Ollama => "Ollama",
    }
}

fn pair(from: Dialect, to: Dialect, out: &mut String) {
    let (Some(source), Some(target)) = (declarations(from), declarations(to)) else { return };
    let _ = write!(out, "\n## {} to {}\n", title(from), title(to));
    let requests = request::Field::ALL.iter();
    let requests = requests.filter(|field| is_read((source.request)(**field)));
    let requests = requests.map(|field| (field.name(), (target.request)(*field), field.is_of_one_format()));
    section("A request", from, requests, out);
    let replies = reply::Field::ALL.iter().filter(|field| is_read((source.reply)(**field)));
    let replies = replies.map(|field| (field.name(), (target.reply)(*field), field.is_of_one_format()));
    section("A reply", from, replies, out);
}

/// Whether something in the format is read as that field.
fn is_read(fate: Fate) -> bool {
    matches!(fate, Fate::Kept | Fate::Partly(_))
}

/// What is kept in one sentence, and a row for each of the others: name, fate, and whether one format alone knows it.
fn section<'f>(what: &str, from: Dialect, fields: impl Iterator<Item = (&'f str, Fate, bool)>, out: &mut String) {
    let alone = format!("specific to {}", title(from));
    let (kept, others): (Vec<_>, Vec<_>) = fields.partition(|(_, fate, _)| *fate == Fate::Kept);
    let kept: Vec<_> = kept.into_iter().map(|(name, ..)| name).collect();
    let _ =
        write!(out, "\n{what} keeps: {}.\n\n| field | becomes | how, or why |\n| --- | --- | --- |\n", kept.join(", "));
    for (name, fate, foreign) in others {
        let (word, reason) = match fate {
            Fate::Kept => ("kept", ""),
            // Between two formats it is never the one that knows it.
            Fate::Partly(_) if foreign => ("dropped", alone.as_str()),
            Fate::Partly(reason) => ("kept in part", reason),
            Fate::Emulated(how) => ("expressed differently", how),
            Fate::Dropped(reason) => ("dropped", reason),
        };
        let _ = writeln!(out, "| {name} | {word} | {reason} |");
    }
}

/// Among which class each format counts each class.
fn usage(formats: &[Dialect], out: &mut String) {
    let titles: Vec<_> = formats.iter().map(|dialect| title(*dialect)).collect();
    let _ = write!(out, "\n## Usage\n\nWhat was consumed of a class is counted, in a reply of each format, as:\n\n");
    let _ = writeln!(out, "| class | {} |", titles.join(" | "));
    let _ = writeln!(out, "| --- |{}", " --- |".repeat(titles.len()));
    for class in UsageClass::ALL {
        let counted = formats.iter().filter_map(|dialect| declarations(*dialect)).map(|declared| {
            (declared.counted_as)(class)
                .map_or("not reported", |counted| if counted == class { "itself" } else { counted.name() })
        });
        let _ = writeln!(out, "| {} | {} |", class.name(), counted.collect::<Vec<_>>().join(" | "));
    }
}

//! The end of `docs/dialects.md`: what each vendor takes that its format's other vendors don't, and the reverse.

use super::preset::Preset;
use super::table::ALL;
use baton_model::entity::{Alphabet, ChatApi, Limits, MaxTokensField, ReasoningHistory, SchemaSubset};
use std::fmt::Write;

/// The first line of the section: what stands before it in the file comes from the formats.
pub const HEADING: &str = "## Vendors";

/// The section, in Markdown.
pub fn vendors() -> String {
    let mut out = format!(
        "{HEADING}\n\nWhat Baton knows of each vendor (`kind` of a provider) beyond its format. Empty is as the tables above \
         say. `quirks` of a provider or a model say otherwise.\n\n- `max_tokens` is the name of the output limit.\n- \
         \"Refused\" are parameters that are left out, with a warning, in both modes.\n- Images, documents and audio of \
         other types become text where they hold text, else a sentence in their place, with a warning, in a translated \
         request.\n- \"Schemas\" is the part of JSON schema that the vendor takes for tools and replies. What else a \
         schema holds is left out, with a warning. What can't be said in it at all is sent as a wish: `strict` becomes \
         false, or the schema is left out. With `strict` such a request is refused.\n\n\
         | vendor | format | `max_tokens` | instructions | reasoning sent back | refused | media | schemas | limits | else |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for preset in ALL {
        let cells = [
            format!("`{}`", preset.name),
            preset.dialect.name().to_owned(),
            max_tokens(preset.max_tokens).to_owned(),
            if preset.developer_role == Some(false) { "system".to_owned() } else { String::new() },
            history(preset.reasoning_history).to_owned(),
            list(preset.refuses),
            media(preset),
            schemas(preset.schemas).to_owned(),
            limits(&preset.limits),
            others(preset),
        ];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn max_tokens(field: MaxTokensField) -> &'static str {
    match field {
        MaxTokensField::Unspecified => "",
        MaxTokensField::MaxCompletionTokens => "`max_completion_tokens`",
        MaxTokensField::MaxTokens => "`max_tokens`",
    }
}

fn history(history: ReasoningHistory) -> &'static str {
    match history {
        ReasoningHistory::Unspecified => "",
        ReasoningHistory::None => "no",
        ReasoningHistory::ReasoningContent => "`reasoning_content`",
        ReasoningHistory::Reasoning => "`reasoning`",
        ReasoningHistory::ThinkingBlocks => "`thinking_blocks`",
    }
}

fn schemas(schemas: SchemaSubset) -> &'static str {
    match schemas {
        SchemaSubset::Unspecified => "",
        SchemaSubset::Any => "any",
        SchemaSubset::OpenAi => "OpenAI's",
        SchemaSubset::Anthropic => "Anthropic's",
        SchemaSubset::Gemini => "Gemini's",
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn media(preset: &Preset) -> String {
    let of = |what: &str, types: Option<&[&str]>| {
        types.map(|types| match types {
            [] => format!("no {what}"),
            ["*"] => format!("any {what}"),
            types => format!("{what}: {}", list(types)),
        })
    };
    let all =
        [of("images", preset.image_types), of("documents", preset.document_types), of("audio", preset.audio_formats)];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn limits(limits: &Limits) -> String {
    if *limits == Limits::NONE {
        return "none".to_owned();
    }
    // Without `..`: a new limit must be placed here, or the pattern does not compile.
    let Limits { tool_name, tool_name_alphabet, call_id, call_id_alphabet, stops, user, opaque_user, tool_properties } =
        *limits;
    let most = |what: &str, most: Option<u32>| most.map(|most| format!("{what}: {most}"));
    let alphabet = |what: &str, alphabet: Alphabet| match alphabet {
        Alphabet::Unspecified => None,
        Alphabet::Any => Some(format!("{what}: any characters")),
        Alphabet::Word => Some(format!("{what}: `a-z A-Z 0-9 _ -`")),
        Alphabet::Alphanumeric => Some(format!("{what}: `a-z A-Z 0-9`")),
    };
    let switch = |what: &str, on: Option<bool>| on.map(|on| format!("{what}: {}", if on { "yes" } else { "no" }));
    let all = [
        most("a tool's name", tool_name),
        alphabet("a tool's name", tool_name_alphabet),
        most("a call's id", call_id),
        alphabet("a call's id", call_id_alphabet),
        most("texts to stop at", stops),
        most("an end user's id", user),
        switch("an opaque user", opaque_user),
        switch("a tool's `properties`", tool_properties),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn others(preset: &Preset) -> String {
    let api = match preset.api {
        ChatApi::Unspecified => None,
        ChatApi::Chat => Some("chat completions alone"),
        ChatApi::Responses => Some("responses alone"),
        ChatApi::Both => Some("chat completions and responses"),
    };
    let all = [
        api.filter(|_| preset.dialect == baton_model::Dialect::OpenAi),
        (preset.stream_usage == Some(false)).then_some("no `stream_options`"),
        (preset.json_schema == Some(false)).then_some("no schemas for replies"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_what_is_known_of_each_vendor() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dialects.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        let table = written.split_once(HEADING).map(|(_, table)| format!("{HEADING}{table}"));
        assert!(
            table.as_deref() == Some(vendors().as_str()),
            "docs/dialects.md is not what the code says: run `cargo xtask docs`"
        );
    }
}

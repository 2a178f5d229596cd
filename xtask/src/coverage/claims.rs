//! Claims of the declarations that can be tried: a mapped or counted name stands in the code of its codec, and a kept
//! member of a request arrives in the same format and is named as dropped for the others.

use super::declaration::{Class, Declaration};
use super::root::ROOT;
use crate::corpus::target;
use anyhow::Context;
use baton_dialect::{Codec, codec};
use baton_model::{Capability, Dialect};
use std::fmt::Write as _;
use std::path::Path;

/// The format, the root of the names, the capability, and what a request needs beside the model.
const REQUESTS: [(&str, &str, Capability, &str); 12] = [
    ("openai", "chat.request", Capability::Chat, r#""messages":[{"role":"user","content":"a"}]"#),
    ("openai", "completions.request", Capability::Completion, r#""prompt":"a""#),
    ("openai", "embeddings.request", Capability::Embedding, r#""input":"a""#),
    ("openai", "images.request", Capability::ImageGeneration, r#""prompt":"a""#),
    ("openai", "speech.request", Capability::AudioSpeech, r#""input":"a""#),
    ("openai", "transcriptions.request", Capability::AudioTranscription, r#""file":"YQ==""#),
    ("openai", "translations.request", Capability::AudioTranslation, r#""file":"YQ==""#),
    ("responses", "request", Capability::Chat, r#""input":"a""#),
    ("anthropic", "request", Capability::Chat, r#""max_tokens":9,"messages":[{"role":"user","content":"a"}]"#),
    ("ollama", "chat.request", Capability::Chat, r#""messages":[{"role":"user","content":"a"}]"#),
    ("ollama", "generate.request", Capability::Completion, r#""prompt":"a""#),
    ("ollama", "embed.request", Capability::Embedding, r#""input":"a""#),
];

/// Every claim of a format that does not hold.
///
/// # Errors
/// If the code can't be read.
pub fn faults(format: &str, declaration: &Declaration) -> anyhow::Result<Vec<String>> {
    let code = code(format)?;
    let named = [Class::Mapped, Class::Counted].into_iter().flat_map(|class| declaration.of(class));
    let mut faults: Vec<_> = named
        .filter(|name| !code.contains(&format!("\"{}\"", word(name))))
        .map(|name| format!("{format}: `{name}` is declared as read or written, but no code of the format names it"))
        .collect();
    for (_, root, capability, needed) in REQUESTS.iter().filter(|(of, ..)| *of == format) {
        for name in declaration.of(Class::Kept) {
            let member = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('.'));
            if let Some(member) = member.filter(|member| !member.contains(['.', '[', '='])) {
                let from = dialect(format).context("a format without a codec")?;
                faults
                    .extend(lost(from, *capability, needed, member).map(|fault| format!("{format}: `{name}` {fault}")));
            }
        }
    }
    Ok(faults)
}

/// The last word of a name: a member, a variant, or a value of an enum.
fn word(name: &str) -> &str {
    if let Some((_, value)) = name.split_once('=') {
        return value;
    }
    match name.strip_suffix(']') {
        Some(variant) => variant.rsplit_once('[').map_or(variant, |(_, word)| word),
        None => name.rsplit_once('.').map_or(name, |(_, word)| word),
    }
}

/// The code of a format: its folder, what formats share, and the words of the vocabulary; without tests and comments.
fn code(format: &str) -> anyhow::Result<String> {
    let source = Path::new(ROOT).join("crates/dialect/src");
    let mut code = String::new();
    for folder in [format, "client_tools", "error"] {
        append(&source.join(folder), true, &mut code)?;
    }
    append(&source, false, &mut code)?;
    append(&Path::new(ROOT).join("crates/model/src/chat"), true, &mut code)?;
    Ok(code)
}

fn append(folder: &Path, deep: bool, code: &mut String) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests" || name == "testing");
        if path.is_dir() && deep && !is_test {
            append(&path, deep, code)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let text = text.split("#[cfg(test)]\n#[expect").next().unwrap_or_default();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                writeln!(code, "{line}")?;
            }
        }
    }
    Ok(())
}

/// Where a member of a request is lost, sent as something that no format knows.
fn lost(from: Dialect, capability: Capability, needed: &str, member: &str) -> Option<String> {
    let Some(codec) = codec(from, capability) else { return Some("is of an endpoint without a codec".into()) };
    let body = format!(r#"{{"model":"m",{needed},"{member}":{{"probe":1}}}}"#);
    let operation = match codec.read_request(body.as_bytes()) {
        Ok(operation) => operation,
        Err(error) => return Some(format!("is not kept: {error}")),
    };
    let others = Dialect::ALL.into_iter().filter(|to| *to != from);
    std::iter::once(from).chain(others).find_map(|to| {
        let written = self::codec(to, capability)
            .and_then(|codec: &dyn Codec| codec.write_request(&operation, &target()).ok())?;
        let arrives = String::from_utf8_lossy(&written.body).contains(&format!("\"{member}\""));
        // Of options and the like each is dropped by its own name.
        let is_of =
            |field: &str| field.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let dropped = written.dropped.iter().any(|dropped| is_of(&dropped.field));
        let lost = if to == from { !arrives } else { !arrives && !dropped };
        lost.then(|| format!("neither arrives in {to} nor is dropped for it"))
    })
}

fn dialect(format: &str) -> Option<Dialect> {
    Dialect::ALL.into_iter().find(|dialect| dialect.name() == format)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_is_what_code_says() {
        for (name, expected) in [
            ("request.thinking", "thinking"),
            ("request.thinking[adaptive]", "adaptive"),
            ("request.thinking[adaptive].display", "display"),
            ("event[response.output_text.delta]", "response.output_text.delta"),
            ("request.include=reasoning.encrypted_content", "reasoning.encrypted_content"),
        ] {
            assert_eq!(word(name), expected, "{name}");
        }
    }

    #[test]
    fn a_claim_that_does_not_hold_is_found() {
        let declaration = Declaration::read("mapped\n    request .nobody_reads_it\nkept\n    request .speed .system\n");
        let faults = faults("anthropic", &declaration.unwrap()).unwrap();
        assert_eq!(
            faults,
            [
                "anthropic: `request.nobody_reads_it` is declared as read or written, but no code of the format names it",
                "anthropic: `request.system` is not kept: system: must be a string or an array",
            ]
        );
    }
}

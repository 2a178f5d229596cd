//! Which tokenizer a model has, by its name.

use super::encoding::Tokenizer;

/// Beginnings of models' names, the first that fits wins. OpenAI's are those of tiktoken's public table; a name that
/// OpenAI has not tied to an encoding yet is estimated rather than guessed to be exact.
const FAMILIES: [(&str, Tokenizer); 58] = [
    ("gpt-5", Tokenizer::O200K),
    // Before `gpt-4`, which is a beginning of these names and has the older encoding.
    ("gpt-4.1", Tokenizer::O200K),
    ("gpt-4.5", Tokenizer::O200K),
    ("gpt-4o", Tokenizer::O200K),
    ("chatgpt-4o", Tokenizer::O200K),
    ("gpt-oss", Tokenizer::O200K),
    ("o1", Tokenizer::O200K),
    ("o3", Tokenizer::O200K),
    ("o4-", Tokenizer::O200K),
    ("gpt-4", Tokenizer::CL100K),
    ("gpt-3.5", Tokenizer::CL100K),
    ("gpt-35", Tokenizer::CL100K),
    ("text-embedding-3", Tokenizer::CL100K),
    ("text-embedding-ada-002", Tokenizer::CL100K),
    ("davinci-002", Tokenizer::CL100K),
    ("babbage-002", Tokenizer::CL100K),
    ("claude-opus-4-7", Tokenizer::CLAUDE_NEW),
    ("claude-opus-4-8", Tokenizer::CLAUDE_NEW),
    ("claude-opus-4-9", Tokenizer::CLAUDE_NEW),
    ("claude-opus-4.7", Tokenizer::CLAUDE_NEW),
    ("claude-opus-4.8", Tokenizer::CLAUDE_NEW),
    ("claude-opus-4.9", Tokenizer::CLAUDE_NEW),
    // After the later ones of its series. Names of a series that is not listed here are newer, so they get the new
    // tokenizer below.
    ("claude-opus-4", Tokenizer::CLAUDE),
    ("claude-sonnet-4", Tokenizer::CLAUDE),
    ("claude-haiku-4", Tokenizer::CLAUDE),
    ("claude-opus", Tokenizer::CLAUDE_NEW),
    ("claude-sonnet", Tokenizer::CLAUDE_NEW),
    ("claude-haiku", Tokenizer::CLAUDE_NEW),
    ("claude-fable", Tokenizer::CLAUDE_NEW),
    ("claude-mythos", Tokenizer::CLAUDE_NEW),
    // These put the version before the family's name (`claude-3-5-haiku`).
    ("claude-3", Tokenizer::CLAUDE),
    ("claude-2", Tokenizer::CLAUDE),
    ("claude-instant", Tokenizer::CLAUDE),
    ("claude-1", Tokenizer::CLAUDE),
    ("claude-v", Tokenizer::CLAUDE),
    ("claude", Tokenizer::CLAUDE_NEW),
    ("gemini", Tokenizer::GEMINI),
    ("gemma", Tokenizer::GEMINI),
    ("mistral", Tokenizer::MISTRAL),
    ("ministral", Tokenizer::MISTRAL),
    ("magistral", Tokenizer::MISTRAL),
    ("mixtral", Tokenizer::MISTRAL),
    ("codestral", Tokenizer::MISTRAL),
    ("devstral", Tokenizer::MISTRAL),
    ("pixtral", Tokenizer::MISTRAL),
    ("open-mistral", Tokenizer::MISTRAL),
    ("open-mixtral", Tokenizer::MISTRAL),
    // Before Llama and Qwen: a distilled model has the tokenizer of the model that was taught.
    ("deepseek-r1-distill-llama", Tokenizer::LLAMA),
    ("deepseek-r1-distill-qwen", Tokenizer::QWEN),
    ("deepseek", Tokenizer::DEEPSEEK),
    ("llama", Tokenizer::LLAMA),
    ("meta-llama", Tokenizer::LLAMA),
    ("qwen", Tokenizer::QWEN),
    ("qwq", Tokenizer::QWEN),
    ("qvq", Tokenizer::QWEN),
    ("grok", Tokenizer::GROK),
    ("glm", Tokenizer::GLM),
    ("chatglm", Tokenizer::GLM),
];

/// A model's name without what providers and gateways put around it: in lower case, without a vendor before it
/// (`openai/gpt-4o`, `us.anthropic.claude-sonnet-4-5-20250929-v1:0`) or the mark of a tuned model (`ft:gpt-4o:org`).
pub(crate) fn bare_name(upstream: &str) -> String {
    let name = upstream.rsplit('/').next().unwrap_or(upstream).to_ascii_lowercase();
    let name = name.strip_prefix("ft:").unwrap_or(&name);
    // Bedrock puts a region and a vendor before the name.
    match name.find("claude") {
        Some(place) => name.get(place..).unwrap_or(name).to_owned(),
        None => name.to_owned(),
    }
}

/// The tokenizer for a model's name, with or without a vendor before it.
pub(super) fn tokenizer(upstream: &str) -> Tokenizer {
    let name = bare_name(upstream);
    FAMILIES.iter().find(|(family, _)| name.starts_with(family)).map_or(Tokenizer::OTHER, |(_, tokenizer)| *tokenizer)
}

#[cfg(test)]
mod tests {
    use super::tokenizer;

    #[test]
    fn names_find_their_family() {
        for (name, expected) in [
            ("gpt-4o-mini-2024-07-18", "o200k"),
            ("openai/gpt-5.4", "o200k"),
            ("ft:gpt-4o-mini:acme::abc", "o200k"),
            ("openai/gpt-oss-120b", "o200k"),
            ("o3-mini", "o200k"),
            ("gpt-4-turbo", "cl100k"),
            // Azure's spelling.
            ("GPT-35-turbo-16k", "cl100k"),
            ("text-embedding-3-small", "cl100k"),
            ("claude-3-5-haiku-20241022", "claude"),
            ("claude-opus-4-20250514", "claude"),
            ("claude-opus-4-6", "claude"),
            ("claude-opus-4-7", "claude-new"),
            ("anthropic/claude-opus-4.8", "claude-new"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude"),
            ("claude-sonnet-5", "claude-new"),
            ("claude-opus-5-5", "claude-new"),
            ("gpt-6", "other"),
            ("llama3.2:3b", "llama"),
            ("deepseek-r1-distill-llama-70b", "llama"),
            ("Qwen/Qwen3.5-9B", "qwen"),
            ("olmo-3", "other"),
            ("", "other"),
        ] {
            assert_eq!(tokenizer(name).name(), expected, "{name}");
        }
    }
}

//! The rules of each format, and what of them a vendor or model has otherwise.

use baton_model::entity::SchemaSubset;
use baton_model::entity::{Alphabet, Limits};
use baton_model::{Dialect, Quirks};

/// What one target accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Names of tools.
    pub tool_name: TextRule,
    /// Ids of calls.
    pub call_id: TextRule,
    /// The most texts to stop at.
    pub stops: Option<usize>,
    /// The most characters of an end user's id.
    pub user: Option<usize>,
    /// Whether an end user's id may not be an e-mail address or a telephone number.
    pub opaque_user: bool,
    /// Whether the schema of a tool must be that of an object and name its properties.
    pub tool_properties: bool,
    /// Which JSON schemas it takes.
    pub schemas: SchemaSubset,
}

/// The media types that a format takes; `None` where it looks at none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTypes {
    /// Of images.
    pub images: Option<&'static [&'static str]>,
    /// Of documents.
    pub documents: Option<&'static [&'static str]>,
    /// Formats of audio.
    pub audio: Option<&'static [&'static str]>,
}

/// What the formats take, by the vendors' references.
pub fn media_types(dialect: Dialect) -> MediaTypes {
    const IMAGES: Option<&[&str]> = Some(&["image/png", "image/jpeg", "image/gif", "image/webp"]);
    const AUDIO: Option<&[&str]> = Some(&["wav", "mp3"]);
    match dialect {
        // OpenAI guides, images and vision, PDF files; API reference, `input_audio.format`.
        Dialect::OpenAi => MediaTypes { images: IMAGES, documents: Some(&["application/pdf"]), audio: AUDIO },
        // OpenAI guides, file inputs: texts and the files of offices too.
        Dialect::Responses => MediaTypes {
            images: IMAGES,
            documents: Some(&[
                "application/pdf",
                "text/*",
                "application/json",
                "application/rtf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.*",
                "application/vnd.oasis.opendocument.text",
            ]),
            audio: AUDIO,
        },
        // Anthropic API reference, `Base64ImageSource.media_type`, `DocumentBlockParam.source`.
        Dialect::Anthropic => {
            MediaTypes { images: IMAGES, documents: Some(&["application/pdf", "text/*"]), audio: Some(&[]) }
        }
        // Which images it reads depends on the model's runner. It has no documents, but texts can be read to it.
        Dialect::Ollama => MediaTypes { images: None, documents: Some(&[]), audio: None },
    }
}

/// Which schemas a format takes.
fn schemas_of_format(dialect: Dialect) -> SchemaSubset {
    match dialect {
        Dialect::OpenAi | Dialect::Responses => SchemaSubset::OpenAi,
        Dialect::Anthropic => SchemaSubset::Anthropic,
        // It makes a grammar of the schema, and passes over what that can't say.
        Dialect::Ollama => SchemaSubset::Any,
    }
}

/// How long a name may be, and what it may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRule {
    /// The most characters.
    pub length: Option<usize>,
    /// Its characters.
    pub alphabet: Alphabet,
}

/// The format's own rules, by the vendors' references. They hold for every vendor of which nothing else is known.
pub(super) fn of_format(dialect: Dialect) -> Limits {
    match dialect {
        // OpenAI API reference, `FunctionObject.name`, `stop`, `safety_identifier`; call ids as its API refuses them.
        Dialect::OpenAi => Limits {
            tool_name: Some(64),
            tool_name_alphabet: Alphabet::Word,
            call_id: Some(40),
            call_id_alphabet: Alphabet::Any,
            stops: Some(4),
            user: Some(64),
            opaque_user: Some(false),
            tool_properties: Some(true),
        },
        // The same, `FunctionToolCallOutput.call_id`.
        Dialect::Responses => Limits { call_id: Some(64), ..of_format(Dialect::OpenAi) },
        // Anthropic API reference, `Tool.name`, `tool_use.id`, `metadata.user_id`.
        Dialect::Anthropic => Limits {
            tool_name: Some(128),
            tool_name_alphabet: Alphabet::Word,
            call_id: Some(0),
            call_id_alphabet: Alphabet::Word,
            stops: Some(0),
            user: Some(256),
            opaque_user: Some(true),
            tool_properties: Some(false),
        },
        // Ollama's server puts names and ids into a template and checks none.
        Dialect::Ollama => Limits::NONE,
    }
}

// === impl Profile ===

impl Profile {
    /// The format's rules, with what the model has otherwise.
    pub fn new(dialect: Dialect, quirks: &Quirks) -> Self {
        let limits = of_format(dialect).overlaid_by(&quirks.limits);
        let most = |limit: Option<u32>| limit.filter(|limit| *limit > 0).map(|limit| limit as usize);
        Self {
            tool_name: TextRule { length: most(limits.tool_name), alphabet: limits.tool_name_alphabet },
            call_id: TextRule { length: most(limits.call_id), alphabet: limits.call_id_alphabet },
            stops: most(limits.stops),
            user: most(limits.user),
            opaque_user: limits.opaque_user == Some(true),
            tool_properties: limits.tool_properties == Some(true),
            schemas: match quirks.schemas {
                SchemaSubset::Unspecified => schemas_of_format(dialect),
                said => said,
            },
        }
    }
}

// === impl TextRule ===

impl TextRule {
    /// Whether the text may go as it is.
    pub fn allows(&self, text: &str) -> bool {
        self.length.is_none_or(|most| text.chars().count() <= most) && text.chars().all(|c| self.alphabet.has(c))
    }
}

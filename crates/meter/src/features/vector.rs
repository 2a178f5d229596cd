//! The vector: which features there are, and sums of them.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use crate::count::Section;

/// Declares the features with their names and sections, so that neither can be forgotten.
macro_rules! features {
    ($($(#[$doc:meta])* $feature:ident $name:literal $section:ident,)*) => {
        /// Something that a prompt has more or less of. A linear model has one coefficient for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Feature {
            $($(#[$doc])* $feature,)*
        }

        impl Feature {
            /// All of them, in the order of the vector.
            pub const ALL: [Self; FEATURES] = [$(Self::$feature,)*];

            /// Its name in the data file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$feature => $name,)* }
            }

            /// The part of the prompt that it counts for.
            pub fn section(self) -> Section {
                match self { $(Self::$feature => Section::$section,)* }
            }
        }

        /// How many features there are.
        pub const FEATURES: usize = [$($name,)*].len();
    };
}

features! {
    /// 1 for every prompt.
    Constant "constant" Framing,
    /// Turns of the user and of the model.
    Messages "messages" Framing,
    /// Turns with instructions.
    SystemMessages "system_messages" Framing,
    /// Speakers' names.
    Names "names" Framing,
    /// 1 if the model is asked to reason.
    Reasoning "reasoning" Framing,
    /// Tokens that are known: ids that the client made.
    Known "known" Messages,
    /// Beginnings of words, of Latin letters.
    Words "words" Messages,
    /// The second to sixth letters of words.
    Letters "letters" Messages,
    /// Letters from the seventh on.
    LongLetters "long_letters" Messages,
    /// Upper-case letters within words: `camelCase`.
    Humps "humps" Messages,
    /// Upper-case letters after others.
    Caps "caps" Messages,
    /// Groups of up to three digits.
    Numbers "numbers" Messages,
    /// Further digits of a group.
    Digits "digits" Messages,
    /// Single spaces.
    Spaces "spaces" Messages,
    /// Spaces after spaces.
    SpaceRuns "space_runs" Messages,
    /// Line ends and tabs.
    Lines "lines" Messages,
    /// Line ends after line ends.
    LineRuns "line_runs" Messages,
    /// Punctuation.
    Marks "marks" Messages,
    /// Punctuation after punctuation.
    MarkRuns "mark_runs" Messages,
    /// Latin letters with accents.
    Latin "latin" Messages,
    /// Greek, Cyrillic, Hebrew, Arabic letters.
    Alphabets "alphabets" Messages,
    /// Letters of India and South-East Asia.
    Indic "indic" Messages,
    /// Typographic punctuation, arrows, mathematical signs.
    Symbols "symbols" Messages,
    /// Chinese and Japanese characters.
    Ideographs "ideographs" Messages,
    /// Korean syllables.
    Hangul "hangul" Messages,
    /// Emoji and rare ideographs.
    Planes "planes" Messages,
    /// Control characters.
    Controls "controls" Messages,
    /// Tokens of messages by the family's byte-pair encoding; 0 where only features were read.
    TextTokens "text_tokens" Messages,
    /// Calls of tools in earlier turns.
    ToolCalls "tool_calls" Messages,
    /// Results of tools.
    ToolResults "tool_results" Messages,
    /// 1 if there are tools, and the model may choose.
    ToolsOffered "tools_offered" Tools,
    /// 1 if there are tools, and the model must call one.
    ToolsForced "tools_forced" Tools,
    /// Tokens of what the vendor writes around tools, by its rule.
    ToolPrompt "tool_prompt" Tools,
    /// Functions.
    Functions "functions" Tools,
    /// Tools that only one format knows.
    OtherTools "other_tools" Tools,
    /// Members that their schemas describe.
    Properties "properties" Tools,
    /// Words and numbers in names, descriptions and schemas of tools.
    SchemaWords "schema_words" Tools,
    /// Further letters and digits of these.
    SchemaLetters "schema_letters" Tools,
    /// Everything else in them.
    SchemaMarks "schema_marks" Tools,
    /// Tokens of tools by the family's byte-pair encoding; 0 where only features were read.
    SchemaTokens "schema_tokens" Tools,
    /// 1 if a schema of the reply is given.
    Format "format" Format,
    /// Words and numbers in it.
    FormatWords "format_words" Format,
    /// Further letters and digits of these.
    FormatLetters "format_letters" Format,
    /// Everything else in it.
    FormatMarks "format_marks" Format,
    /// Its tokens by the family's byte-pair encoding; 0 where only features were read.
    FormatTokens "format_tokens" Format,
    /// Tokens of images by the vendor's rule.
    Images "images" Images,
    /// Tokens of documents by the vendor's rule.
    Documents "documents" Documents,
    /// Tokens of audio by the vendor's rule.
    Audio "audio" Audio,
}

/// The features of one prompt. Fixed in size, whatever the prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    values: [f64; FEATURES],
    /// What of these belongs to instructions.
    system: [f64; FEATURES],
}

impl Default for Features {
    fn default() -> Self {
        Self { values: [0.0; FEATURES], system: [0.0; FEATURES] }
    }
}

impl Features {
    /// The numbers, in the order of [`Feature::ALL`]. Finite, never negative.
    pub fn values(&self) -> &[f64; FEATURES] {
        &self.values
    }

    /// What of these belongs to instructions (the system prompt).
    pub fn system(&self) -> &[f64; FEATURES] {
        &self.system
    }

    /// One of the numbers.
    pub fn get(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }

    /// Adds to one of the numbers; `in_system` if it belongs to instructions.
    pub(crate) fn add(&mut self, feature: Feature, number: f64, in_system: bool) {
        self.values[feature as usize] += number;
        if in_system {
            self.system[feature as usize] += number;
        }
    }
}

/// What a vendor writes around tools, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolPrompt {
    /// Where the model may choose.
    pub offered: u32,
    /// Where it must call one.
    pub forced: u32,
}

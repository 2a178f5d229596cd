//! What a chat of this format can say: the declaration that tests and `docs/dialects.md` go by.

use crate::fidelity::Fate::{Dropped, Emulated, Kept, Partly};
use crate::fidelity::{Declared, Fate, reply, request};
use baton_model::UsageClass;

/// The declarations.
pub const FIDELITY: Declared = Declared { request: request_fate, reply: reply_fate, counted_as };

fn request_fate(field: request::Field) -> Fate {
    use request::Field as F;
    match field {
        F::Temperature
        | F::TopP
        | F::TopK
        | F::MinP
        | F::Seed
        | F::FrequencyPenalty
        | F::PresencePenalty
        | F::RepeatPenalty
        | F::LogitBias
        | F::MaxTokens
        | F::Stop
        | F::N
        | F::Logprobs
        | F::ReasoningOff
        | F::Effort
        | F::Stream
        | F::User
        | F::ServiceTier
        | F::Verbosity
        | F::JsonObject
        | F::Schema
        | F::SchemaName
        | F::SchemaDescription
        | F::SchemaStrict
        | F::Function
        | F::FunctionDescription
        | F::FunctionParameters
        | F::FunctionStrict
        | F::ChoiceNone
        | F::ChoiceRequired
        | F::ChoiceTool
        | F::SingleCalls
        | F::Instructions
        | F::Developer
        | F::UserText
        | F::AssistantText
        | F::Name
        | F::Refusal
        | F::ImageData
        | F::ImageUrl
        | F::Audio
        | F::DocumentData
        | F::CallId
        | F::Call
        | F::ResultId
        | F::ResultName
        | F::ResultText => Kept,
        F::Reasoning => Partly("to models that take it back (quirk `reasoning_history`), in their own field"),
        F::ReasoningSignature | F::ReasoningRedacted => {
            Partly("to models with the quirk `reasoning_history = \"thinking_blocks\"`")
        }
        F::ReasoningOn => Emulated("an effort: `high` where the model decides how much, else `medium`"),
        F::Budget => Emulated("an effort by the size of the budget"),
        F::Display => Dropped("the format does not show reasoning"),
        F::RequestCache => Dropped("the provider caches automatically"),
        F::PartCache | F::FunctionCache => {
            Partly("only for models with the quirk `cache_marks`; else the provider caches automatically")
        }
        F::Extension | F::FunctionExtension | F::OtherTool | F::ChoiceOther | F::OtherPart => {
            Partly("those of this format; others are not supported")
        }
        F::ImageDetail => Partly("not where an image of a tool result is moved"),
        F::ImageFile => Dropped("an image stored at another provider"),
        F::DocumentFile => Partly("files stored at OpenAI, not those of other providers"),
        F::DocumentUrl => Dropped("the format takes document data, not URLs"),
        F::DocumentText => Emulated("a text part, the title before it"),
        F::DocumentTitle => Partly("in front of the text where the document is sent as text"),
        F::DocumentContext => Dropped("not supported"),
        F::DocumentCitations => Dropped("not supported"),
        F::Citations => Partly("annotations; sources of other formats are left out of what goes back"),
        F::ResultImage => Emulated("a user message after the last result"),
        F::ResultDocument => Emulated("a user message after the last result"),
        F::ResultError => Dropped("not supported; the text of the result has to show it"),
    }
}

fn reply_fate(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Id
        | F::Model
        | F::Created
        | F::Fingerprint
        | F::MoreChoices
        | F::Text
        | F::Refusal
        | F::Reasoning
        | F::ReasoningSignature
        | F::ReasoningRedacted
        | F::CallId
        | F::Call
        | F::Logprobs
        | F::FinishStop
        | F::FinishLength
        | F::FinishToolCalls
        | F::FinishContentFilter
        | F::ServiceTier => Kept,
        F::Citations => Partly("annotations; of other formats only those that name a page"),
        F::Other => Partly("those of this format"),
        F::FinishStopSequence => Emulated("`stop`"),
        F::FinishContextWindow => Emulated("`length`"),
        F::FinishRefusal => Emulated("`content_filter`"),
        F::FinishPause | F::FinishOther => Emulated("`stop`"),
        F::StopSequence => Dropped("not supported"),
        F::Timings => Dropped("not supported"),
    }
}

fn counted_as(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        C::Input
        | C::CacheRead
        | C::CacheWrite
        | C::CacheWrite12h
        | C::Output
        | C::Reasoning
        | C::AudioInput
        | C::AudioCacheRead
        | C::AudioOutput
        | C::ImageInput
        | C::ImageOutput => Some(class),
        C::CacheWrite1h => Some(C::CacheWrite),
        // A chat consumes none of the others; searches have no number in this format.
        C::Images | C::AudioMillis | C::Characters | C::WebSearches => None,
    }
}

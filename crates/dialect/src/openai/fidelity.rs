//! What a chat of this format can say: the declaration that tests and `docs/dialects.md` go by.

use crate::fidelity::Fate::{Dropped, Emulated, Kept, Partly};
use crate::fidelity::{Declared, Fate, reply, request};
use baton_model::UsageClass;

/// The declarations.
pub const FIDELITY: Declared = Declared { request: of_request, reply: of_reply, counted };

fn of_request(field: request::Field) -> Fate {
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
        | F::Thought
        | F::ThoughtSignature
        | F::ThoughtRedacted
        | F::CallId
        | F::Call
        | F::ResultId
        | F::ResultName
        | F::ResultText => Kept,
        F::ReasoningOn => Emulated("an effort: `high` where the model decides how much, else `medium`"),
        F::Budget => Emulated("an effort by the size of the budget"),
        F::Display => Dropped("the format has no thoughts to show"),
        F::RequestCache => Dropped("the provider caches by itself"),
        F::PartCache | F::FunctionCache => {
            Partly("only for models with the quirk `cache_marks`; else the provider caches by itself")
        }
        F::Extension | F::FunctionExtension | F::OtherTool | F::ChoiceOther | F::OtherPart => {
            Partly("those of this format; others are not known to it")
        }
        F::ImageDetail => Partly("not where a picture of a tool result is moved"),
        F::ImageFile => Dropped("a picture that only another provider has"),
        F::DocumentFile => Partly("files of OpenAI; others only their provider has"),
        F::DocumentUrl => Dropped("the format takes a document's data, no address"),
        F::DocumentText => Emulated("a text part, the title before it"),
        F::DocumentTitle => Partly("in front of the text where the document is sent as text"),
        F::DocumentContext => Dropped("no word for it"),
        F::DocumentCitations => Dropped("no word for it"),
        F::Citations => Partly("annotations; sources of other formats are left out of what goes back"),
        F::ResultImage => Emulated("a user message after the last result"),
        F::ResultDocument => Emulated("a user message after the last result"),
        F::ResultError => Dropped("the text of the result must say it"),
    }
}

fn of_reply(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Id
        | F::Model
        | F::Created
        | F::Fingerprint
        | F::MoreChoices
        | F::Text
        | F::Refusal
        | F::Thought
        | F::ThoughtSignature
        | F::ThoughtRedacted
        | F::CallId
        | F::Call
        | F::Logprobs
        | F::FinishStop
        | F::FinishLength
        | F::FinishToolCalls
        | F::FinishContentFilter
        | F::ServiceTier => Kept,
        F::Citations => Partly("annotations: of other formats those that name a page"),
        F::Other => Partly("those of this format"),
        F::FinishStopSequence => Emulated("`stop`"),
        F::FinishContextWindow => Emulated("`length`"),
        F::FinishRefusal => Emulated("`content_filter`"),
        F::FinishPause | F::FinishOther => Emulated("`stop`"),
        F::StopSequence => Dropped("no word for it"),
        F::Timings => Dropped("no word for it"),
    }
}

fn counted(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        C::Input
        | C::CacheRead
        | C::CacheWrite
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

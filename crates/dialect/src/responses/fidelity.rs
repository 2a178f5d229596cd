//! What a response's request and reply can say: the declaration that tests and `docs/dialects.md` go by.

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
        | F::Refusal
        | F::ImageData
        | F::ImageUrl
        | F::ImageDetail
        | F::Audio
        | F::DocumentData
        | F::DocumentUrl
        | F::CallId
        | F::Call
        | F::ResultId
        | F::ResultText
        | F::ResultImage
        | F::ResultDocument => Kept,
        F::MaxTokens => Partly("at least 16"),
        F::TopK | F::MinP | F::Seed | F::RepeatPenalty | F::LogitBias => Dropped("not supported"),
        F::FrequencyPenalty | F::PresencePenalty => Dropped("not supported"),
        F::Stop => Dropped("not supported"),
        F::N => Dropped("one choice per request"),
        F::ReasoningOn => Emulated("an effort: `high` where the model decides how much, else `medium`"),
        F::Budget => Emulated("an effort by the size of the budget"),
        F::Display => Partly("a summary, or none"),
        F::RequestCache => Dropped("the provider caches automatically"),
        F::PartCache => Partly("only for models with the quirk `cache_marks`; else the provider caches automatically"),
        F::FunctionCache => Dropped("the provider caches automatically"),
        F::Extension => {
            Partly("those of this format, and of OpenAI's chats where they mean the same; others are not supported")
        }
        F::OtherTool | F::ChoiceOther => {
            Emulated("custom tools and `allowed_tools` of OpenAI's chats in their form here; others are not supported")
        }
        F::FunctionExtension | F::OtherPart => Partly("those of this format; others are not supported"),
        F::Name => Dropped("not supported"),
        F::Citations => Emulated("annotations; of other formats only those that name a page"),
        F::ImageFile | F::DocumentFile => Partly("files stored at OpenAI, not those of other providers"),
        F::DocumentText => Emulated("a text part, the title before it"),
        F::DocumentTitle => Partly("in front of the text where the document is sent as text"),
        F::DocumentContext | F::DocumentCitations => Dropped("not supported"),
        F::Reasoning => Partly("only if a provider of this format produced it"),
        F::ReasoningSignature | F::ReasoningRedacted => Partly("those of providers of this format"),
        F::ResultName => Emulated("implied by the id of the call"),
        F::ResultError => Dropped("not supported; the text of the result has to show it"),
    }
}

fn reply_fate(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Model
        | F::Created
        | F::Text
        | F::Refusal
        | F::Reasoning
        | F::CallId
        | F::Call
        | F::Logprobs
        | F::FinishStop
        | F::FinishLength
        | F::FinishToolCalls
        | F::FinishContentFilter
        | F::ServiceTier => Kept,
        F::Id => Emulated("Baton's own id, under which the response can be retrieved"),
        F::ReasoningSignature | F::ReasoningRedacted => {
            Emulated("`encrypted_content`, marked as whose it is, so that it goes back as it was")
        }
        F::Fingerprint => Dropped("not supported"),
        F::MoreChoices => Dropped("one choice per reply"),
        F::Citations => Partly("annotations; of other formats only those that name a page"),
        F::Other => Partly("those of this format"),
        F::FinishStopSequence | F::FinishPause | F::FinishOther => Emulated("`completed`"),
        F::FinishContextWindow => Emulated("`incomplete` for `max_output_tokens`"),
        F::FinishRefusal => Emulated("`incomplete` for `content_filter`"),
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
        | C::AudioOutput
        | C::ImageInput
        | C::ImageOutput => Some(class),
        C::CacheWrite1h => Some(C::CacheWrite),
        C::AudioCacheRead => Some(C::CacheRead),
        // A chat consumes none of the others; searches have no number in this format.
        C::Images | C::AudioMillis | C::Characters | C::WebSearches => None,
    }
}

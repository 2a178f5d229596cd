//! What a message of this format can say: the declaration that tests and `docs/dialects.md` go by.

use crate::fidelity::Fate::{Dropped, Emulated, Kept, Partly};
use crate::fidelity::{Declared, Fate, reply, request};
use baton_model::UsageClass;

/// The declarations.
pub const FIDELITY: Declared = Declared { request: request_fate, reply: reply_fate, counted_as };

fn request_fate(field: request::Field) -> Fate {
    use request::Field as F;
    match field {
        F::MaxTokens
        | F::ReasoningOff
        | F::ReasoningOn
        | F::Stream
        | F::User
        | F::Schema
        | F::Function
        | F::FunctionDescription
        | F::FunctionParameters
        | F::FunctionStrict
        | F::ChoiceNone
        | F::ChoiceRequired
        | F::ChoiceTool
        | F::SingleCalls
        | F::UserText
        | F::AssistantText
        | F::ImageData
        | F::ImageUrl
        | F::DocumentUrl
        | F::DocumentText
        | F::DocumentTitle
        | F::DocumentContext
        | F::DocumentCitations
        | F::ReasoningRedacted
        | F::ResultText
        | F::ResultError => Kept,
        F::Instructions => Partly("moved to the top, as `system`; as the user's turn where there is no other message"),
        F::Developer => Emulated("`system`"),
        F::Temperature => Partly("at most 1, and only 1 while the model reasons"),
        F::TopP => Partly("not together with `temperature`, and at least 0.95 while the model reasons"),
        F::TopK => Partly("not while the model reasons"),
        F::MinP | F::Seed | F::RepeatPenalty | F::LogitBias => Dropped("not supported"),
        F::FrequencyPenalty | F::PresencePenalty => Dropped("not supported"),
        F::Stop => Partly("texts of white space only are dropped"),
        F::N => Dropped("one choice per request"),
        F::Logprobs => Dropped("not supported"),
        F::Effort => Partly("`minimal` is sent as `low`; a budget where the model takes that"),
        F::Budget => Partly("at least 1024 and less than the output limit; not where a tool must be called"),
        F::Display => Partly("not where the model does not reason"),
        F::ServiceTier => Partly("`auto` and `default`, which is `standard_only`"),
        F::Verbosity => Dropped("not supported"),
        F::RequestCache | F::FunctionCache | F::PartCache => Partly("half an hour is sent as five minutes"),
        F::Extension | F::FunctionExtension | F::OtherTool | F::OtherPart => {
            Partly("those of this format; others are not supported")
        }
        F::ChoiceOther => {
            Emulated("OpenAI's `allowed_tools`: the other tools are dropped; other choices are not supported")
        }
        F::JsonObject => Dropped("schemas only, not JSON without one"),
        F::SchemaName | F::SchemaStrict => Emulated("schemas have no name and are always strict"),
        F::SchemaDescription => Dropped("not supported"),
        F::Name => Dropped("not supported"),
        F::Citations => Partly("those of this format"),
        F::Refusal => Emulated("text"),
        F::ImageDetail => Dropped("not supported"),
        F::ImageFile | F::DocumentFile => Partly("files stored at Anthropic, not those of other providers"),
        F::Audio => Dropped("the models do not take audio"),
        F::DocumentData => Partly("text is sent as text"),
        F::ReasoningSignature => Partly("not those of OpenAI's responses"),
        F::Reasoning => Partly("only with its signature"),
        F::CallId | F::ResultId => {
            Emulated("characters other than letters, digits, `_` and `-` become `_`, in both call and result")
        }
        F::Call => Partly("arguments that are not a JSON object are sent inside one"),
        F::ResultName => Emulated("implied by the id of the call"),
        F::ResultImage | F::ResultDocument => Partly("as other images and documents"),
    }
}

fn reply_fate(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Id
        | F::Model
        | F::Text
        | F::Reasoning
        | F::ReasoningSignature
        | F::ReasoningRedacted
        | F::CallId
        | F::FinishStop
        | F::FinishStopSequence
        | F::FinishLength
        | F::FinishContextWindow
        | F::FinishToolCalls
        | F::FinishRefusal
        | F::FinishPause
        | F::StopSequence
        | F::ServiceTier => Kept,
        F::Created | F::Fingerprint => Dropped("not supported"),
        F::MoreChoices => Dropped("one choice per reply"),
        F::Citations | F::Other => Partly("those of this format"),
        F::Refusal => Emulated("text"),
        F::Call => Emulated("arguments that are not a JSON object are sent inside one"),
        F::Logprobs => Dropped("not supported"),
        F::FinishContentFilter => Emulated("`refusal`"),
        F::FinishOther => Emulated("`end_turn`"),
        F::Timings => Dropped("not supported"),
    }
}

fn counted_as(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        C::Input | C::CacheRead | C::CacheWrite | C::CacheWrite1h | C::Output | C::Reasoning | C::WebSearches => {
            Some(class)
        }
        C::CacheWrite12h => Some(C::CacheWrite),
        C::AudioInput | C::ImageInput => Some(C::Input),
        C::AudioCacheRead => Some(C::CacheRead),
        C::AudioOutput | C::ImageOutput => Some(C::Output),
        // A chat consumes none of these.
        C::Images | C::AudioMillis | C::Characters => None,
    }
}

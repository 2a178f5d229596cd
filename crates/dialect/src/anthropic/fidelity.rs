//! What a message of this format can say: the declaration that tests and `docs/dialects.md` go by.

use crate::fidelity::Fate::{Dropped, Emulated, Kept, Partly};
use crate::fidelity::{Declared, Fate, reply, request};
use baton_model::UsageClass;

/// The declarations.
pub const FIDELITY: Declared = Declared { request: of_request, reply: of_reply, counted };

fn of_request(field: request::Field) -> Fate {
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
        | F::ThoughtRedacted
        | F::ResultText
        | F::ResultError => Kept,
        F::Instructions => Partly("at the top, as `system`; where nothing else is said, as the user's turn"),
        F::Developer => Emulated("`system`"),
        F::Temperature => Partly("at most 1, and only 1 while the model reasons"),
        F::TopP => Partly("not together with `temperature`, and at least 0.95 while the model reasons"),
        F::TopK => Partly("not while the model reasons"),
        F::MinP | F::Seed | F::RepeatPenalty | F::LogitBias => Dropped("no word for it"),
        F::FrequencyPenalty | F::PresencePenalty => Dropped("no word for it"),
        F::Stop => Partly("not texts of white space alone"),
        F::N => Dropped("one answer a request"),
        F::Logprobs => Dropped("no word for it"),
        F::Effort => Partly("`minimal` is sent as `low`; a budget where the model takes that"),
        F::Budget => Partly("at least 1024 and less than the output limit; not where a tool must be called"),
        F::Display => Partly("not where the model does not reason"),
        F::ServiceTier => Partly("`auto` and `default`, which is `standard_only`"),
        F::Verbosity => Dropped("no word for it"),
        F::RequestCache | F::FunctionCache | F::PartCache => Partly("half an hour is sent as five minutes"),
        F::Extension | F::FunctionExtension | F::OtherTool | F::OtherPart => {
            Partly("those of this format; others are not known to it")
        }
        F::ChoiceOther => Emulated("OpenAI's `allowed_tools`: the other tools are left out; others are not known"),
        F::JsonObject => Dropped("schemas, but no JSON without one"),
        F::SchemaName | F::SchemaStrict => Emulated("a schema needs no name, and always binds"),
        F::SchemaDescription => Dropped("no word for it"),
        F::Name => Dropped("no word for it"),
        F::Citations => Partly("those of this format"),
        F::Refusal => Emulated("text"),
        F::ImageDetail => Dropped("no word for it"),
        F::ImageFile | F::DocumentFile => Partly("files of Anthropic; others only their provider has"),
        F::Audio => Dropped("the models hear nothing"),
        F::DocumentData => Partly("text is sent as text"),
        F::ThoughtSignature => Partly("not those of OpenAI's responses"),
        F::Thought => Partly("only with the signature that proves it"),
        F::CallId | F::ResultId => {
            Emulated("characters but letters, digits, `_` and `-` become `_`, in call and result alike")
        }
        F::Call => Partly("arguments that are no JSON object are sent inside one"),
        F::ResultName => Emulated("the id of the call says it"),
        F::ResultImage | F::ResultDocument => Partly("as other pictures and documents"),
    }
}

fn of_reply(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Id
        | F::Model
        | F::Text
        | F::Thought
        | F::ThoughtSignature
        | F::ThoughtRedacted
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
        F::Created | F::Fingerprint => Dropped("no word for it"),
        F::MoreChoices => Dropped("one answer a reply"),
        F::Citations | F::Other => Partly("those of this format"),
        F::Refusal => Emulated("text"),
        F::Call => Emulated("arguments that are no JSON object stand inside one"),
        F::Logprobs => Dropped("no word for it"),
        F::FinishContentFilter => Emulated("`refusal`"),
        F::FinishOther => Emulated("`end_turn`"),
        F::Timings => Dropped("no word for it"),
    }
}

fn counted(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        C::Input | C::CacheRead | C::CacheWrite | C::CacheWrite1h | C::Output | C::Reasoning | C::WebSearches => {
            Some(class)
        }
        C::AudioInput | C::ImageInput => Some(C::Input),
        C::AudioCacheRead => Some(C::CacheRead),
        C::AudioOutput | C::ImageOutput => Some(C::Output),
        // A chat consumes none of these.
        C::Images | C::AudioMillis | C::Characters => None,
    }
}

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
        | F::MaxTokens
        | F::Stop
        | F::Logprobs
        | F::ReasoningOff
        | F::ReasoningOn
        | F::Stream
        | F::JsonObject
        | F::Schema
        | F::Instructions
        | F::UserText
        | F::AssistantText
        | F::ImageData
        | F::Reasoning
        | F::CallId
        | F::ResultId
        | F::ResultName
        | F::ResultText
        | F::ResultImage => Kept,
        F::Function | F::FunctionDescription | F::FunctionParameters => Kept,
        F::Developer => Emulated("`system`"),
        F::LogitBias | F::User | F::ServiceTier | F::Verbosity => Dropped("not supported"),
        F::N => Dropped("one choice per request"),
        F::Effort => Emulated("a level where the model supports levels, else `think: true`"),
        F::Budget => Emulated("a level where the model supports levels, else `think: true`"),
        F::Display => Dropped("not supported"),
        F::RequestCache | F::FunctionCache | F::PartCache => Dropped("the server caches automatically"),
        F::Extension => Partly("those of this format, and `keep_alive` of any; others are not supported"),
        F::FunctionExtension | F::OtherTool | F::OtherPart => Partly("those of this format; others are not supported"),
        F::SchemaName | F::SchemaStrict => Emulated("schemas have no name and are always strict"),
        F::SchemaDescription => Dropped("not supported"),
        F::FunctionStrict => Dropped("not supported"),
        F::ChoiceNone => Emulated("no tools are sent"),
        F::ChoiceRequired | F::ChoiceTool => Emulated("the reply must have the schema of a call"),
        F::ChoiceOther => Dropped("the model decides"),
        F::SingleCalls => Dropped("the model decides"),
        F::Name => Dropped("not supported"),
        F::Citations => Dropped("not supported"),
        F::Refusal => Emulated("text"),
        F::ImageUrl => Dropped("the server takes image data, not URLs"),
        F::ImageFile => Dropped("an image stored at another provider"),
        F::ImageDetail => Dropped("not supported"),
        F::Audio => Emulated("among the images, where the server's own compatible endpoint puts audio"),
        F::DocumentData | F::DocumentUrl | F::DocumentFile | F::ResultDocument => {
            Dropped("the server takes only text documents")
        }
        F::DocumentText => Emulated("text, the title before it"),
        F::DocumentTitle => Partly("in front of the text"),
        F::DocumentContext | F::DocumentCitations => Dropped("not supported"),
        F::ReasoningSignature => Dropped("not supported"),
        F::ReasoningRedacted => Dropped("not supported"),
        F::Call => Partly("arguments that are not a JSON object are sent inside one"),
        F::ResultError => Dropped("not supported; the text of the result has to show it"),
    }
}

fn reply_fate(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Model
        | F::Created
        | F::Text
        | F::Reasoning
        | F::CallId
        | F::Call
        | F::Logprobs
        | F::FinishStop
        | F::FinishLength
        | F::FinishToolCalls
        | F::Timings => Kept,
        F::Id | F::Fingerprint => Dropped("not supported"),
        F::MoreChoices => Dropped("one choice per reply"),
        F::Citations => Dropped("not supported"),
        F::Refusal => Emulated("text"),
        F::ReasoningSignature | F::ReasoningRedacted => Dropped("not supported"),
        F::Other => Partly("those of this format"),
        F::FinishStopSequence | F::FinishContentFilter | F::FinishRefusal | F::FinishPause => Emulated("`stop`"),
        F::FinishContextWindow => Emulated("`length`"),
        F::FinishOther => Emulated("its own name, but `stop` for OpenAI's `function_call`"),
        F::StopSequence => Dropped("not supported"),
        F::ServiceTier => Dropped("not supported"),
    }
}

/// The format has one number for all tokens read, and one for all produced.
fn counted_as(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        _ if class.is_input_token() => Some(C::Input),
        _ if class.is_output_token() => Some(C::Output),
        _ => None,
    }
}

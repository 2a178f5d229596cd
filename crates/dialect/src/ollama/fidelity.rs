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
        | F::Thought
        | F::CallId
        | F::ResultId
        | F::ResultName
        | F::ResultText
        | F::ResultImage => Kept,
        F::Function | F::FunctionDescription | F::FunctionParameters => Kept,
        F::Developer => Emulated("`system`"),
        F::LogitBias | F::User | F::ServiceTier | F::Verbosity => Dropped("no word for it"),
        F::N => Dropped("one answer a request"),
        F::Effort => Emulated("a level where the model knows levels, else `think: true`"),
        F::Budget => Emulated("a level where the model knows levels, else `think: true`"),
        F::Display => Dropped("no word for it"),
        F::RequestCache | F::FunctionCache | F::PartCache => Dropped("the server caches by itself"),
        F::Extension => Partly("those of this format, and `keep_alive` of any; others are not known to it"),
        F::FunctionExtension | F::OtherTool | F::OtherPart => {
            Partly("those of this format; others are not known to it")
        }
        F::SchemaName | F::SchemaStrict => Emulated("a schema needs no name, and always binds"),
        F::SchemaDescription => Dropped("no word for it"),
        F::FunctionStrict => Dropped("no word for it"),
        F::ChoiceNone => Emulated("no tools are sent"),
        F::ChoiceRequired | F::ChoiceTool | F::ChoiceOther => Dropped("the model decides"),
        F::SingleCalls => Dropped("the model decides"),
        F::Name => Dropped("no word for it"),
        F::Citations => Dropped("no word for it"),
        F::Refusal => Emulated("text"),
        F::ImageUrl => Dropped("the server takes a picture's data, no address"),
        F::ImageFile => Dropped("a picture that only another provider has"),
        F::ImageDetail => Dropped("no word for it"),
        F::Audio => Emulated("among the images, where the server's own compatible endpoint puts sound"),
        F::DocumentData | F::DocumentUrl | F::DocumentFile | F::ResultDocument => {
            Dropped("the server takes no documents but text")
        }
        F::DocumentText => Emulated("text, the title before it"),
        F::DocumentTitle => Partly("in front of the text"),
        F::DocumentContext | F::DocumentCitations => Dropped("no word for it"),
        F::ThoughtSignature => Dropped("no word for it"),
        F::ThoughtRedacted => Dropped("no word for it"),
        F::Call => Partly("arguments that are no JSON object are sent inside one"),
        F::ResultError => Dropped("the text of the result must say it"),
    }
}

fn of_reply(field: reply::Field) -> Fate {
    use reply::Field as F;
    match field {
        F::Model
        | F::Created
        | F::Text
        | F::Thought
        | F::CallId
        | F::Call
        | F::Logprobs
        | F::FinishStop
        | F::FinishLength
        | F::FinishToolCalls
        | F::Timings => Kept,
        F::Id | F::Fingerprint => Dropped("no word for it"),
        F::MoreChoices => Dropped("one answer a reply"),
        F::Citations => Dropped("no word for it"),
        F::Refusal => Emulated("text"),
        F::ThoughtSignature | F::ThoughtRedacted => Dropped("no word for it"),
        F::Other => Partly("those of this format"),
        F::FinishStopSequence | F::FinishContentFilter | F::FinishRefusal | F::FinishPause => Emulated("`stop`"),
        F::FinishContextWindow => Emulated("`length`"),
        F::FinishOther => Emulated("its own word, but `stop` for OpenAI's `function_call`"),
        F::StopSequence => Dropped("no word for it"),
        F::ServiceTier => Dropped("no word for it"),
    }
}

/// The format has one number for all tokens read, and one for all produced.
fn counted(class: UsageClass) -> Option<UsageClass> {
    use UsageClass as C;
    match class {
        _ if class.is_input_token() => Some(C::Input),
        _ if class.is_output_token() => Some(C::Output),
        _ => None,
    }
}

//! Counts by OpenAI's rules: its cookbook for messages, and what recorded requests show of the rest.

mod calls;
mod framing;
mod message;
mod schema;
mod tools;

use framing::Around;
pub(crate) use framing::Framing;

use super::{Breakdown, CountMethod, ENCODING, Section, TokenCount};
use crate::estimate;
use crate::features::Features;
use crate::media::MediaRule;
use crate::tokenizer::Tokenizer;
use baton_model::chat::{ChatRequest, OutputFormat, ToolChoice};
use baton_model::operation::{CompletionRequest, Prompt};
use baton_model::{Dialect, Model, Operation};

/// How many tokens an OpenAI model reads for the request.
pub(super) fn operation(operation: &Operation, model: &Model, tokenizer: Tokenizer, dialect: Dialect) -> TokenCount {
    match operation {
        Operation::Chat(request) => Counter::new(model, tokenizer, dialect).chat(request),
        Operation::Completion(request) if is_text(request) => {
            let suffix = request.suffix.as_deref().unwrap_or_default();
            texts(prompts(&request.prompts, tokenizer).saturating_add(tokenizer.count(suffix)), tokenizer)
        }
        Operation::Embedding(request) => texts(prompts(&request.input, tokenizer), tokenizer),
        _ => {
            let features = Features::with_tokens(operation, model);
            estimate::careful(tokenizer).count(&features, CountMethod::Estimate, ENCODING, tokenizer.name())
        }
    }
}

/// Whether a completion has nothing around its texts.
fn is_text(request: &CompletionRequest) -> bool {
    request.images.is_empty() && request.system.is_none()
}

fn texts(tokens: u64, tokenizer: Tokenizer) -> TokenCount {
    TokenCount::exact(Breakdown::only(Section::Messages, tokens), "openai-text", tokenizer.name())
}

fn prompts(prompts: &[Prompt], tokenizer: Tokenizer) -> u64 {
    // Saturating, because a client's token ids and texts may be as many as it likes.
    prompts.iter().fold(0, |sum, prompt| {
        sum.saturating_add(match prompt {
            Prompt::Text(text) => tokenizer.count(text),
            Prompt::Tokens(tokens) => tokens.len() as u64,
        })
    })
}

/// What the instructions of the pro mode take, by recorded requests.
const PRO_MODE: u64 = 1_520;

/// Adds up a chat.
struct Counter {
    tokenizer: Tokenizer,
    framing: Framing,
    around: Around,
    media: MediaRule,
    breakdown: Breakdown,
    /// What the count depends on: the rule that is named.
    rule: Rule,
    certain: bool,
    /// Whether the API joins calls that are made at once.
    joined: bool,
    /// Whether reasoning still counts: the model has not ended its turn since.
    in_turn: bool,
}

/// Which of OpenAI's rules a count depends on, the least certain last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Chat,
    Tools,
    Calls,
    Format,
    Reasoning,
    Media,
    Other,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai-chat",
            Self::Tools => "openai-tools",
            Self::Calls => "openai-calls",
            Self::Format => "openai-format",
            Self::Reasoning => "openai-reasoning",
            Self::Media => "openai-media",
            Self::Other => "openai-other",
        }
    }
}

impl Counter {
    fn new(model: &Model, tokenizer: Tokenizer, dialect: Dialect) -> Self {
        let framing = estimate::framing(&model.upstream);
        Self {
            tokenizer,
            framing,
            around: if dialect == Dialect::Responses { framing.responses } else { framing.chat },
            media: estimate::media(&model.upstream),
            breakdown: Breakdown::default(),
            rule: Rule::Chat,
            certain: framing.exact,
            joined: dialect != Dialect::Responses,
            in_turn: false,
        }
    }

    fn chat(mut self, request: &ChatRequest) -> TokenCount {
        self.breakdown.add(Section::Framing, self.framing.priming);
        // What a mode or a management of the context adds is not published.
        let modes = ["reasoning.mode", "context_management", "web_search_options"];
        for field in request.extensions.iter().filter(|field| modes.contains(&field.path.as_str())) {
            self.uses(Rule::Other, false);
            if field.path == "reasoning.mode" && field.value.0 == "\"pro\"" {
                self.breakdown.add(Section::Framing, PRO_MODE);
            }
        }
        let instructions = self.messages(&request.messages);
        self.tools(request, instructions.as_deref());
        if let OutputFormat::Schema(schema) = &request.output {
            self.uses(Rule::Format, false);
            let around =
                if instructions.is_some() { self.around.format_after_instructions } else { self.around.format };
            let tokens = self.tokenizer.count(&tools::format(schema));
            self.breakdown.add(Section::Format, tokens.saturating_add_signed(around));
        }
        self.finish()
    }

    /// The tools, which stand behind the instructions or in a message of their own.
    fn tools(&mut self, request: &ChatRequest, instructions: Option<&str>) {
        for json in tools::other(request) {
            self.uses(Rule::Other, false);
            let tokens = self.tokenizer.count(json);
            self.breakdown.add(Section::Tools, tokens);
        }
        let Some(functions) = tools::functions(request) else { return };
        self.uses(Rule::Tools, self.framing.exact_tools && functions.certain);
        let tokens = match instructions {
            // Together, since tokens may reach over the seam.
            Some(text) => {
                let alone = self.tokenizer.count(text);
                let both = self.tokenizer.count(&format!("{text}\n\n{}", functions.text));
                both.saturating_sub(alone).saturating_add_signed(self.around.tools_after_instructions)
            }
            None => self.tokenizer.count(&functions.text).saturating_add_signed(self.around.tools),
        };
        self.breakdown.add(Section::Tools, tokens);
        if let Some(ToolChoice::Tool(name)) = &request.tool_choice
            && let Some(named) = self.framing.named
        {
            let tokens = named.saturating_add(self.tokenizer.count(name));
            self.breakdown.add(Section::Tools, tokens);
            self.certain = false;
        }
        if matches!(request.tool_choice, Some(ToolChoice::None | ToolChoice::Other { .. })) {
            self.certain = false;
        }
    }

    /// Notes that a rule is used.
    fn uses(&mut self, rule: Rule, certain: bool) {
        self.rule = self.rule.max(rule);
        self.certain &= certain;
    }

    fn finish(self) -> TokenCount {
        if self.certain {
            return TokenCount::exact(self.breakdown, self.rule.name(), self.tokenizer.name());
        }
        let spread = estimate::spread(self.rule.name());
        let tokens = self.breakdown.total();
        TokenCount {
            tokens,
            at_most: spread.at_most(tokens),
            method: CountMethod::Estimate,
            error: spread.error,
            breakdown: self.breakdown,
            rule: self.rule.name(),
            tokenizer: self.tokenizer.name(),
        }
    }
}

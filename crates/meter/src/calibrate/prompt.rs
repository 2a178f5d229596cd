//! A prompt as it is learned from: the parts of its estimate, and the places up to which another one may be the same.

use super::learner::Learner;
use super::parts::{Parts, parts};
use super::prefix::{Boundary, KnownPrefix};
use crate::count::{self, Breakdown, CountMethod, TokenCount};
use crate::estimate::{self, LinearModel, Spread};
use crate::features::{Feature, Features, Walk};
use baton_model::chat::ChatRequest;
use baton_model::{Model, Operation};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Of how many places at the beginning something is remembered: after tools and instructions.
const FIRST: usize = 3;
/// And of how many at the end. A turn of an agent may be many messages, one for each result.
const LAST: usize = 60;
/// From so many numbers on a learner knows more than all keys together.
const ENOUGH: u64 = 3;
/// What the rest of a prompt may be off by, if it is off as much as its beginning.
const LIKELY: (f64, f64) = (0.5, 2.0);
/// How often the doubt about a known beginning is added to the estimate, for the bound: three times a typical error.
const DOUBTS: f64 = 3.0;
/// What may stand around a turn beside its text, in tokens: for the bound of a prompt whose beginning is known.
const AROUND: f64 = 8.0;

/// What estimates are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// [Features] alone: cheap.
    Features,
    /// Byte-pair tokens too: seven times as dear, and closer.
    Encoding,
}

impl Basis {
    /// The rule of a count from which nothing was learned, and the word in what is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => count::FEATURES,
            Self::Encoding => count::ENCODING,
        }
    }

    /// The one of that [name](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        [Self::Features, Self::Encoding].into_iter().find(|basis| basis.name() == name)
    }
}

/// A prompt for a model.
#[derive(Debug, Clone)]
pub struct Prompt {
    linear: &'static LinearModel,
    features: Features,
    tokenizer: &'static str,
    basis: Basis,
    parts: Parts,
    boundaries: Vec<Boundary>,
}

/// What is known of a model's prompts, for the key that sends one.
pub struct Knowledge<'k> {
    /// What the key's own prompts taught.
    pub learner: Option<&'k Learner>,
    /// By what the first estimate is multiplied until then ([`super::SharedRatio`]).
    pub shared: f64,
    /// What is known of the prompt up to a boundary of that hash.
    pub known: &'k dyn Fn(u64) -> Option<KnownPrefix>,
}

impl Prompt {
    /// Reads a request for a model.
    pub fn read(operation: &Operation, model: &Model, basis: Basis) -> Self {
        let family = count::tokenizer(model);
        let (linear, tokenizer) = match basis {
            Basis::Features => (estimate::prior(family), None),
            Basis::Encoding => (estimate::careful(family), Some(family)),
        };
        let mut walk = Walk::of(model, tokenizer);
        let boundaries = match operation {
            Operation::Chat(request) => boundaries(&mut walk, request, linear),
            other => {
                walk.operation(other);
                Vec::new()
            }
        };
        let features = walk.features;
        Self { linear, features, tokenizer: family.name(), basis, parts: parts(linear, &features), boundaries }
    }

    /// The parts of its first estimate.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The first estimate, from which nothing was learned.
    pub fn first_estimate(&self) -> f64 {
        self.parts.iter().sum::<f64>().max(0.0)
    }

    /// The places up to which another prompt may be the same, in order.
    pub fn boundaries(&self) -> &[Boundary] {
        &self.boundaries
    }

    /// How many tokens it has, by what is known.
    pub fn count(&self, knowledge: &Knowledge<'_>) -> TokenCount {
        let rates = Rates::of(knowledge, self.linear.spread);
        let mut tokens = rates.tokens(&self.parts);
        let (mut spread, mut rule) = (rates.spread, if rates.learned { "calibrated" } else { self.basis.name() });
        let known =
            self.boundaries.iter().rev().find_map(|boundary| {
                (knowledge.known)(boundary.hash).map(|known| (known, rates.tokens(&boundary.parts)))
            });
        if let Some((known, estimated)) = known {
            // Only what comes after it can be off, and is likely off as the beginning is.
            let likely = if estimated > 0.0 { (known.tokens / estimated).clamp(LIKELY.0, LIKELY.1) } else { 1.0 };
            let rest = (tokens - estimated).max(0.0) * likely;
            tokens = known.tokens + rest;
            let share = |doubt: f64| if tokens > 0.0 { doubt / tokens } else { 0.0 };
            spread = Spread {
                error: share(known.doubt + rest * spread.error),
                share: share(rest * spread.share),
                tokens: known.doubt * DOUBTS + AROUND,
            };
            rule = "prefix";
        }
        let method = if rule == self.basis.name() { CountMethod::Estimate } else { CountMethod::Calibrated };
        let breakdown = Breakdown::rounded(self.linear.sections(&self.features), tokens);
        let tokens = breakdown.total();
        let at_most = spread.at_most(tokens);
        TokenCount { tokens, at_most, method, error: spread.error, breakdown, rule, tokenizer: self.tokenizer }
    }
}

/// What the parts of an estimate count, by what is known.
struct Rates<'k> {
    learner: Option<&'k Learner>,
    shared: f64,
    spread: Spread,
    /// Whether anything was learned.
    learned: bool,
}

impl<'k> Rates<'k> {
    fn of(knowledge: &Knowledge<'k>, prior: Spread) -> Self {
        let learner = knowledge.learner.filter(|learner| learner.seen() >= ENOUGH);
        let spread = match learner {
            Some(learner) => {
                Spread { error: learner.error(prior.error), share: learner.excess(prior.share), tokens: prior.tokens }
            }
            None => prior,
        };
        Self { learner, shared: knowledge.shared, spread, learned: learner.is_some() || knowledge.shared != 1.0 }
    }

    fn tokens(&self, parts: &Parts) -> f64 {
        match self.learner {
            Some(learner) => learner.predict(parts),
            None => parts.iter().sum::<f64>().max(0.0) * self.shared,
        }
    }
}

/// Walks over a chat, and notes the places: after the tools, and after each message.
fn boundaries(walk: &mut Walk, request: &ChatRequest, linear: &LinearModel) -> Vec<Boundary> {
    let mut hasher = DefaultHasher::new();
    (&request.tools, &request.tool_choice, &request.output).hash(&mut hasher);
    let (mut boundaries, mut place) = (Vec::new(), 0);
    let later = request.messages.len().saturating_sub(LAST);
    walk.add(Feature::Constant, 1.0);
    walk.chat(request, |features, message| {
        // The hash goes on over those that are not noted: a place stands for everything before it.
        message.inspect(|message| message.hash(&mut hasher));
        if place <= FIRST || place > later {
            boundaries.push(Boundary { hash: hasher.finish(), parts: parts(linear, features) });
        }
        place += 1;
    });
    boundaries
}

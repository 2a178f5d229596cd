//! `usage.iterations[]`: what each of the calls used of which an answer was made, some of it by other models.
//!
//! Reference: Anthropic API reference, `BetaIterationsUsage` and its kinds:
//! - `message` and `fallback_message` are in the sums of the report, the latter as what served in place of a model that
//!   declined. What a model used that declined is not in them, and is not billed;
//! - `compaction` (the summary of a conversation that became too long) stands beside the sums;
//! - `advisor_message` (what another model was asked meanwhile) stands beside them too, at that model's price.

use super::usage_sums::Sums;
use crate::json::Node;
use baton_model::{Amounts, ModelUsage, UsageClass, bounds};

/// The most that are looked at. An agent's longest turns have some dozens.
const MOST: usize = 1_000;

/// Classes that one report may tell apart and another not: what is missing in one is in the next.
const TOGETHER: [&[UsageClass]; 2] = [
    &[UsageClass::Output, UsageClass::Reasoning],
    &[UsageClass::CacheWrite, UsageClass::CacheWrite1h, UsageClass::CacheWrite12h],
];

/// The iterations of a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Iterations {
    /// Those in the sums, in order.
    within: Vec<Iteration>,
    /// What stands beside the sums.
    pub(super) beside: Amounts,
    /// Of what stands beside them, what other models used.
    advisors: Vec<ModelUsage>,
    /// Something that is not known.
    unaccounted: Option<String>,
}

#[derive(Debug, Clone)]
struct Iteration {
    /// The model's name, if it is said; else it is the one that was called.
    model: Option<String>,
    amounts: Amounts,
}

/// What a report's sums are made of.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// What other models used, beside the sums or within.
    pub(super) other_models: Vec<ModelUsage>,
    /// What could not be accounted for.
    pub(super) unaccounted: Option<String>,
}

impl Iterations {
    pub(super) fn read(entries: &[Node<'_>]) -> Self {
        let mut iterations = Self::default();
        for entry in entries.iter().take(MOST) {
            iterations.add(entry);
        }
        if entries.len() > MOST {
            iterations.unaccounted.get_or_insert_with(|| "iterations".to_owned());
        }
        iterations
    }

    fn add(&mut self, entry: &Node<'_>) {
        let mut sums = Sums::default();
        sums.update(entry);
        let amounts = sums.amounts();
        let model = entry.get("model").and_then(Node::string_or_none);
        let kind = entry.get("type").and_then(Node::as_str);
        match kind.as_deref() {
            Some("message" | "fallback_message") => self.within.push(Iteration { model, amounts }),
            Some("compaction" | "advisor_message") => {
                self.beside.add(&amounts, |_| true);
                if model.is_some_and(|model| !ModelUsage::add(&mut self.advisors, &model, &amounts)) {
                    self.unaccounted.get_or_insert_with(|| "iterations".to_owned());
                }
            }
            kind if !amounts.is_empty() => {
                let kind = bounds::truncate(kind.unwrap_or_default(), bounds::ID);
                self.unaccounted.get_or_insert_with(|| format!("iterations.{kind}"));
            }
            _ => {}
        }
    }

    /// Whose the sums are.
    pub(super) fn shares(&self, sums: &Amounts) -> Shares {
        let mut shares = Shares { other_models: self.advisors.clone(), unaccounted: self.unaccounted.clone() };
        let mut rest = *sums;
        // From the end, because what served comes last: whoever declined before it finds nothing left.
        for Iteration { model, amounts } in self.within.iter().rev() {
            let taken = take(&mut rest, amounts);
            // One that produced something and is not in the sums did not just decline.
            if taken.output_tokens() < amounts.output_tokens() {
                shares.unaccounted.get_or_insert_with(|| "iterations.message".to_owned());
            }
            let model = model.as_ref().filter(|_| !taken.is_empty());
            if model.is_some_and(|model| !ModelUsage::add(&mut shares.other_models, model, &taken)) {
                shares.unaccounted.get_or_insert_with(|| "iterations".to_owned());
            }
        }
        shares
    }
}

/// Takes amounts away, from classes that belong together if one report does not separate them.
fn take(rest: &mut Amounts, amounts: &Amounts) -> Amounts {
    let mut taken = rest.take(amounts);
    for classes in TOGETHER {
        let sum = |amounts: &Amounts| classes.iter().fold(0_u64, |sum, class| sum.saturating_add(amounts.get(*class)));
        let mut missing = sum(amounts).saturating_sub(sum(&taken));
        for class in classes {
            let more = rest.take(&Amounts::default().with(*class, missing));
            missing -= more.get(*class);
            taken.add(&more, |_| true);
        }
    }
    taken
}

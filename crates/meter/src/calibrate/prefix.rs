//! What the beginning of a prompt cost when it was sent before.
//!
//! The next turn of a conversation begins with everything that was sent in the turn before, of which the provider has
//! reported the tokens. So only the rest has to be estimated. The same holds for requests that share their instructions
//! and tools.

use super::parts::Parts;

/// A place in a prompt up to which another prompt may be the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundary {
    /// Names everything before it, and the order in which it comes.
    pub hash: u64,
    /// What is estimated of everything before it, part by part.
    pub parts: Parts,
}

/// What is known of the prompt up to a boundary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownPrefix {
    /// Its tokens.
    pub tokens: f64,
    /// By how many of them it may be off: 0 if a provider reported just this.
    pub doubt: f64,
}

/// A share of the rest of the prompt up to which the tokens of a prefix are told apart from those of the rest. Beyond it
/// the estimate of the rest would be all that is learned.
const LARGEST_REST: f64 = 0.5;

/// What a reported number tells of the prompt up to a boundary, where `rest` of the `reported` tokens are estimated to
/// come after it, with a typical error of `error`.
pub fn learn(reported: u64, rest: f64, error: f64) -> Option<KnownPrefix> {
    let reported = reported as f64;
    let known = rest.is_finite() && rest >= 0.0 && rest <= reported * LARGEST_REST;
    known.then_some(KnownPrefix { tokens: reported - rest, doubt: rest * error })
}

impl KnownPrefix {
    /// Whether it says more than another one of the same prefix. A newer one of the same worth does: vendors change.
    pub fn replaces(&self, other: &Self) -> bool {
        self.doubt <= other.doubt * 1.5
    }
}

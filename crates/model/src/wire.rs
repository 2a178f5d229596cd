//! What decides whether bytes may pass through.

use crate::{Capability, Dialect};

/// A format and what is asked in it. Two sides of one wire understand the same bytes: between them nothing has to be
/// translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wire {
    /// The format.
    pub dialect: Dialect,
    /// What is asked.
    pub capability: Capability,
}

impl Wire {
    /// A format and what is asked in it.
    pub fn new(dialect: Dialect, capability: Capability) -> Self {
        Self { dialect, capability }
    }
}

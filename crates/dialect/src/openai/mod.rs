//! The openai format.

pub mod error;

use crate::Codec;
use baton_model::Capability;

/// The codec of a capability in this format.
pub fn codec(_capability: Capability) -> Option<&'static dyn Codec> {
    None
}

//! Counts tokens and prices usage. Pure: no I/O, no clock.
//!
//! - [`tokenizer`]: texts become numbers of tokens, exactly or by estimate;
//! - [`features`]: what a prompt is made of, in one pass over its bytes;
//! - [`estimate`]: a number of tokens from features, by coefficients of the model's family;
//! - [`calibrate`]: how far estimates are off, learned from what providers report;
//! - [`count`]: how many tokens a whole request has, by the vendor's rules where they are known; images, documents and
//!   audio too;
//! - [`price`]: what usage costs, in integer nano-dollars;
//! - [`catalogue`]: what is known of the vendors' models: prices, windows, quirks; a dated data file.
//!
//! A count before the call serves limits and reservations; what is billed is the provider's own number wherever it
//! gives one.

pub mod calibrate;
pub mod catalogue;
pub mod count;
pub mod estimate;
pub mod features;
mod media;
// Money is counted in integers all the way.
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
pub mod price;
pub mod tokenizer;

pub use count::{Breakdown, CountMethod, Section, TokenCount};
pub use features::{Feature, Features};
pub use price::{Costed, cost};
pub use tokenizer::Tokenizer;

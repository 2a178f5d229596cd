//! Counts tokens and prices usage. Pure: no I/O, no clock.
//!
//! - [`tokenizer`]: texts become numbers of tokens, exactly or by estimate;
//! - [`count`]: what a whole request holds, and whether it fits a context window;
//! - [`price`]: what usage costs, in integer nano-dollars;
//! - [`catalogue`]: what is known of the vendors' models: prices, windows, quirks; a dated data file.
//!
//! A count before the call serves limits and reservations; what is billed is the provider's own number wherever it
//! gives one.

pub mod catalogue;
pub mod count;
pub mod price;
pub mod tokenizer;

pub use count::{PromptFit, TokenCount};
pub use price::{Costed, cost};
pub use tokenizer::Tokenizer;

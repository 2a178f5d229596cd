//! JSON as this crate needs it: read with every value's own text and place at hand, written in one go.
//!
//! - [`lexer`]: validates text and steps over values, for those who only want to know where something stands;
//! - [`Node`]: a tree whose values keep the text they were written in, and whose errors name the field;
//! - [`Object`] and [`Array`]: write compact JSON, splicing in text that is JSON already.
//!
//! `serde_json::Value` is not enough here: it rewrites numbers, and its errors name a column, not a field.

pub mod lexer;
mod node;
mod write;

pub use node::{JsonFault, JsonValue, Node, read};
pub use write::{Array, Object, array, object, quoted};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 128;

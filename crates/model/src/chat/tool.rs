//! Functions that a model may call.

use super::{CacheControl, Json};
use crate::dialect::Dialect;

/// A function that the model may call, or a tool that the provider itself runs.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Tool {
    /// A function of the client's.
    Function {
        /// Its name.
        name: String,
        /// What it does, for the model.
        description: Option<String>,
        /// The JSON schema of its arguments; absent: it takes none.
        parameters: Option<Json>,
        /// Whether arguments must fit the schema exactly.
        strict: Option<bool>,
        /// A cache mark.
        cache: Option<CacheControl>,
        /// Members beside these that one format knows (`input_examples`, `defer_loading`), with that format.
        extensions: Vec<super::Extension>,
    },
    /// A tool that only one format knows (web search, custom grammars), as its JSON.
    Other {
        /// The format.
        dialect: Dialect,
        /// The tool as it stood.
        json: Json,
    },
}

/// Whether and which tool the model must call.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum ToolChoice {
    /// It decides.
    Auto,
    /// It must not.
    None,
    /// It must, any of them.
    Required,
    /// It must, this one.
    Tool(String),
    /// A choice that only one format knows (OpenAI's `allowed_tools`), as its JSON.
    Other {
        /// The format.
        dialect: Dialect,
        /// The choice as it stood.
        json: Json,
    },
}

/// A call that the model makes.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct ToolCall {
    /// The id that the result refers to.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments as the model wrote them: meant to be a JSON object, but a model may write anything.
    pub arguments: String,
}

//! Names of things. Cheap to clone, because every request carries several into its record.

use crate::bounds::{self, Maximum};
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name as text that whoever gets it shares.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl<T: AsRef<str>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(Arc::from(text.as_ref()))
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// What clients ask for: `gpt-4o`, `fast`, `hf.co/org/model:q4`.
    ModelId
}
name! {
    /// A configured provider: `openai`, `groq`, `ollama-lab`.
    ProviderId
}
name! {
    /// One request through Baton: a UUIDv7 as text, so that ids sort by time.
    RequestId
}
name! {
    /// An API key's id; never the key itself.
    KeyId
}

// === impl ModelId ===

impl ModelId {
    /// Names that stand for calls of the management API below `/api/models/`, so that no model can have them.
    pub const RESERVED: [&str; 10] = [
        "chat",
        "completion",
        "embedding",
        "image",
        "audio/transcription",
        "audio/translation",
        "audio/speech",
        "discover",
        "tokens",
        "route",
    ];

    /// The id of that text, if a model can be registered under it.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that follows the field's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Err("must not be empty".to_owned())
        } else if Self::RESERVED.contains(&text) {
            Err(format!("`{text}` is the name of a call of this API; choose another"))
        } else if let Err(problem) = Maximum::Bytes(bounds::ID).check(text) {
            Err(problem)
        // A slash at an end would be lost in `/api/models/{id}`, and blanks are lost in headers.
        } else if text.trim() != text || text.starts_with('/') || text.ends_with('/') {
            Err("must not begin or end with spaces or slashes".to_owned())
        } else if text.chars().any(char::is_control) {
            // PostgreSQL refuses the character NUL in a text, and the others break logs and headers.
            Err("must not contain control characters".to_owned())
        } else {
            Ok(Self::from(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ModelId;

    #[test]
    fn ids_that_no_model_can_have_are_refused() {
        for text in ["gpt-4o", "hf.co/org/model:q4", "chat/1", "Llama 3", "\u{e9}t\u{e9}"] {
            assert_eq!(ModelId::parse(text), Ok(ModelId::from(text)));
        }
        let long = "m".repeat(257);
        for text in ["", " ", "a ", "\ta", "/a", "a/", "chat", "audio/speech", "a\0b", "a\nb", long.as_str()] {
            assert!(ModelId::parse(text).is_err(), "{text:?}");
        }
    }
}

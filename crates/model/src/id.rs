//! Names of things. Cheap to clone, because every request carries several into its record.

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

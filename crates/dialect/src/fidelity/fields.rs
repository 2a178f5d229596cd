//! Lists of fields, declared once with their names.

/// Declares an enum of fields with the name of each, and the list of all.
macro_rules! fields {
    ($(#[$outer:meta])* $enum:ident { $($(#[$doc:meta])+ $variant:ident = $name:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[$doc])+ $variant,)+
        }

        impl $enum {
            /// All of them, in the order in which documents list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in documents.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}
pub(super) use fields;

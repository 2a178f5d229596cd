//! The vocabulary: values that every other crate speaks.

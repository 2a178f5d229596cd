//! Counts tokens and prices usage.

//! A header becomes a caller.

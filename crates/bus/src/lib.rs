//! Events out and commands in.

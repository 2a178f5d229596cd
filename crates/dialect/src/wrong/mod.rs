//! Input that is wrong: what clients are told of their requests, and what is made of streams that break the rules.

mod requests;
mod streams;

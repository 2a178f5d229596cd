//! Counting as callers use it: whole requests, real encodings, hostile texts.
#![expect(clippy::unwrap_used, reason = "tests")]

mod hostile;
mod requests;

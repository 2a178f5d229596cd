//! One API in front of every AI model a company uses.
fn main() {}

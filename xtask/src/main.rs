//! Checks and measurements for developers.
fn main() {}

//! Numbers of others' lists, as exact as they are written.

use super::super::fault::CatalogueFault;
use baton_model::Nanos;
use serde_json::value::RawValue;

/// Dollars for a million, of a number that is dollars for ten to the `-shift` of it; null is nothing. What floats made
/// longer is rounded to nine places.
pub(super) fn dollars(path: &str, value: &RawValue, shift: i32, faults: &mut Vec<CatalogueFault>) -> Option<Nanos> {
    let text = value.get();
    if text == "null" {
        return None;
    }
    let plain = text.trim_matches('"');
    let amount = Nanos::parse_rounded(plain, shift);
    if amount.is_none() {
        let got = baton_model::bounds::truncate(text, 40);
        faults.push(CatalogueFault::new(path, format!("must be a decimal number of dollars, got {got}")));
    }
    amount
}

/// A number of tokens; null and nothing are `None`, and so is zero, which lists write for what they do not know.
pub(super) fn tokens(path: &str, value: Option<&RawValue>, faults: &mut Vec<CatalogueFault>) -> Option<u64> {
    let text = value?.get();
    if text == "null" {
        return None;
    }
    // Some lists write whole numbers as floats or in strings.
    let plain = text.trim_matches('"').trim_end_matches(".0");
    match plain.parse::<u64>() {
        Ok(0) => None,
        Ok(tokens) => Some(tokens),
        Err(_) => {
            let got = baton_model::bounds::truncate(text, 40);
            faults.push(CatalogueFault::new(path, format!("must be a number of tokens, got {got}")));
            None
        }
    }
}

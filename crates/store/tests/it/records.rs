//! A record as JSON.

use crate::samples;
use baton_model::{Cost, Nanos, Usage, UsageClass};
use baton_store::record::{from_json, to_json};
use proptest::prelude::*;

#[test]
fn a_record_reads_back_whole() {
    for record in [samples::full_record(), samples::record(2, 6, Vec::new())] {
        let json = to_json(&record);
        assert!(!json.contains('\n'), "{json}");
        assert_eq!(from_json(&json).unwrap(), record);
    }
}

#[test]
fn money_is_exact_decimal_and_times_are_utc() {
    let json = to_json(&samples::full_record());
    assert!(json.contains(r#""cost":0.123456789"#), "{json}");
    assert!(json.contains(r#""cost":null"#), "{json}");
    assert!(json.contains(r#""arrived_at":"2026-11-23T00:00:00.000005Z""#), "{json}");
    assert!(json.contains(r#""metadata":{"n": 1.50, "a": null}"#), "{json}");
    assert!(json.contains(r#""error":{"kind":"overloaded","message":"busy\n\"now\""}"#), "{json}");
}

#[test]
fn a_line_cut_anywhere_is_an_error() {
    let json = to_json(&samples::full_record());
    for end in (0..json.len()).filter(|end| json.is_char_boundary(*end)) {
        assert!(from_json(&json[..end]).is_err(), "cut at {end}");
    }
    let wrong = json.replace("provider_error", "nonsense");
    let told = from_json(&wrong).unwrap_err().to_string();
    assert!(told.contains("`nonsense` is not one of invalid_request, "), "{told}");
}

proptest! {
    #[test]
    fn any_amounts_read_back(cost in proptest::option::of(0..=i64::MAX), amount: u64, text: String) {
        let mut usage = Usage::default().with(UsageClass::AudioMillis, amount);
        usage.service_tier = Some(text.clone());
        let cost = cost.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos)));
        let mut record = samples::record(1, 0, vec![samples::attempt("m", cost, usage)]);
        record.requested = text;
        prop_assert_eq!(from_json(&to_json(&record)).unwrap(), record);
    }
}

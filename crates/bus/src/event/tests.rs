#![expect(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

fn check(text: &str, fault: &str) {
    assert_eq!(BusEvent::read(text.as_bytes()).unwrap_err().to_string(), fault, "{text}");
}

/// An event with these members beside what each must have.
fn event(members: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"s","type":"t"{members}}}"#)
}

#[test]
fn a_whole_event_is_read_and_written() {
    let text = event(
        r#","subject":"m","time":"2026-01-31T12:00:00.000250Z","apikey":"k","n":7,"yes":true,"datacontenttype":"application/json","dataschema":"https://x/y","data":{"b":1.50,"a":[]}"#,
    );
    let read = BusEvent::read(text.as_bytes()).expect("it is an event");
    assert_eq!(read.text("apikey"), Some("k"));
    assert_eq!(read.time, Some(Timestamp(1_769_860_800_000_250)));
    assert_eq!(read.data, Some(Json(r#"{"b":1.50,"a":[]}"#.into())));
    assert_eq!(read.write(), text);
}

#[test]
fn what_the_specification_leaves_open_is_taken() {
    let read = BusEvent::read(
        event(r#","time":"2026-01-31T14:00:00+02:00","foo":"x","subject":null,"data_base64":"eyJhIjoxfQ==""#)
            .as_bytes(),
    )
    .expect("it is an event");
    assert_eq!(read.time, Some(Timestamp(1_769_860_800_000_000)));
    assert_eq!((read.text("foo"), &read.subject), (Some("x"), &None));
    assert_eq!(read.data, Some(Json(r#"{"a":1}"#.into())));
}

#[test]
fn what_is_wrong_is_named() {
    check("", "must be valid JSON (line 1, column 0)");
    check("hello", "must be valid JSON (line 1, column 1)");
    check("[]", "must be a JSON object (line 1, column 0)");
    check("{}", "specversion: is required");
    check(r#"{"id":"1","source":"s","type":"t"}"#, "specversion: is required");
    check(r#"{"specversion":"1.0","source":"s","type":"t"}"#, "id: is required");
    check(r#"{"specversion":"1.0","id":null,"source":"s","type":"t"}"#, "id: is required");
    check(r#"{"specversion":"1.0","id":"","source":"s","type":"t"}"#, "id: is empty");
    check(r#"{"specversion":"1.0","id":7,"source":"s","type":"t"}"#, "id: must be a string, got a number");
    check(r#"{"specversion":"0.3","id":"1","source":"s","type":"t"}"#, "specversion: must be 1.0, got `0.3`");
    check(&event(r#","id":"2""#), "id: is given twice");
    check(&event(r#","time":"noon""#), "time: must be a time such as 2026-01-31T12:00:00Z, got `noon`");
    check(
        &event(r#","data":1,"data_base64":"MQ==""#),
        "data_base64: must contain either `data` or `data_base64`, not both",
    );
    check(&event(r#","data_base64":"/w==""#), "data_base64: must be the base64 of JSON");
    check(
        &event(r#","replyTo":"x""#),
        "replyTo: is not an attribute: names consist of lower-case letters and digits; did you mean `replyto`?",
    );
    check(&event(r#","a_b":"x""#), "a_b: is not an attribute: names consist of lower-case letters and digits");
    check(&event(r#","x":{}"#), "x: must be a string, an integer or a boolean, got an object");
    check(&event(r#","datacontenttype":"text/plain""#), "datacontenttype: must be application/json, got `text/plain`");
}

#[test]
fn a_long_id_is_refused() {
    let long = "x".repeat(513);
    let text = format!(r#"{{"specversion":"1.0","id":"{long}","source":"s","type":"t"}}"#);
    check(&text, "id: must be at most 512 bytes, got 513");
}

#[test]
fn credentials_are_masked_whether_or_not_the_rest_can_be_read() {
    let masked = masked(br#"{"apikey":"secret","ApiKey":"secret","id":7}"#).expect("it is an object");
    assert_eq!(masked.to_string(), r#"{"apikey":"***","ApiKey":"***","id":7}"#);
}

prop_compose! {
    fn any_event()(
        (id, source, kind) in ("[ -~äöü]{1,40}", "[ -~]{1,40}", "[a-z.]{1,40}"),
        subject in option::of(".{0,20}"),
        // Years 1 to 9999, as RFC 3339 has them.
        time in option::of(-62_135_596_800_000_000i64..253_402_300_799_999_999),
        content in option::of(Just("application/vnd.x+json".to_owned())),
        schema in option::of("[ -~]{1,20}"),
        data in option::of(prop_oneof![Just("{}".to_owned()), "[1-9][0-9]{0,30}(\\.0{1,3})?", "\"[a-z]{0,9}\""]),
        extensions in btree_map("x[a-z0-9]{1,10}", extension(), 0..4),
    ) -> BusEvent {
        BusEvent {
            id,
            source,
            kind,
            subject,
            time: time.map(Timestamp),
            datacontenttype: content,
            dataschema: schema,
            data: data.map(Json),
            extensions,
        }
    }
}

fn extension() -> impl Strategy<Value = ExtensionValue> {
    prop_oneof![
        ".{0,20}".prop_map(ExtensionValue::Text),
        any::<i64>().prop_map(ExtensionValue::Number),
        any::<bool>().prop_map(ExtensionValue::Boolean)
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(event in any_event()) {
        prop_assert_eq!(BusEvent::read(event.write().as_bytes()), Ok(event));
    }

    #[test]
    fn any_bytes_are_an_event_or_a_fault(bytes: Vec<u8>) {
        let _ = BusEvent::read(&bytes);
    }

    #[test]
    fn an_event_cut_anywhere_is_a_fault(event in any_event(), at in 0.0..1.0f64) {
        let text = event.write();
        let end = (text.len() as f64 * at) as usize;
        prop_assert!(BusEvent::read(&text.as_bytes()[..end]).is_err());
    }
}

use super::{BuiltIn, Redactor, Rule, is_card};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

fn all() -> &'static Redactor {
    static ALL: LazyLock<Redactor> =
        LazyLock::new(|| Redactor::new(BuiltIn::ALL.into_iter().map(|known| Rule::built_in(known).unwrap()).collect()));
    &ALL
}

/// A card's number: digits, and the check digit that makes them one.
fn card() -> impl Strategy<Value = String> {
    (proptest::collection::vec(0..10_u32, 12..19), prop_oneof![Just(""), Just(" "), Just("-")]).prop_map(
        |(mut digits, between)| {
            digits.push(0);
            let check = (0..10).find(|check| {
                *digits.last_mut().unwrap() = *check;
                is_card(&digits)
            });
            *digits.last_mut().unwrap() = check.unwrap();
            let groups: Vec<String> =
                digits.chunks(4).map(|group| group.iter().map(ToString::to_string).collect()).collect();
            groups.join(between)
        },
    )
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        card(),
        "[a-z0-9._%+-]{1,20}@[a-z0-9-]{1,20}(\\.[a-z]{2,6}){1,3}",
        "[а-яé]{1,9}@[а-я]{1,9}\\.рф",
        "(sk-|sk-proj-|sk-ant-api03-|bt-|ghp_|glpat-|xoxb-|hf_|AIza|AKIA|gsk_)[A-Za-z0-9]{16,48}",
        "eyJ[A-Za-z0-9_-]{10,40}\\.[A-Za-z0-9_-]{10,80}\\.[A-Za-z0-9_-]{10,40}",
        "(B|b)earer [A-Za-z0-9._~+/-]{12,40}",
        "-----BEGIN (RSA )?PRIVATE KEY-----\n([A-Za-z0-9+/]{64}\n){2,5}-----END (RSA )?PRIVATE KEY-----",
        "\\+[1-9][0-9]{1,2} [0-9]{3} [0-9]{3}[- ][0-9]{2,4}",
        "DE[0-9]{20}",
        "GB[0-9]{2}( [A-Z0-9]{4}){4} [0-9]{2}",
    ]
}

proptest! {
    #[test]
    fn a_secret_never_survives(before in ".{0,40}", secret in secret(), after in ".{0,40}") {
        let text = format!("{before}{secret}{after}");
        let redacted = all().text(&text).into_owned();
        prop_assert!(!redacted.contains(&secret), "{text:?} became {redacted:?}");
    }

    #[test]
    fn nor_in_a_document_however_it_is_escaped(secret in secret(), name in "[a-z]{1,8}") {
        // Every letter as an escape: what the bytes show is nothing like the secret.
        let escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let body = format!(r#"{{"messages":[{{"content":"{escaped}"}}],"{name}{escaped}":1}}"#);
        let mut value: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert!(value.to_string().contains(&json!(secret).to_string().trim_matches('"').to_owned()));
        all().json(&mut value);
        let strings = format!("{}{}", value["messages"][0]["content"], value.as_object().unwrap().keys().nth(1).unwrap());
        prop_assert!(!strings.contains(&secret), "{strings}");
    }

    #[test]
    fn text_without_secrets_stays(text in "[a-zäöü ,!?\n]{0,80}") {
        prop_assert_eq!(all().text(&text), text.as_str());
    }
}

#[test]
fn what_stands_instead() {
    let text = "mail jane.doe@example.com, card 4111 1111 1111 1111, call +49 30 1234567, use sk-abcdefghijklmnop1234";
    assert_eq!(all().text(text), "mail [email], card [card], call [phone], use [key]");
}

#[test]
fn numbers_that_are_no_cards_stay() {
    assert_eq!(all().text("at 1795454112000 or 8377835337406812"), "at 1795454112000 or 8377835337406812");
}

#[test]
fn a_card_written_as_a_number_goes_too() {
    let mut value = json!({ "card": 4_111_111_111_111_111_u64, "temperature": 0.5 });
    all().json(&mut value);
    assert_eq!(value, json!({ "card": "[card]", "temperature": 0.5 }));
}

#[test]
fn a_rule_of_ones_own() {
    let redactor = Redactor::new(vec![Rule::pattern("ACME-[0-9]+", "[$1]").unwrap()]);
    assert_eq!(redactor.text("order ACME-123"), "order [$1]");
    assert!(Rule::pattern("(", "").unwrap_err().contains("must be a regular expression"));
}

#[test]
fn arguments_of_tools_are_documents_in_documents() {
    let arguments = r#"{"to":"jane\u0040example.com"}"#;
    let mut value = json!({ "arguments": arguments, "other": "{ no document" });
    all().json(&mut value);
    assert_eq!(value, json!({ "arguments": r#"{"to":"[email]"}"#, "other": "{ no document" }));
}

//! A request that goes to a provider of its own format arrives as it was written, but for the model's name.
#![expect(clippy::unwrap_used, reason = "tests")]

use crate::framing::splice::scan;
use crate::testing::{codec, target};
use baton_model::{Capability, Dialect, Quirks};

/// Requests, with `MODEL` where a name stands that is another at the provider.
const REQUESTS: [&str; 12] = [
    // Order and unknown fields.
    r#"{"zeta":1,"model":MODEL,"alpha":{"z":1,"a":[]},"messages":[{"role":"user","content":"hi"}]}"#,
    // White space.
    "{\r\n\t\"model\" :\tMODEL ,\n  \"messages\" : [ { \"content\" : \"hi\" , \"role\" : \"user\" } ]\n}\n\n",
    // The spelling of numbers.
    r#"{"model":MODEL,"temperature":1.0,"top_p":1E-1,"seed":-0,"x":[1.50,1e400,123456789012345678901234567890]}"#,
    // Escaped keys and values.
    r#"{"\u006dodel":MODEL,"mess\u0061ges":[{"role":"us\u0065r","content":"\u00e9\/\ud83d\ude00"}]}"#,
    // A lone surrogate, and the null character.
    r#"{"model":MODEL,"messages":[{"role":"user","content":"a\ud800b\u0000"}]}"#,
    // Keys twice below the top are the provider's to judge.
    r#"{"model":MODEL,"metadata":{"a":1,"a":2},"messages":[{"role":"user","role":"user","content":"hi"}]}"#,
    // Null, empty and nested.
    r#"{"model":MODEL,"stop":null,"tools":[],"x":{},"y":[[[[]]]],"":0}"#,
    // A name that contains others.
    r#"{"model_id":"m","model":MODEL,"models":["m"],"Model":"m"}"#,
    // What looks like the model inside a string.
    r#"{"messages":[{"role":"user","content":"\"model\":\"m\""}],"model":MODEL}"#,
    // Letters of all kinds, unescaped.
    "{\"model\":MODEL,\"messages\":[{\"role\":\"user\",\"content\":\"é 😀 \u{2028} \u{7f}\"}]}",
    // The mark that some clients put before their JSON.
    "\u{feff}{\"model\":MODEL}",
    // A stream that asks for its usage already.
    r#"{"stream":true,"stream_options" : {"include_usage" : true},"model":MODEL}"#,
];

#[test]
fn every_other_byte_stays() {
    for dialect in Dialect::ALL {
        let chat = codec(dialect, Capability::Chat);
        for request in REQUESTS {
            // Anthropic requires a limit, so that one would be added.
            let request = request.replacen('{', "{\"max_tokens\":9,", 1);
            for name in ["\"m\"", "\"\\u006d\"", "\"upstream\""] {
                let body = scan(request.replace("MODEL", name).into()).unwrap();
                let rewritten = chat.rewrite(&body, &target(Quirks::default())).unwrap();
                let expected = request.replace("MODEL", "\"upstream\"");
                assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected, "{dialect}");
                assert_eq!((rewritten.hide_usage, rewritten.dropped), (false, Vec::new()), "{dialect}");
            }
        }
    }
}

/// Of two fields of one name nobody can tell which one the provider reads.
#[test]
fn a_field_twice_is_refused() {
    for body in [r#"{"model":"a","model":"b"}"#, r#"{"model":"a","m\u006fdel":"b"}"#, r#"{"x":1,"y":2,"x":1}"#] {
        assert!(scan(body.into()).unwrap_err().to_string().ends_with("given twice"), "{body}");
    }
}

//! Texts made to break a tokenizer: each of a megabyte, each with the number that it must have.

use baton_meter::{Tokenizer, count};
use baton_model::chat::{ChatRequest, Json, Tool};
use baton_model::{Dialect, Model, Operation};

const MEGABYTE: usize = 1_000_000;

/// Random code points as UTF-8, always the same.
fn noise() -> String {
    // A generator of its own, so that the numbers don't change with a version of `rand`.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = String::new();
    while text.len() < MEGABYTE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend(char::from_u32((state >> 40) as u32 % 0x11_0000));
    }
    text
}

#[test]
fn a_megabyte_of_anything_is_counted() {
    let texts = [
        // A run without a break is one piece for the encoder: merging pair by pair is quadratic in its length, and a
        // client could stop a thread for minutes with it.
        ("letters", "A".repeat(MEGABYTE)),
        ("spaces", " ".repeat(MEGABYTE)),
        ("line ends", "\n".repeat(MEGABYTE)),
        ("mixed blanks", " \t\r\n\u{a0}".repeat(MEGABYTE / 6)),
        ("digits", "7".repeat(MEGABYTE)),
        ("emoji", "👩‍👩‍👧‍👦".repeat(MEGABYTE / 25)),
        ("combining marks", "e\u{301}\u{323}".repeat(MEGABYTE / 5)),
        ("apostrophes", "'".repeat(MEGABYTE)),
        ("special tokens", "<|endoftext|>".repeat(MEGABYTE / 13)),
        ("noise", noise()),
    ];
    for (name, text) in texts {
        for tokenizer in [Tokenizer::O200K, Tokenizer::CL100K] {
            let tokens = tokenizer.count(&text);
            assert!((1..=text.len() as u64).contains(&tokens), "{name} by {}: {tokens}", tokenizer.name());
        }
    }
}

#[test]
fn special_tokens_are_ordinary_text() {
    assert_eq!(Tokenizer::CL100K.count("<|endoftext|>"), 7);
    assert_eq!(Tokenizer::O200K.count("<|endoftext|>"), 7);
}

#[test]
fn estimates_never_exceed_the_bytes() {
    for text in ["a", "é", "\u{1F9FF}", "\u{10ffff}", "\0\u{1}\u{2}"] {
        for tokenizer in Tokenizer::ALL {
            assert!(tokenizer.count(text) <= text.len() as u64, "{text:?} by {}", tokenizer.name());
        }
    }
}

/// Schemas that name themselves, or each other, would make a type without end.
#[test]
fn schemas_that_go_in_circles_come_to_an_end() {
    let variants = vec![r##"{"$ref":"#"}"##; 60].join(",");
    let deep = format!("{}1{}", r#"{"items":"#.repeat(5_000), "}".repeat(5_000));
    let wide = format!(
        r##"{{"type":"object","properties":{{"a":{{"$ref":"#"}},"b":{{"$ref":"#"}},"c":{{"anyOf":[{variants}]}}}}}}"##
    );
    for schema in [wide, deep, r##"{"$ref":"#"}"##.to_owned(), "[]".to_owned()] {
        let tool = Tool::Function {
            name: "f".into(),
            description: None,
            parameters: Some(Json(schema.clone())),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        };
        let request = ChatRequest { tools: vec![tool], ..ChatRequest::default() };
        let request = Operation::Chat(Box::new(request));
        for name in ["gpt-4o", "gpt-5", "claude-sonnet-4-5", "llama3"] {
            let model = Model::new(name, "test");
            let count = count::operation(&request, &model, Dialect::OpenAi);
            // Linear in the schema, whatever it says.
            assert!(count.tokens <= 40 * (schema.len() as u64 + 1_024), "{name}: {count:?}");
            assert_eq!(count.breakdown.total(), count.tokens);
            assert!(count::estimate(&request, &model).at_most > 0);
        }
    }
}

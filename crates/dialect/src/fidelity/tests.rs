//! Every codec does what it declares, field by field, and between all pairs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::samples::{base, reply as sample_reply, set_field};
use super::{Fate, FieldValue, declarations, find_lost, find_lost_in_reply, reply, request, same_bill};
use crate::framing::Framing;
use crate::testing::{codec, read_stream, target};
use crate::{Codec, Dropped, ReplyContext};
use baton_model::event::CollectedReply;
use baton_model::{Capability, ChatRequest, Detail, Dialect, Operation, Quirks, ReplyEvent, Usage, UsageClass};
use proptest::prelude::*;
use std::fmt::Write;

/// The formats of chats.
fn chats() -> Vec<Dialect> {
    Dialect::ALL.into_iter().filter(|dialect| declarations(*dialect).is_some()).collect()
}

fn chat(dialect: Dialect) -> &'static dyn Codec {
    codec(dialect, Capability::Chat)
}

/// Writes a request in a format and reads it there.
fn through(dialect: Dialect, request: &ChatRequest) -> (ChatRequest, Vec<Dropped>) {
    let operation = Operation::Chat(Box::new(request.clone()));
    let written = chat(dialect).write_request(&operation, &target(Quirks::default())).unwrap();
    match chat(dialect).read_request(&written.body) {
        Ok(Operation::Chat(request)) => (*request, written.dropped),
        other => panic!("{other:?} of {written:?}"),
    }
}

/// What is said of one field.
fn of_field<F: Copy + Eq>(said: Vec<FieldValue<F>>, field: F) -> Vec<FieldValue<F>> {
    said.into_iter().filter(|said| said.field == field).collect()
}

/// What became of a field that was said: arrived, listed (and why), or neither.
fn outcome(dialect: Dialect, field: request::Field, asked: &ChatRequest) -> (bool, Option<String>) {
    let (arrived, dropped) = through(dialect, asked);
    let values = |request: &ChatRequest| -> Vec<String> {
        of_field(request::list_values(request), field).into_iter().map(|said| said.value).collect()
    };
    let said = of_field(request::list_values(asked), field);
    assert!(!said.is_empty(), "the sample of {} does not say it", field.name());
    let places = said.iter().map(|said| said.path.as_str());
    let listed = places.flat_map(|path| dropped.iter().filter(move |dropped| super::compare::is_at(path, dropped)));
    let listed = listed.map(|dropped| format!("{}: {}", dropped.field, dropped.reason)).next();
    let arrived = values(&arrived);
    (values(asked).iter().all(|value| arrived.contains(value)), listed)
}

/// The list of what each format can say, and what becomes of the rest, asserted exactly: of the field's own format and
/// of another.
#[test]
fn requests_keep_what_is_declared() {
    let (mut all, mut faults) = (String::new(), Vec::new());
    for to in chats() {
        let fate = declarations(to).unwrap().request;
        for field in request::Field::ALL {
            for own in [true, false] {
                let other = if to == Dialect::Anthropic { Dialect::OpenAi } else { Dialect::Anthropic };
                let mut asked = base();
                set_field(*field, if own { to } else { other }, &mut asked);
                let (arrived, listed) = outcome(to, *field, &asked);
                let name = format!("{to}, {} ({})", field.name(), if own { "own" } else { "foreign" });
                let fits = match fate(*field) {
                    Fate::Kept => arrived && listed.is_none(),
                    Fate::Partly(_) => arrived || listed.is_some(),
                    Fate::Emulated(_) => !arrived || listed.is_none(),
                    Fate::Dropped(_) => !arrived && listed.is_some(),
                };
                if !fits {
                    let fate = fate(*field);
                    faults.push(format!("{name}: {fate:?}, but arrived: {arrived}, listed: {listed:?}"));
                }
                if !arrived && (own || request::Field::is_of_one_format(*field)) {
                    writeln!(all, "{name}: {}", listed.as_deref().unwrap_or("expressed differently")).unwrap();
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    insta::assert_snapshot!("requests", all);
}

/// A reply written in a format and read there: whole, and as a stream.
fn both_ways(to: Dialect, events: &[ReplyEvent]) -> [CollectedReply; 2] {
    let context = ReplyContext { id: "id".into(), model: "m".into(), include_usage: true, ..ReplyContext::default() };
    let whole = chat(to).read_reply(&chat(to).write_reply(events, &context).unwrap().body).unwrap();
    let mut writer = chat(to).stream_writer(context).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let (streamed, error) = read_stream(chat(to), Framing::of(to), Detail::Full, &written);
    assert_eq!(
        (error, streamed.last()),
        (None, Some(&ReplyEvent::Ended)),
        "{to}: {}",
        String::from_utf8_lossy(&written)
    );
    [CollectedReply::collect(&whole), CollectedReply::collect(&streamed)]
}

#[test]
fn replies_keep_what_is_declared() {
    let (mut all, mut faults) = (String::new(), Vec::new());
    for to in chats() {
        let fate = declarations(to).unwrap().reply;
        for field in reply::Field::ALL {
            let events = sample_reply(*field, to);
            let before = CollectedReply::collect(&events);
            let said = of_field(reply::list_values(&before), *field);
            assert!(!said.is_empty(), "the sample of {} does not say it", field.name());
            for after in both_ways(to, &events) {
                assert_eq!(find_lost_in_reply(&before, &after, to), [], "{to}: {}", field.name());
                let values = |reply| {
                    of_field(reply::list_values(reply), *field).into_iter().map(|said| said.value).collect::<Vec<_>>()
                };
                let arrived = values(&after) == values(&before);
                let fits = match fate(*field) {
                    Fate::Kept | Fate::Partly(_) => arrived,
                    // The format may have a word for some values of the field and not for others.
                    Fate::Emulated(_) => true,
                    Fate::Dropped(_) => !arrived,
                };
                if !fits {
                    faults.push(format!("{to}, {}: {:?}, but arrived: {arrived}", field.name(), fate(*field)));
                }
            }
            if !matches!(fate(*field), Fate::Kept) {
                writeln!(all, "{to}, {}: {:?}", field.name(), fate(*field)).unwrap();
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    insta::assert_snapshot!("replies", all);
}

#[test]
fn bills_are_counted_as_declared() {
    for to in chats() {
        for class in UsageClass::ALL {
            let mut events = sample_reply(reply::Field::Text, to);
            let usage = Usage::default().with(UsageClass::Input, 9).with(UsageClass::Output, 8);
            let amount = usage.get(class) + 5;
            events.insert(3, ReplyEvent::Usage(usage.with(class, amount)));
            let before = CollectedReply::collect(&events);
            for after in both_ways(to, &events) {
                assert!(same_bill(&before, &after, to), "{to} {}: {:?}", class.name(), after.usage);
            }
        }
    }
}

#[test]
fn the_document_says_what_is_declared() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dialects.md");
    let written = std::fs::read_to_string(path).unwrap();
    // What follows is of the vendors, which this crate does not know.
    let (written, _) = written.split_once("\n## Vendors\n").unwrap();
    assert!(
        written == super::document::dialects(),
        "docs/dialects.md is not what the code says: run `cargo xtask docs`"
    );
}

proptest! {
    /// From A to B nothing is lost that is not listed, nor on the way back to A.
    #[test]
    fn there_and_back_nothing_is_lost(
        fields in prop::collection::vec((prop::sample::select(request::Field::ALL), prop::sample::select(chats())), 1..12)
    ) {
        let mut asked = base();
        for (field, dialect) in fields {
            set_field(field, dialect, &mut asked);
        }
        for from in chats() {
            let (said, dropped) = through(from, &asked);
            prop_assert_eq!(find_lost(&asked, &said, from, &dropped), [], "to {}, listed {:?}", from, dropped);
            for to in chats() {
                let (there, dropped) = through(to, &said);
                prop_assert_eq!(find_lost(&said, &there, to, &dropped), [], "from {} to {}, listed {:?}", from, to, dropped);
                let (back, dropped) = through(from, &there);
                prop_assert_eq!(find_lost(&there, &back, from, &dropped), [], "back from {} to {}", to, from);
            }
        }
    }
}

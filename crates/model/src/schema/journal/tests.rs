use super::*;
use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::entity::Model;
use crate::fault::{Code, ErrorKind};
use crate::id::{KeyId, ModelId, ProviderId, RequestId};
use crate::money::Nanos;
use crate::price::{Cost, Factor};
use crate::record::{AttemptError, AttemptRecord, Attribution, CacheUse, Outcome, RequestError, RequestRecord};
use crate::usage::{Amounts, ModelUsage, Usage, UsageClass, UsageOrigin};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Short texts of any letters, marks and line ends among them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", Just("\n0123abcd end {}\n".to_owned())]
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn amounts() -> impl Strategy<Value = Amounts> {
    vec((select(UsageClass::ALL.to_vec()), any::<u64>()), 0..4).prop_map(|list| {
        list.into_iter().fold(Amounts::default(), |amounts, (class, amount)| amounts.with(class, amount))
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let other = (text(), amounts()).prop_map(|(model, amounts)| ModelUsage { model, amounts });
    (amounts(), of(text()), of(text()), vec(other, 0..3), of(text())).prop_map(
        |(amounts, service_tier, region, other_models, unaccounted)| Usage {
            amounts,
            service_tier,
            region,
            other_models,
            unaccounted,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(Outcome::ALL.to_vec())
}

fn attempt() -> impl Strategy<Value = AttemptRecord> {
    let error = (select(ErrorKind::ALL.to_vec()), text()).prop_map(|(kind, message)| AttemptError { kind, message });
    let cost = of(any::<i64>()).prop_map(|nanos| nanos.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos))));
    let names = (text(), text(), text(), of(text()));
    let end = (outcome(), of(error), usage(), select(UsageOrigin::ALL.to_vec()), cost, of(text()));
    (names, time(), time(), end).prop_map(
        |((model, provider, upstream, upstream_request_id), started, finished, end)| {
            let (outcome, error, usage, origin, cost, unpriced) = end;
            AttemptRecord {
                model: ModelId::from(model),
                provider: ProviderId::from(provider),
                upstream,
                upstream_request_id,
                started,
                finished,
                outcome,
                error,
                usage,
                origin,
                cost,
                unpriced,
            }
        },
    )
}

fn attribution() -> impl Strategy<Value = Attribution> {
    let metadata = of(text().prop_map(|text| Json(serde_json::json!({ "text": text }).to_string())));
    (of(text()), of(text()), of(text()), of(text()), vec(text(), 0..3), metadata).prop_map(
        |(key, project, user, task, tags, metadata)| Attribution {
            key: key.map(KeyId::from),
            project,
            user,
            task,
            tags,
            metadata,
        },
    )
}

/// Any record, each field by its name, so that a new one has to be added here.
fn record() -> impl Strategy<Value = RequestRecord> {
    let error = (select(Code::ALL.to_vec()), text()).prop_map(|(code, message)| RequestError { code, message });
    let names = (text(), text(), text(), of(text()), of(text()), attribution());
    let times = (time(), time(), of(time()));
    let factor = of(any::<u32>().prop_map(Factor::millionths));
    let kinds = (select(Capability::ALL.to_vec()), any::<bool>(), select(CacheUse::ALL.to_vec()), factor);
    let end = (outcome(), any::<u16>(), of(error), vec(attempt(), 0..3));
    (names, times, kinds, end).prop_map(|(names, (arrived, finished, first_content), kinds, end)| {
        let (id, api, requested, served, provider, attribution) = names;
        let (capability, stream, cache, charge_factor) = kinds;
        let (outcome, status, error, attempts) = end;
        RequestRecord {
            id: RequestId::from(id),
            arrived,
            finished,
            first_content,
            api,
            capability,
            stream,
            requested,
            served: served.map(ModelId::from),
            provider: provider.map(ProviderId::from),
            attribution,
            outcome,
            status,
            error,
            cache,
            charge_factor,
            attempts,
        }
    })
}

fn model() -> Model {
    Model { upstream: "gpt-4o-mini".to_owned(), ..Model::new("fast", "openai") }
}

fn start_of(record: &RequestRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_start(&RequestStart::new(record, &model(), Timestamp(7), None), &mut bytes);
    bytes
}

fn end_of(record: &RequestRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_end(record, &mut bytes);
    bytes
}

fn read(bytes: &[u8], to_the_end: bool) -> Vec<JournalPiece> {
    JournalReader::new(bytes, JournalFormat::Frames, to_the_end).collect()
}

/// The ids of what is read, and how often there was damage.
fn ids(bytes: &[u8], to_the_end: bool) -> (Vec<String>, usize) {
    let pieces = read(bytes, to_the_end);
    let damage = pieces.iter().filter(|piece| **piece == JournalPiece::Damage).count();
    let id = |piece| match piece {
        JournalPiece::Entry(JournalEntry::Start(start)) => Some(start.id.to_string()),
        JournalPiece::Entry(JournalEntry::End(record)) => Some(record.id.to_string()),
        JournalPiece::Damage => None,
    };
    (pieces.into_iter().filter_map(id).collect(), damage)
}

/// A record of that id, otherwise always the same.
fn plain(id: &str) -> RequestRecord {
    RequestRecord {
        id: RequestId::from(id),
        arrived: Timestamp(1),
        finished: Timestamp(2),
        first_content: None,
        api: "openai".to_owned(),
        capability: Capability::Chat,
        stream: false,
        // As a client may write it who knows the journals of earlier versions.
        requested: "\n0123abcd end {}\n".to_owned(),
        served: None,
        provider: None,
        attribution: Attribution::default(),
        outcome: Outcome::Completed,
        status: 200,
        error: None,
        cache: CacheUse::Bypass,
        charge_factor: None,
        attempts: Vec::new(),
    }
}

proptest! {
    #[test]
    fn every_field_of_a_record_comes_back(record in record()) {
        let pieces = read(&end_of(&record), false);
        prop_assert_eq!(pieces, vec![JournalPiece::Entry(JournalEntry::End(Box::new(record)))]);
    }

    #[test]
    fn what_was_known_at_a_start_comes_back(mut record in record()) {
        let pieces = read(&start_of(&record), false);
        let [JournalPiece::Entry(JournalEntry::Start(start))] = pieces.as_slice() else {
            return Err(TestCaseError::fail(format!("{pieces:?}")));
        };
        prop_assert_eq!(&start.id, &record.id);
        // Of the end nothing is known, and the attempt has consumed nothing that anybody knows of.
        let model = model();
        (record.served, record.provider) = (Some(model.id.clone()), Some(model.provider.clone()));
        (record.outcome, record.finished) = (Outcome::Interrupted, Timestamp(7));
        (record.first_content, record.error) = (None, None);
        record.attempts.push(AttemptRecord {
            model: model.id,
            provider: model.provider,
            upstream: model.upstream,
            upstream_request_id: None,
            started: Timestamp(7),
            finished: Timestamp(7),
            outcome: Outcome::Interrupted,
            error: None,
            usage: Usage::default(),
            origin: UsageOrigin::Estimated,
            cost: Cost::Unpriced,
            unpriced: None,
        });
        prop_assert_eq!(start.read(), Some(record));
    }

    /// Whatever happens to the bytes of one entry, those before and behind it are read, and nothing else is.
    #[test]
    fn damage_ends_with_its_entry(damaged in record(), place in any::<Index>(), with in vec(any::<u8>(), 0..40), cut: bool) {
        let (first, last) = (plain("first"), plain("last"));
        let mut middle = end_of(&damaged);
        let original = middle.clone();
        let place = place.index(middle.len());
        if cut {
            middle.truncate(place);
        } else {
            let end = (place + with.len()).min(middle.len());
            middle.splice(place..end, with);
        }
        prop_assume!(middle != original);
        let bytes = [start_of(&first), end_of(&first), middle, start_of(&last), end_of(&last)].concat();
        let (ids, damage) = ids(&bytes, true);
        prop_assert_eq!(ids, ["first", "first", "last", "last"]);
        prop_assert!(damage > 0 || place == 0);
    }

    #[test]
    fn what_is_cut_is_read_as_far_as_it_is_whole(record in record(), place in any::<Index>()) {
        let bytes = [start_of(&record), end_of(&record)].concat();
        let (first, cut) = (start_of(&record).len(), place.index(bytes.len()));
        let mut reader = JournalReader::new(&bytes[..cut], JournalFormat::Frames, false);
        let whole = reader.by_ref().filter(|piece| *piece != JournalPiece::Damage).count();
        prop_assert_eq!(whole, usize::from(cut >= first));
        // The next read begins at the entry that was cut.
        prop_assert_eq!(reader.place(), if cut >= first { first } else { 0 });
    }

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in vec(prop_oneof![Just(0xc1), Just(0xff), any::<u8>()], 0..200)) {
        for format in [JournalFormat::Frames, JournalFormat::Lines, JournalFormat::detect(&bytes)] {
            let mut reader = JournalReader::new(&bytes, format, true);
            let found = reader.by_ref().count();
            prop_assert!(found <= bytes.len());
            prop_assert!(format == JournalFormat::Lines || reader.place() == bytes.len());
        }
    }
}

/// A record in which every field holds something.
fn full() -> RequestRecord {
    let amounts = UsageClass::ALL
        .into_iter()
        .zip(1..)
        .fold(Amounts::default(), |amounts, (class, amount)| amounts.with(class, amount));
    let attempt = AttemptRecord {
        model: ModelId::from("fast"),
        provider: ProviderId::from("openai"),
        upstream: "gpt-4o-mini".to_owned(),
        upstream_request_id: Some("req_1".to_owned()),
        started: Timestamp(1_795_392_000_000_003),
        finished: Timestamp(1_795_392_000_000_004),
        outcome: Outcome::Failed,
        error: Some(AttemptError { kind: ErrorKind::Overloaded, message: "busy".to_owned() }),
        usage: Usage {
            amounts,
            service_tier: Some("flex".to_owned()),
            region: Some("us".to_owned()),
            other_models: vec![ModelUsage { model: "advisor".to_owned(), amounts }],
            unaccounted: Some("new_tokens".to_owned()),
        },
        origin: UsageOrigin::Reported,
        cost: Cost::Known(Nanos(123_456_789)),
        unpriced: Some("no price".to_owned()),
    };
    RequestRecord {
        id: RequestId::from("01a21b2b-23cc-73d5-a609-774d4cf138b8"),
        arrived: Timestamp(1_795_392_000_000_001),
        finished: Timestamp(1_795_392_000_000_005),
        first_content: Some(Timestamp(1_795_392_000_000_002)),
        api: "openai".to_owned(),
        capability: Capability::Chat,
        stream: true,
        requested: "fast".to_owned(),
        served: Some(ModelId::from("fast")),
        provider: Some(ProviderId::from("openai")),
        attribution: Attribution {
            key: Some(KeyId::from("key_1")),
            project: Some("shop".to_owned()),
            user: Some("ada".to_owned()),
            task: Some("t-1".to_owned()),
            tags: vec!["a".to_owned()],
            metadata: Some(Json(r#"{"n": 1.50}"#.to_owned())),
        },
        outcome: Outcome::Failed,
        status: 503,
        error: Some(RequestError { code: Code::ProviderError, message: "busy".to_owned() }),
        cache: CacheUse::Miss,
        charge_factor: None,
        attempts: vec![attempt],
    }
}

#[test]
fn a_start_says_what_the_attempts_before_it_came_to() {
    let first = AttemptRecord::interrupted("slow".into(), "one".into(), "slow", Timestamp(3));
    let first = AttemptRecord { outcome: Outcome::Failed, cost: Cost::Known(crate::Nanos(7)), ..first };
    let record = RequestRecord { attempts: vec![first.clone()], ..plain("a") };
    let (model, reserved) = (model(), ReservedUsage { input: 5, output: 6, cost: Some(8) });
    let start = RequestStart::new(&record, &model, Timestamp(4), Some(reserved));
    let interrupted = start.into_interrupted();
    assert_eq!(interrupted.attempts.first(), Some(&first));
    assert_eq!(interrupted.attempts.last().map(|attempt| attempt.model.as_str()), Some("fast"));
    assert_eq!((interrupted.attempts.len(), interrupted.cost()), (2, Cost::Known(crate::Nanos(15))));
}

/// What the first version with frames wrote of that record, a start and an end. These bytes stay as they are.
const FIRST_VERSION: &str = include_str!("first_version.hex");

#[test]
fn what_the_first_version_wrote_is_read() {
    let digits: String = FIRST_VERSION.split_whitespace().collect();
    let byte = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).unwrap();
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>();
    let pieces = read(&bytes, true);
    let [JournalPiece::Entry(JournalEntry::Start(start)), JournalPiece::Entry(JournalEntry::End(end))] =
        pieces.as_slice()
    else {
        unreachable!("{pieces:?}");
    };
    assert_eq!(**end, full());
    let started = start.read().unwrap();
    assert_eq!((started.id, started.attribution, started.status), (full().id, full().attribution, 503));
    assert_eq!(started.attempts[0].upstream, "gpt-4o-mini");
}

/// A field that the next version adds is missing in an entry of this one, and one that this version has is missing in one
/// of an earlier: the array ends before it.
#[test]
fn an_array_may_end_before_a_field_with_a_default() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Now {
        id: RequestId,
        tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Next {
        id: RequestId,
        tags: Vec<String>,
        #[serde(default)]
        region: Option<String>,
    }

    let bytes = rmp_serde::to_vec(&Now { id: "a".into(), tags: vec!["b".into()] }).unwrap();
    let expected = Next { id: "a".into(), tags: vec!["b".into()], region: None };
    assert_eq!(rmp_serde::from_slice::<Next>(&bytes).unwrap(), expected);
    // Within a list too, where more values follow.
    let bytes = rmp_serde::to_vec(&[Now { id: "a".into(), tags: vec!["b".into()] }]).unwrap();
    assert_eq!(rmp_serde::from_slice::<Vec<Next>>(&bytes).unwrap(), [expected]);
}

#[test]
fn an_entry_of_a_newer_kind_is_passed_over() {
    let mut bytes = Vec::new();
    frame::write(b'?', &mut bytes, |payload| payload.extend_from_slice(b"whatever"));
    bytes.extend(end_of(&plain("next")));
    assert_eq!(ids(&bytes, false), (vec!["next".to_owned()], 1));
}

#[test]
fn a_wrong_length_hides_nothing() {
    let mut bytes = end_of(&plain("damaged"));
    // As long as if the next entry were a part of it.
    bytes[5] = 1;
    bytes.extend(end_of(&plain("next")));
    let (found, damage) = ids(&bytes, false);
    assert_eq!(found, ["next"]);
    assert!(damage > 0);
}

#[test]
fn a_segment_of_lines_is_told_from_one_of_frames() {
    let line = b"0123abcd end {}\n".as_slice();
    assert_eq!(JournalFormat::detect(line), JournalFormat::Lines);
    assert_eq!(JournalFormat::detect(&[b"\0\0\0\0".as_slice(), line].concat()), JournalFormat::Lines);
    let frames = [end_of(&plain("a")), end_of(&plain("b"))].concat();
    assert_eq!(JournalFormat::detect(&frames), JournalFormat::Frames);
    assert_eq!(JournalFormat::detect(&[b"0123abcd", frames.as_slice()].concat()), JournalFormat::Frames);
    assert_eq!(JournalFormat::detect(b""), JournalFormat::Lines);
}

#[test]
fn what_was_reserved_stands_for_what_an_interrupted_attempt_used() {
    let reserved = |cost| Some(ReservedUsage { input: 70, output: 9, cost });
    let interrupted = |reserved| {
        let mut bytes = Vec::new();
        write_start(&RequestStart::new(&plain("a"), &model(), Timestamp(7), reserved), &mut bytes);
        match read(&bytes, true).into_iter().next().unwrap() {
            JournalPiece::Entry(JournalEntry::Start(start)) => start.read().unwrap(),
            other => unreachable!("{other:?}"),
        }
    };
    let record = interrupted(reserved(Some(88)));
    assert_eq!((record.cost(), record.is_estimated()), (Cost::Known(Nanos(88)), true));
    assert_eq!((record.usage().input_tokens(), record.usage().output_tokens()), (70, 9));
    assert_eq!(interrupted(reserved(None)).cost(), Cost::Unpriced);
    assert_eq!((interrupted(None).cost(), interrupted(None).is_estimated()), (Cost::Unpriced, false));
}

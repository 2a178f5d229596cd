//! Reading streams of every format, closely and by facts: no panic, and the same bill either way.
#![no_main]

use baton_dialect::framing::{Framing, Splitter};
use baton_dialect::{ReplyContext, codec};
use baton_model::{Capability, Detail, Dialect, ReplyEvent, Usage};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

/// The events; of these the bill, and how it ended.
type Read = (Vec<ReplyEvent>, (Usage, bool, Vec<ReplyEvent>));

fn read(dialect: Dialect, detail: Detail, data: &[u8]) -> Option<Read> {
    let codec = codec(dialect, Capability::Chat)?;
    let (mut splitter, mut frames) = (Splitter::new(Framing::of(dialect), 1 << 16), Vec::new());
    splitter.push(Bytes::copy_from_slice(data), &mut frames).ok()?;
    frames.extend(splitter.finish());
    let mut reader = codec.stream_reader(detail)?;
    let mut events = Vec::new();
    for frame in frames {
        events.extend(reader.push(&frame).ok()?);
    }
    events.extend(reader.finish());
    let mut usage = Usage::default();
    for event in &events {
        if let ReplyEvent::Usage(newer) = event {
            usage.update(newer);
        }
    }
    let ended = events.contains(&ReplyEvent::Ended);
    let failed = events.iter().filter(|event| matches!(event, ReplyEvent::Failed(_))).cloned().collect();
    Some((events, (usage, ended, failed)))
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*choice) % Dialect::ALL.len()];
    let facts = read(dialect, Detail::MeterOnly, data);
    let Some((events, closely)) = read(dialect, Detail::Full, data) else { return };
    if let Some((_, by_facts)) = facts {
        assert_eq!(by_facts, closely);
    }
    for other in Dialect::ALL {
        let writer = codec(other, Capability::Chat).and_then(|codec| codec.stream_writer(ReplyContext::default()));
        if let Some(mut writer) = writer {
            for event in &events {
                let _ = writer.push(event);
            }
        }
    }
});

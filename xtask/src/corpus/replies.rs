//! Replies and streams: read in their format, written in every format whole and as a stream, and read again there.

use super::exchange::{Exchange, chat};
use super::losses::Losses;
use baton_dialect::ReplyContext;
use baton_dialect::fidelity;
use baton_dialect::framing::{Framing, Splitter};
use baton_model::event::CollectedReply;
use baton_model::{Detail, Dialect, ReplyEvent, Usage};
use bytes::Bytes;

/// The most that one frame may hold.
const FRAME: usize = 1 << 26;

/// Checks one reply in every format.
pub fn check(exchange: &Exchange, losses: &mut Losses) {
    let (Some(from), 200) = (exchange.dialect(), exchange.status) else { return };
    let Some(codec) = chat(from) else { return };
    let kind = if exchange.stream { "stream" } else { "reply" };
    let read = if exchange.stream {
        stream(from, Detail::Full, exchange.response.as_bytes())
    } else {
        codec.read_reply(exchange.response.as_bytes()).map_err(|error| error.to_string())
    };
    let events = match read {
        Ok(events) => events,
        Err(error) => return losses.add(format!("{from} {kind} refused"), &exchange.id, &error),
    };
    if exchange.stream {
        check_facts(exchange, from, &events, losses);
    }
    // What was cut at the provider has no end that could arrive.
    if events.iter().any(|event| matches!(event, ReplyEvent::Failed(_))) || !events.contains(&ReplyEvent::Ended) {
        return losses.checked(format!("{from} {kind} that fails or is cut"));
    }
    for to in Dialect::ALL {
        check_pair(exchange, (from, to), &events, losses);
    }
}

/// Looked over for its facts, a stream must give the same bill and the same end.
fn check_facts(exchange: &Exchange, from: Dialect, events: &[ReplyEvent], losses: &mut Losses) {
    losses.checked(format!("{from} stream by its facts"));
    match stream(from, Detail::MeterOnly, exchange.response.as_bytes()) {
        Ok(facts) if facts_of(&facts) == facts_of(events) => {}
        Ok(facts) => {
            let what = format!("{:?} instead of {:?}", facts_of(&facts), facts_of(events));
            losses.add(format!("{from} stream by its facts"), &exchange.id, &what);
        }
        Err(error) => losses.add(format!("{from} stream by its facts"), &exchange.id, &error),
    }
}

fn facts_of(events: &[ReplyEvent]) -> (Usage, Vec<ReplyEvent>, usize) {
    let is_fact =
        |event: &&ReplyEvent| matches!(event, ReplyEvent::Finished { .. } | ReplyEvent::Failed(_) | ReplyEvent::Ended);
    let size = events.iter().map(ReplyEvent::text_bytes).sum();
    (CollectedReply::collect(events).usage.unwrap_or_default(), events.iter().filter(is_fact).cloned().collect(), size)
}

fn check_pair(exchange: &Exchange, (from, to): (Dialect, Dialect), events: &[ReplyEvent], losses: &mut Losses) {
    let Some(codec) = chat(to) else { return };
    let before = CollectedReply::collect(events);
    let context = ReplyContext { id: "id".into(), model: "m".into(), include_usage: true, ..ReplyContext::default() };
    let Some(whole) = codec.write_reply(events, &context) else { return };
    let whole = codec.read_reply(&whole.body).map_err(|error| error.to_string());
    let Some(mut writer) = codec.stream_writer(context) else { return };
    let streamed: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    // Read by Baton's own reader: other formats' SDKs are asked in the tests of SDKs.
    let streamed = stream(to, Detail::Full, &streamed);
    for (kind, arrived) in [("whole", whole), ("streamed", streamed)] {
        let pair = format!("{from} reply to {to}, {kind}");
        losses.checked(&pair);
        let arrived = match arrived {
            Ok(events) => events,
            Err(error) => {
                losses.add(format!("{pair}: not read again"), &exchange.id, &error);
                continue;
            }
        };
        if arrived.last() != Some(&ReplyEvent::Ended) {
            losses.add(format!("{pair}: the end"), &exchange.id, &format!("{:?}", arrived.last()));
        }
        let after = CollectedReply::collect(&arrived);
        for said in fidelity::find_lost_in_reply(&before, &after, to) {
            losses.add(format!("{pair}: {}", said.field.name()), &exchange.id, &said.value);
        }
        if bill(&before) != bill(&after) || !fidelity::same_bill(&before, &after, to) {
            let what = format!("{:?} became {:?}", before.usage, after.usage);
            losses.add(format!("{pair}: the bill"), &exchange.id, &what);
        }
    }
}

/// All tokens read and produced.
fn bill(reply: &CollectedReply) -> (u64, u64) {
    let usage = reply.usage.clone().unwrap_or_default();
    (usage.input_tokens(), usage.output_tokens())
}

/// The events of a recorded stream.
///
/// # Errors
/// If it is not of the format.
pub fn stream(dialect: Dialect, detail: Detail, bytes: &[u8]) -> Result<Vec<ReplyEvent>, String> {
    let codec = chat(dialect).ok_or("no codec")?;
    let (mut splitter, mut frames) = (Splitter::new(Framing::of(dialect), FRAME), Vec::new());
    splitter.push(Bytes::copy_from_slice(bytes), &mut frames).map_err(|error| error.to_string())?;
    frames.extend(splitter.finish());
    let mut reader = codec.stream_reader(detail).ok_or("no streams")?;
    let mut events = Vec::new();
    for frame in frames {
        events.extend(reader.push(&frame).map_err(|error| error.to_string())?);
    }
    events.extend(reader.finish());
    Ok(events)
}

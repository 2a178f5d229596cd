//! Cutting server-sent events: every byte comes out once, where the input was split does not matter, and a reader of
//! others' making sees the same events.
#![no_main]

use baton_dialect::framing::{Framing, Splitter, sse};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fn frames(chunks: &[&[u8]]) -> Option<Vec<Bytes>> {
    let (mut splitter, mut frames) = (Splitter::new(Framing::Sse, 1 << 16), Vec::new());
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk), &mut frames).ok()?;
    }
    frames.extend(splitter.finish());
    Some(frames)
}

/// Names and data of the events that are complete and have data; `None` where the other reader refuses the bytes.
fn seen_by_another(data: &[u8]) -> Option<Vec<(Option<String>, String)>> {
    let bytes = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::copy_from_slice(data))]);
    let events = futures::executor::block_on_stream(sse_stream::SseStream::from_bytes_stream(bytes));
    let events: Vec<_> = events.collect::<Result<_, _>>().ok()?;
    Some(events.into_iter().filter_map(|event| Some((event.event, event.data?))).collect())
}

fn seen(frames: &[Bytes]) -> Vec<(Option<String>, String)> {
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    let events = frames.iter().map(|frame| sse::parse(frame));
    events.filter_map(|event| Some((event.name.map(str::to_owned), text(&event.data?)))).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((at, data)) = data.split_first() else { return };
    let at = usize::from(*at).min(data.len());
    let (whole, split) = (frames(&[data]), frames(&[&data[..at], &data[at..]]));
    if let (Some(whole), Some(split)) = (whole, split) {
        assert_eq!(whole, split);
        assert_eq!(whole.concat(), data);
    }
    // Behind a `\r` this one waits for a `\n`; the last frame has no end.
    let ended = [data, b":"].concat();
    if let (Ok(_), Some(mut whole), Some(seen_there)) =
        (std::str::from_utf8(data), frames(&[&ended]), seen_by_another(&ended))
    {
        whole.pop();
        assert_eq!(seen(&whole), seen_there);
    }
});

//! Cutting server-sent events: every byte comes out once, and where the input was split does not matter.
#![no_main]

use baton_dialect::framing::{Framing, Splitter};
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

fuzz_target!(|data: &[u8]| {
    let Some((at, data)) = data.split_first() else { return };
    let at = usize::from(*at).min(data.len());
    let (whole, split) = (frames(&[data]), frames(&[&data[..at], &data[at..]]));
    if let (Some(whole), Some(split)) = (whole, split) {
        assert_eq!(whole, split);
        assert_eq!(whole.concat(), data);
    }
});

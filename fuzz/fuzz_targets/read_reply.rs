//! Reading whole replies of every format, and writing them in every other.
#![no_main]

use baton_dialect::{ReplyContext, codec};
use baton_model::{Capability, Dialect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*choice) % Dialect::ALL.len()];
    let capability = Capability::ALL[usize::from(*choice) / Dialect::ALL.len() % Capability::ALL.len()];
    let Some(codec_of) = codec(dialect, capability) else { return };
    let Ok(events) = codec_of.read_reply(data) else { return };
    for other in Dialect::ALL {
        if let Some(codec) = codec(other, capability) {
            let _ = codec.write_reply(&events, &ReplyContext::default());
        }
    }
});

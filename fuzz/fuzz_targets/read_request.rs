//! Reading requests of every format and capability, writing them for every target, and editing them.
#![no_main]

use baton_dialect::framing::splice;
use baton_dialect::peek::peek;
use baton_dialect::{codec, native};
use baton_model::{Capability, Dialect};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

mod target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*choice) % Dialect::ALL.len()];
    let capability = Capability::ALL[usize::from(*choice) / Dialect::ALL.len() % Capability::ALL.len()];
    let Some(codec_of) = codec(dialect, capability) else { return };
    let target = target::target();
    if let Ok(body) = splice::scan(Bytes::copy_from_slice(data)) {
        let _ = peek(dialect, capability, &body);
        let _ = codec_of.rewrite(&body, &target);
        if let Ok((_, openai)) = native::take_envelope(&body) {
            let again = native::take_envelope(&openai).expect("what is left has nothing wrong of Baton's");
            assert_eq!(again.1.bytes, openai.bytes, "nothing of Baton's is left");
        }
    }
    let Ok(operation) = codec_of.read_request(data) else { return };
    for other in Dialect::ALL {
        if let Some(codec) = codec(other, capability) {
            let _ = codec.write_request(&operation, &target);
        }
    }
});

//! Reading events, whatever they are: what is one is written, and read again as the same.
#![no_main]

use baton_bus::BusEvent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(event) = BusEvent::read(data) {
        let written = event.write();
        assert_eq!(BusEvent::read(written.as_bytes()).as_ref(), Ok(&event), "{written}");
    }
});

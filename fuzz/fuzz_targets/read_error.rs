//! Reading error replies of every format, whatever they are.
#![no_main]

use baton_dialect::error;
use baton_model::{Dialect, PublicError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, status, data @ ..] = data else { return };
    let dialect = Dialect::ALL[usize::from(*choice) % Dialect::ALL.len()];
    let told = error::read(dialect, 400 + u16::from(*status % 200), data);
    for other in Dialect::ALL {
        let _ = error::write(other, &PublicError::new(told.kind.code(), told.message.clone()), "id");
    }
});

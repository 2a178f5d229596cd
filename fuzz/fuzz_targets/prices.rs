//! Lists of prices, which come from anywhere: each is read or refused, and what was read can be taken over, written and
//! read again.

#![no_main]

use baton_meter::catalogue::{Catalogue, Effective, import};
use baton_model::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|list: &[u8]| {
    let Ok(import) = import::read(list, "here", "2026-11-27") else { return };
    let now = Timestamp(1);
    let (after, _) = Catalogue::built_in().updated(&import.catalogue, import.completes(), Effective::From(now), now);
    let kept = Catalogue::of_entries(after.date(), after.differing_from(&Catalogue::built_in()));
    assert!(Catalogue::read(kept.write().as_bytes()).is_ok(), "what was taken over can't be read back");
});

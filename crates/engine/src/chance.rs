//! Chance without a lock.

use rand::RngCore;
use std::sync::atomic::{AtomicU64, Ordering};

/// A generator that all threads draw from at once: its state only counts, and each number is made of one count (SplitMix64, in
/// "Fast splittable pseudorandom number generators", 2014). For what has to be spread and not secret: waits, names of spans.
#[derive(Debug)]
pub struct Chance(AtomicU64);

impl Chance {
    /// One that begins with that seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl RngCore for &Chance {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        /// The golden ratio's share of 2^64, which is odd: the state takes every value before one comes again.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        // Relaxed: no thread learns anything of another by it.
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let random = self.next_u64().to_le_bytes();
            piece.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // As the reference implementation gives them for this seed.
        let chance = Chance::new(1_234_567);
        let mut rng = &chance;
        let numbers = [rng.next_u64(), rng.next_u64(), rng.next_u64()];
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn threads_draw_different_numbers() {
        let chance = Chance::new(7);
        let draw = || {
            let mut rng = &chance;
            (0..10_000).map(|_| rng.next_u64()).collect::<Vec<_>>()
        };
        let drawn: HashSet<u64> = std::thread::scope(|scope| {
            let threads = [scope.spawn(draw), scope.spawn(draw)];
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        assert_eq!(drawn.len(), 20_000);
    }
}

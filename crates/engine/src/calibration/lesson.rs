//! A reply as a lesson: which replies are learned from, and what they teach.

use super::state::{Calibration, Pupil};
use crate::call::Call;
use crate::meter::AttemptMeter;
use crate::metrics::Metrics;
use baton_meter::calibrate::Basis;
use baton_meter::count;
use baton_model::record::{AttemptRecord, Outcome};
use baton_model::usage::UsageOrigin;
use baton_model::{Capability, Dialect, Model};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Every reply is a lesson until a key's learner of a model has seen so many …
const EAGER: u64 = 64;
/// … and then one of so many: a prompt that has to be read for nothing else costs some 8 µs for each KB, and a careful
/// count of it twice that. A sixteenth of it was still a twentieth of what a request costs.
const THEN_ONE_OF: u64 = 64;
/// Of prompts that are longer, in bytes, one is drawn as much less often as they are longer: a careful count of 100 KB costs
/// thirty times what serving the request does.
const SHORT: u64 = 8 * 1024;
/// The longest body that is read for this, in bytes …
const LONGEST: usize = 256 * 1024;
/// … and that is learned from if something else had to read it.
const LONGEST_READ: usize = 1024 * 1024;

/// A reply that teaches how many tokens its prompt had.
pub struct Lesson {
    call: Arc<Call>,
    model: Arc<Model>,
    dialect: Dialect,
    reported: u64,
    /// Whether byte-pair tokens are counted too.
    thorough: bool,
    _room: OwnedSemaphorePermit,
}

impl Lesson {
    /// The lesson in an attempt that ended, if it is one.
    pub fn of(
        calibration: &Calibration,
        call: &Arc<Call>,
        meter: &AttemptMeter,
        attempt: &AttemptRecord,
    ) -> Option<Self> {
        let model = &meter.model;
        // What other models read was another prompt.
        let reported = attempt.usage.own_amounts().input_tokens();
        let counted = matches!(call.wire.capability, Capability::Chat | Capability::Completion | Capability::Embedding);
        if !counted || attempt.outcome != Outcome::Completed || attempt.origin != UsageOrigin::Reported || reported == 0
        {
            return None;
        }
        let pupil = Pupil::new(model, call.identity.attribution.key.as_ref(), Basis::Features);
        let seen = calibration.learners.get(&pupil).map_or(0, |learner| learner.load().seen());
        let (length, read) = (call.content.len(), call.content.is_read());
        // By a hash of the time of arrival, which is as good as chance and needs no generator.
        let chance = calibration.name(&pupil, call.identity.arrived.0.unsigned_abs());
        let drawn = chance.is_multiple_of(one_of(seen, length));
        if !(read && length <= LONGEST_READ || drawn && length <= LONGEST) {
            return None;
        }
        let room = Arc::clone(&calibration.room).try_acquire_owned().ok()?;
        // Others wait for that memory. What two lessons hold of it is little.
        call.content.release_memory();
        Some(Self {
            call: Arc::clone(call),
            model: Arc::clone(model),
            dialect: meter.dialect,
            reported,
            thorough: drawn,
            _room: room,
        })
    }

    /// Learns it. Takes as long as reading and counting the prompt: not for an async thread.
    pub(crate) fn learn(&self, calibration: &Calibration, metrics: &Metrics) {
        // It was sent, so it was readable; a client's bytes that the provider understood and Baton does not teach nothing.
        let Ok(operation) = self.call.content.read_operation() else { return };
        let key = self.call.identity.attribution.key.as_ref();
        calibration.learn(Basis::Features, operation, &self.model, key, self.reported);
        if !self.thorough {
            return;
        }
        if !count::tokenizer(&self.model).is_exact() {
            let count = calibration.count(operation, &self.model, self.dialect, key);
            metrics.count_error(&self.model, count.method.name(), count.tokens, self.reported);
            return calibration.learn(Basis::Encoding, operation, &self.model, key, self.reported);
        }
        // As the rule itself says it, which goes on to be tested after it was wrong.
        let count = count::operation(operation, &self.model, self.dialect);
        let (rule, tokens) = (count.is_exact().then_some(count.rule), count.tokens);
        let believed = calibration.demote_doubted(count, &self.model);
        metrics.count_error(&self.model, believed.method.name(), believed.tokens, self.reported);
        if let Some(rule) = rule {
            calibration.state(&self.model, Basis::Encoding).trust.learn(rule, tokens == self.reported);
        }
    }
}

/// Of how many prompts of that length one is learned from, where so many were already.
fn one_of(seen: u64, length: usize) -> u64 {
    let often = if seen < EAGER { 1 } else { THEN_ONE_OF };
    often * (length as u64).div_ceil(SHORT).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_prompts_cost_no_more_than_short_ones_together() {
        assert_eq!([0, 1_000, 8 * 1024].map(|length| one_of(0, length)), [1, 1, 1]);
        assert_eq!([0, 1_000, 8 * 1024].map(|length| one_of(EAGER, length)), [64, 64, 64]);
        assert_eq!((one_of(0, 100_000), one_of(EAGER, 100_000)), (13, 64 * 13));
    }
}

//! What replies teach about how models count, and the counts that come of it.
//!
//! A provider's number of prompt tokens corrects the estimate of the next prompt: for the key that sent it ([`Learner`]),
//! far less for the model's other keys ([`SharedRatio`]), and nearly exactly for a prompt that begins with the same turns
//! ([`KnownPrefix`]). A rule that calls its counts exact is believed until a reply proves it wrong.
//!
//! All of it is bounded: what was used longest ago is forgotten first. Learning happens beside the requests, and no
//! request waits for it.

mod learn;
mod lesson;
mod snapshot;
mod trust;

pub use baton_meter::calibrate::Basis;
pub use lesson::Lesson;
pub use snapshot::LearnedRow;

use arc_swap::ArcSwap;
use baton_meter::TokenCount;
use baton_meter::calibrate::prefix::KnownPrefix;
use baton_meter::calibrate::{Knowledge, Learner, Prompt, SharedRatio};
use baton_meter::count;
use baton_model::{Dialect, KeyId, Model, ModelId, Operation};
use moka::sync::Cache;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use trust::Trust;

/// Of how many pairs of model and key something is remembered: some 4 KB each.
const LEARNERS: u64 = 4_096;
/// Of how many models.
const MODELS: u64 = 4_096;
/// Of how many beginnings of prompts: some 100 bytes each.
const PREFIXES: u64 = 100_000;

/// Whose prompts a learner knows, and of which kind of estimate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pupil {
    model: ModelId,
    /// Empty for callers without a key.
    key: Arc<str>,
    basis: Basis,
}

/// What all keys of a model teach.
#[derive(Default)]
struct SharedState {
    ratio: Mutex<SharedRatio>,
    /// [`SharedRatio::factor`], so that a request takes no lock. As bits; 0 stands for 1.
    factor: AtomicU64,
    trust: Trust,
}

/// What replies have taught.
pub struct Calibration {
    learners: Cache<Pupil, Arc<ArcSwap<Learner>>>,
    models: Cache<(ModelId, Basis), Arc<SharedState>>,
    prefixes: Cache<u64, KnownPrefix>,
    /// Prefixes are named by hashes that nobody outside can compute.
    hashes: RandomState,
    changed: Mutex<snapshot::Changed>,
    /// Room for lessons.
    room: Arc<Semaphore>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            learners: Cache::new(LEARNERS),
            models: Cache::new(MODELS),
            prefixes: Cache::new(PREFIXES),
            hashes: RandomState::new(),
            changed: Mutex::default(),
            room: Arc::new(Semaphore::new(lesson::AT_ONCE)),
        }
    }
}

impl Calibration {
    /// About how many tokens a prompt has, from its features: some 3 µs for each KB.
    pub fn estimate(&self, operation: &Operation, model: &Model, key: Option<&KeyId>) -> TokenCount {
        self.count_by(Basis::Features, operation, model, key)
    }

    /// How many tokens a prompt has that a provider is asked in a format, by the vendor's rules where they are known: some
    /// 20 µs for each KB.
    pub fn count(&self, operation: &Operation, model: &Model, dialect: Dialect, key: Option<&KeyId>) -> TokenCount {
        if count::tokenizer(model).is_exact() {
            let count = count::operation(operation, model, dialect);
            let believed = self
                .models
                .get(&(model.id.clone(), Basis::Encoding))
                .is_none_or(|state| state.trust.believes(count.rule));
            return if believed || !count.is_exact() { count } else { count.demoted() };
        }
        self.count_by(Basis::Encoding, operation, model, key)
    }

    fn count_by(&self, basis: Basis, operation: &Operation, model: &Model, key: Option<&KeyId>) -> TokenCount {
        let prompt = Prompt::read(operation, model, basis);
        let pupil = Pupil::new(model, key, basis);
        let learner = self.learners.get(&pupil).map(|learner| learner.load_full());
        let shared = self.models.get(&(model.id.clone(), basis)).map_or(1.0, |state| state.factor());
        let known = |hash| self.prefixes.get(&self.name(&pupil, hash));
        prompt.count(&Knowledge { learner: learner.as_deref(), shared, known: &known })
    }

    /// The name under which the beginning of a prompt is remembered: one key's are nothing to another.
    fn name(&self, pupil: &Pupil, hash: u64) -> u64 {
        self.hashes.hash_one((pupil, hash))
    }
}

impl Pupil {
    fn new(model: &Model, key: Option<&KeyId>, basis: Basis) -> Self {
        Self { model: model.id.clone(), key: key.map_or("", KeyId::as_str).into(), basis }
    }
}

impl SharedState {
    fn factor(&self) -> f64 {
        match self.factor.load(Ordering::Relaxed) {
            0 => 1.0,
            bits => f64::from_bits(bits),
        }
    }

    fn learn(&self, key: &Arc<str>, ratio: f64) {
        let mut shared = self.ratio.lock().unwrap_or_else(PoisonError::into_inner);
        shared.learn(key, ratio);
        self.factor.store(shared.factor().to_bits(), Ordering::Relaxed);
    }
}

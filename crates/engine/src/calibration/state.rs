//! What is known, and the counts that come of it.

use super::trust::Trust;
use arc_swap::ArcSwap;
use baton_meter::TokenCount;
use baton_meter::calibrate::prefix::KnownPrefix;
use baton_meter::calibrate::{Basis, Knowledge, Learner, Prompt, SharedRatio};
use baton_meter::count;
use baton_model::{Dialect, KeyId, Model, ModelId, Operation};
use moka::sync::Cache;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// So many lessons are learned at a time. What comes meanwhile is let go: there will be others.
const LESSONS_AT_ONCE: usize = 2;
/// Of how many pairs of model and key something is remembered: some 4 KB each.
const LEARNERS: u64 = 4_096;
/// Of how many models.
const MODELS: u64 = 4_096;
/// Of how many beginnings of prompts: some 100 bytes each.
const PREFIXES: u64 = 100_000;

/// Whose prompts a learner knows, and of which kind of estimate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Pupil {
    pub(super) model: ModelId,
    /// Empty for callers without a key.
    pub(super) key: Arc<str>,
    pub(super) basis: Basis,
}

/// What all keys of a model teach.
#[derive(Default)]
pub(super) struct SharedState {
    ratio: Mutex<SharedRatio>,
    /// [`SharedRatio::factor`], so that a request takes no lock. As bits; 0 stands for 1.
    factor: AtomicU64,
    pub(super) trust: Trust,
}

/// What replies have taught.
pub struct Calibration {
    pub(super) learners: Cache<Pupil, Arc<ArcSwap<Learner>>>,
    pub(super) models: Cache<(ModelId, Basis), Arc<SharedState>>,
    pub(super) prefixes: Cache<u64, KnownPrefix>,
    /// Prefixes are named by hashes that nobody outside can compute.
    hashes: RandomState,
    pub(super) changed: Mutex<HashSet<Pupil>>,
    /// Room for lessons.
    pub(super) room: Arc<Semaphore>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            learners: Cache::new(LEARNERS),
            models: Cache::new(MODELS),
            prefixes: Cache::new(PREFIXES),
            hashes: RandomState::new(),
            changed: Mutex::default(),
            room: Arc::new(Semaphore::new(LESSONS_AT_ONCE)),
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
            return self.demote_doubted(count::operation(operation, model, dialect), model);
        }
        self.count_by(Basis::Encoding, operation, model, key)
    }

    /// A count by a rule that calls itself exact, as an estimate where replies have proved the rule wrong.
    pub(super) fn demote_doubted(&self, count: TokenCount, model: &Model) -> TokenCount {
        if !count.is_exact() {
            return count;
        }
        let state = self.models.get(&(model.id.clone(), Basis::Encoding));
        if state.is_none_or(|state| state.trust.believes(count.rule)) { count } else { count.demoted() }
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
    pub(super) fn name(&self, pupil: &Pupil, hash: u64) -> u64 {
        self.hashes.hash_one((pupil, hash))
    }
}

impl Pupil {
    pub(super) fn new(model: &Model, key: Option<&KeyId>, basis: Basis) -> Self {
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

    pub(super) fn learn(&self, key: &Arc<str>, ratio: f64) {
        let mut shared = self.ratio.lock().unwrap_or_else(PoisonError::into_inner);
        shared.learn(key, ratio);
        self.factor.store(shared.factor().to_bits(), Ordering::Relaxed);
    }
}

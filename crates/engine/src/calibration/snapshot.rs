//! What was learned, as rows that nodes share.

use super::state::{Calibration, Pupil};
use arc_swap::ArcSwap;
use baton_meter::calibrate::{Basis, Learner};
use std::sync::{Arc, PoisonError};

/// So many changes wait at most to be written. More keys are at work than that: their next reply counts.
const CHANGES: usize = 4_096;

/// What was learned of one key's prompts for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedRow {
    /// Names the kind of estimate, the key and the model.
    pub id: String,
    /// The learner, as JSON.
    pub body: String,
}

impl Calibration {
    pub(super) fn mark_changed(&self, pupil: Pupil) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.len() < CHANGES {
            changed.insert(pupil);
        }
    }

    /// What has changed since this was last asked.
    pub fn take_changed(&self) -> Vec<LearnedRow> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        let row = |pupil: Pupil| {
            let learner = self.learners.get(&pupil)?;
            Some(LearnedRow { id: pupil.id(), body: serde_json::to_string(&**learner.load()).ok()? })
        };
        changed.into_iter().filter_map(row).collect()
    }

    /// Takes over what another node, or an earlier process, has learned. Whether it made sense.
    pub fn adopt(&self, row: &LearnedRow) -> bool {
        let Some((pupil, learner)) = Pupil::parse(&row.id).zip(read(&row.body)) else { return false };
        // What the other keys of the model go by is not written: it comes of what each key says of its texts.
        let state = self.models.get_with((pupil.model.clone(), pupil.basis), Arc::default);
        for _ in 0..learner.seen().min(SAID) {
            state.learn(&pupil.key, learner.text_factor());
        }
        let learner = Arc::new(learner);
        match self.learners.get(&pupil) {
            Some(known) => known.store(learner),
            None => self.learners.insert(pupil, Arc::new(ArcSwap::new(learner))),
        }
        true
    }

    /// What this node and another have learned apart of the same key and model, as one. `None` if the other's makes no
    /// sense.
    pub fn merge(&self, own: &LearnedRow, other: &LearnedRow) -> Option<LearnedRow> {
        let merged = read(&own.body)?.merged(&read(&other.body)?);
        Some(LearnedRow { id: own.id.clone(), body: serde_json::to_string(&merged).ok()? })
    }
}

/// So many numbers make a key be believed.
const SAID: u64 = 8;

/// A learner that was written, if it is one: rows may be of another version, or touched by hand.
fn read(body: &str) -> Option<Learner> {
    serde_json::from_str::<Learner>(body).ok().filter(Learner::is_sound)
}

impl Pupil {
    fn id(&self) -> String {
        // A model's name may hold anything but stands last; a key's id has no slash.
        format!("{}/{}/{}", self.basis.name(), self.key, self.model)
    }

    fn parse(id: &str) -> Option<Self> {
        let (basis, rest) = id.split_once('/')?;
        let (key, model) = rest.split_once('/')?;
        Some(Self { model: model.into(), key: key.into(), basis: Basis::lookup(basis)? })
    }
}

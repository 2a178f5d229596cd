//! What a reported number changes.

use super::state::{Calibration, Pupil, SharedState};
use arc_swap::ArcSwap;
use baton_meter::calibrate::{Basis, Learner, Prompt, prefix};
use baton_model::{KeyId, Model, Operation};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A first estimate that is off by more says that the provider counted something else.
const PLAUSIBLE: RangeInclusive<f64> = 0.1..=10.0;
/// The error of estimates of which nothing was learned, as a share.
const ERROR: f64 = 0.2;

impl Calibration {
    /// Learns that the provider counted `reported` tokens for a prompt of that key.
    pub fn learn(&self, basis: Basis, operation: &Operation, model: &Model, key: Option<&KeyId>, reported: u64) {
        let prompt = Prompt::read(operation, model, basis);
        let ratio = reported as f64 / prompt.first_estimate();
        if !PLAUSIBLE.contains(&ratio) {
            return;
        }
        let pupil = Pupil::new(model, key, basis);
        let learner = self.learners.get_with(pupil.clone(), || Arc::new(ArcSwap::from_pointee(Learner::default())));
        // Before the learner knows of the number: what comes after a beginning is estimated as the next prompt's would be.
        self.remember_beginnings(&pupil, &prompt, &learner.load_full(), reported);
        learner.rcu(|learner| {
            let mut learner = Learner::clone(learner);
            learner.learn(prompt.parts(), reported);
            learner
        });
        self.state(model, basis).learn(&pupil.key, ratio);
        self.mark_changed(pupil);
    }

    fn remember_beginnings(&self, pupil: &Pupil, prompt: &Prompt, learner: &Learner, reported: u64) {
        let (total, error) = (learner.predict(prompt.parts()), learner.error(ERROR));
        for boundary in prompt.boundaries() {
            let rest = (total - learner.predict(&boundary.parts)).max(0.0);
            let Some(known) = prefix::learn(reported, rest, error) else { continue };
            let name = self.name(pupil, boundary.hash);
            if self.prefixes.get(&name).is_none_or(|before| known.replaces(&before)) {
                self.prefixes.insert(name, known);
            }
        }
    }

    pub(super) fn state(&self, model: &Model, basis: Basis) -> Arc<SharedState> {
        self.models.get_with((model.id.clone(), basis), Arc::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::chat::{ChatRequest, Message, MessageRole, Part};

    /// A model whose tokenizer makes a third more than its family's coefficients say.
    const TRUTH: f64 = 1.33;

    fn model() -> Model {
        Model { upstream: "llama-of-tomorrow".into(), ..Model::new("house", "local") }
    }

    fn chat(texts: &[String]) -> Operation {
        let turn = |(place, text): (usize, &String)| {
            let role = if place % 2 == 0 { MessageRole::User } else { MessageRole::Assistant };
            Message { role, name: None, parts: vec![Part::text(text.as_str())] }
        };
        let messages = texts.iter().enumerate().map(turn).collect();
        Operation::Chat(Box::new(ChatRequest { messages, ..ChatRequest::default() }))
    }

    /// One of many questions, none like another.
    fn question(number: u64) -> Operation {
        let words = (0..5 + number % 60).map(|word| format!("station {} ", (number * 31 + word * 7) % 997));
        chat(&[words.collect()])
    }

    fn reported(operation: &Operation) -> u64 {
        (Prompt::read(operation, &model(), Basis::Features).first_estimate() * TRUTH).round() as u64
    }

    fn off(calibration: &Calibration, operation: &Operation, key: &str) -> f64 {
        let count = calibration.estimate(operation, &model(), Some(&key.into()));
        count.tokens as f64 / reported(operation) as f64 - 1.0
    }

    fn teach(calibration: &Calibration, key: &str, numbers: std::ops::Range<u64>, truth: impl Fn(&Operation) -> u64) {
        for operation in numbers.map(question) {
            calibration.learn(Basis::Features, &operation, &model(), Some(&key.into()), truth(&operation));
        }
    }

    #[test]
    fn a_key_learns_how_its_model_counts() {
        let calibration = Calibration::default();
        assert!(off(&calibration, &question(1_000), "a") < -0.2);
        teach(&calibration, "a", 0..200, reported);
        let worst = (1_000..1_100).map(|number| off(&calibration, &question(number), "a").abs()).fold(0.0, f64::max);
        assert!(worst < 0.03, "{worst}");
        let count = calibration.estimate(&question(1_000), &model(), Some(&"a".into()));
        assert_eq!((count.method.name(), count.rule), ("calibrated", "calibrated"));
    }

    #[test]
    fn the_next_turn_is_known_but_for_what_is_new() {
        let calibration = Calibration::default();
        let mut texts = vec!["When does the last train leave for the airport? ".repeat(30)];
        let first = chat(&texts);
        calibration.learn(Basis::Features, &first, &model(), Some(&"a".into()), reported(&first));
        texts.extend(["At midnight.".to_owned(), "And the first one?".to_owned()]);
        let second = chat(&texts);
        assert!(off(&calibration, &second, "a").abs() < 0.02);
        // What one key sent says nothing to another, not even that it was sent.
        assert!(off(&calibration, &second, "b") < -0.2);
    }

    #[test]
    fn a_key_that_reports_nonsense_moves_the_others_by_two_percent_at_most() {
        let calibration = Calibration::default();
        for key in ["a", "b", "c"] {
            teach(&calibration, key, 0..50, reported);
        }
        let before = off(&calibration, &question(1_000), "new");
        let own = off(&calibration, &question(1_000), "a");
        for factor in [4, 9, 7] {
            teach(&calibration, "poisoner", 0..100, |operation| reported(operation) * factor);
        }
        let after = off(&calibration, &question(1_000), "new");
        assert!(((1.0 + after) / (1.0 + before) - 1.0).abs() <= 0.02, "{before} {after}");
        assert_eq!(off(&calibration, &question(1_000), "a"), own, "a key that knows better goes by what it knows");
    }

    #[test]
    fn what_was_learned_goes_on_in_another_process() {
        let calibration = Calibration::default();
        teach(&calibration, "a", 0..100, reported);
        let rows = calibration.take_changed();
        assert_eq!((rows.len(), calibration.take_changed().len()), (1, 0));
        let next = Calibration::default();
        assert!(rows.iter().all(|row| next.adopt(row)));
        assert_eq!(off(&next, &question(7), "a"), off(&calibration, &question(7), "a"));
        let before = off(&Calibration::default(), &question(59), "b");
        assert!(off(&next, &question(59), "b") > before, "and the other keys know a little");
    }

    #[test]
    fn rows_that_make_no_sense_are_passed_over() {
        let calibration = Calibration::default();
        teach(&calibration, "a", 0..10, reported);
        let row = calibration.take_changed().remove(0);
        for (id, body) in [
            ("features", row.body.as_str()),
            ("prices/a/house", row.body.as_str()),
            (row.id.as_str(), ""),
            (row.id.as_str(), "{}"),
            (row.id.as_str(), &row.body.replacen("1.", "99.", 1)),
        ] {
            assert!(
                !calibration.adopt(&crate::calibration::LearnedRow { id: id.into(), body: body.into() }),
                "{id} {body}"
            );
        }
    }
}

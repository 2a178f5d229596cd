use super::*;
use proptest::prelude::*;
use std::sync::Arc;

/// A prompt of a family that counts as `truth` says.
fn tokens(parts: &Parts, truth: &Parts) -> u64 {
    parts.iter().zip(truth).map(|(part, factor)| part * factor).sum::<f64>().round() as u64
}

/// Prompts of all kinds, one after the other: short and long, with tools and without.
fn prompt(number: u64) -> Parts {
    let text = 20.0 + (number * 37 % 400) as f64;
    let tools = if number.is_multiple_of(3) { 340.0 } else { 0.0 };
    let schema = if tools > 0.0 { 30.0 + (number * 53 % 200) as f64 } else { 0.0 };
    [
        8.0,
        text,
        text / (2 + number % 5) as f64,
        (number * 11 % 30) as f64,
        tools,
        schema,
        (number % 7) as f64 * 6.0,
        0.0,
    ]
}

#[test]
fn two_hundred_requests_are_enough_for_a_model_of_another_kind() {
    let truth = [1.4, 1.25, 0.8, 1.6, 1.5, 0.7, 2.0, 1.0];
    let mut learner = Learner::default();
    let error = |learner: &Learner, numbers: std::ops::Range<u64>| {
        let errors = numbers.clone().map(|number| {
            let reported = tokens(&prompt(number), &truth) as f64;
            (learner.predict(&prompt(number)) - reported).abs() / reported
        });
        errors.sum::<f64>() / (numbers.end - numbers.start) as f64
    };
    assert!(error(&learner, 200..400) > 0.1);
    for number in 0..200 {
        assert_eq!(learner.learn(&prompt(number), tokens(&prompt(number), &truth)), Lesson::Learned);
    }
    assert!(error(&learner, 200..400) < 0.01, "{}", error(&learner, 200..400));
    // What it says of itself is what it was off by.
    assert!(learner.error(0.2) < 0.02 && learner.excess(0.5) < 0.1, "{} {}", learner.error(0.2), learner.excess(0.5));
}

#[test]
fn a_vendor_that_changes_is_followed() {
    let mut learner = Learner::default();
    for number in 0..1000 {
        learner.learn(&prompt(number), tokens(&prompt(number), &[1.0; PARTS]));
    }
    // A new tokenizer.
    for number in 1000..1300 {
        learner.learn(&prompt(number), tokens(&prompt(number), &[1.3; PARTS]));
    }
    let off = learner.predict(&prompt(7)) / tokens(&prompt(7), &[1.3; PARTS]) as f64;
    assert!((off - 1.0).abs() < 0.02, "{off}");
}

#[test]
fn what_is_far_off_teaches_nothing_unless_it_goes_on() {
    let mut learner = Learner::default();
    for number in 0..50 {
        learner.learn(&prompt(number), tokens(&prompt(number), &[1.0; PARTS]));
    }
    let before = learner.clone();
    assert_eq!(learner.learn(&prompt(1), 1_000_000), Lesson::Outlier);
    assert_eq!(learner.learn(&prompt(1), 0), Lesson::Outlier);
    assert_eq!((learner.factors(), learner.seen()), (before.factors(), before.seen()));
    for number in 0..8 {
        learner.learn(&prompt(number), tokens(&prompt(number), &[6.0; PARTS]));
    }
    assert!(learner.predict(&prompt(1)) > before.predict(&prompt(1)), "it is no outlier if all are");
}

#[test]
fn nodes_that_learned_apart_agree_in_the_middle() {
    let truth = [1.2, 1.2, 0.9, 1.0, 1.1, 0.8, 1.5, 1.0];
    let mut nodes = [Learner::default(), Learner::default()];
    for number in 0..400 {
        let node = &mut nodes[(number % 2) as usize];
        node.learn(&prompt(number), tokens(&prompt(number), &truth));
    }
    let merged = nodes[0].merged(&nodes[1]);
    let off = merged.predict(&prompt(5)) / tokens(&prompt(5), &truth) as f64;
    assert!((off - 1.0).abs() < 0.01, "{off}");
    assert_eq!(merged.seen(), 200, "what both know is not known twice");
}

fn ratio(honest: u32, share: f64) -> SharedRatio {
    let mut shared = SharedRatio::default();
    for key in 0..honest {
        let key: Arc<str> = format!("key-{key}").into();
        (0..20).for_each(|_| shared.learn(&key, share));
    }
    shared
}

#[test]
fn keys_that_agree_are_believed() {
    let factor = ratio(200, 1.3).factor();
    assert!((factor - 1.3).abs() < 0.04, "{factor}");
    assert_eq!(SharedRatio::default().factor(), 1.0);
}

proptest! {
    /// Whatever one key reports, the estimates for the others move by two percent at most.
    #[test]
    fn no_key_poisons_the_others(honest in 0_u32..60, share in 0.7_f64..1.4, lies in prop::collection::vec(0.0_f64..1e12, 1..300)) {
        let mut shared = ratio(honest, share);
        let before = shared.factor();
        let key: Arc<str> = "poisoner".into();
        lies.iter().for_each(|lie| shared.learn(&key, *lie));
        let moved = (shared.factor() / before - 1.0).abs();
        prop_assert!(moved <= 0.02, "{moved}");
    }

    /// Nothing that is reported makes a learner useless: its estimates stay finite, at least 0, and bounded.
    #[test]
    fn any_report_is_survived(
        reports in prop::collection::vec((prop::array::uniform8(0.0_f64..1e7), any::<u64>()), 0..200),
        parts in prop::array::uniform8(0.0_f64..1e7),
    ) {
        let mut learner = Learner::default();
        for (parts, reported) in &reports {
            learner.learn(parts, *reported);
        }
        let (estimate, prior) = (learner.predict(&parts), parts.iter().sum::<f64>());
        prop_assert!(estimate.is_finite() && estimate >= 0.0 && estimate <= prior * 10.0 + 1.0);
        prop_assert!(learner.error(0.1).is_finite() && learner.excess(0.1) >= 0.0);
        prop_assert!(learner.factors().iter().all(|factor| (0.1..=10.0).contains(factor)));
    }
}

#[test]
fn a_known_beginning_leaves_only_the_rest_to_estimate() {
    let known = prefix::learn(1_000, 100.0, 0.1).unwrap();
    assert_eq!(known, prefix::KnownPrefix { tokens: 900.0, doubt: 10.0 });
    let reported = prefix::learn(900, 0.0, 0.1).unwrap();
    assert!(reported.replaces(&known) && !known.replaces(&reported));
    assert!(prefix::learn(1_000, 600.0, 0.1).is_none(), "most of it would be an estimate");
    assert!(prefix::learn(1_000, f64::NAN, 0.1).is_none());
}

mod conversations {
    use super::super::*;
    use baton_model::chat::{ChatRequest, Message, MessageRole, Part};
    use baton_model::{Model, Operation};
    use std::collections::HashMap;

    fn model() -> Model {
        Model { upstream: "llama-of-tomorrow".into(), ..Model::new("any", "any") }
    }

    fn message(role: MessageRole, text: String) -> Message {
        Message { role, name: None, parts: vec![Part::text(text)] }
    }

    /// A conversation of that many turns, whose instructions are long.
    fn conversation(turns: usize) -> Operation {
        let system = "You answer questions on the metro of a large city, in short sentences. ".repeat(20);
        let mut messages = vec![message(MessageRole::System, system)];
        for turn in 0..turns {
            messages.push(message(MessageRole::User, format!("Question {turn}: when does the next train leave?")));
            messages.push(message(MessageRole::Assistant, format!("At {turn} minutes past the hour, on track 3.")));
        }
        messages.pop();
        Operation::Chat(Box::new(ChatRequest { messages, ..ChatRequest::default() }))
    }

    /// What a vendor reports whose tokenizer makes half as many tokens again.
    fn reported(prompt: &Prompt) -> u64 {
        (prompt.first_estimate() * 1.5).round() as u64
    }

    /// Remembers of a prompt what a reply reported.
    fn remember(memory: &mut HashMap<u64, prefix::KnownPrefix>, prompt: &Prompt) {
        let total = prompt.first_estimate();
        for boundary in prompt.boundaries() {
            let rest = total - boundary.parts.iter().sum::<f64>();
            if let Some(known) = prefix::learn(reported(prompt), rest, 0.2) {
                memory.insert(boundary.hash, known);
            }
        }
    }

    fn count(memory: &HashMap<u64, prefix::KnownPrefix>, prompt: &Prompt) -> crate::TokenCount {
        prompt.count(&Knowledge { learner: None, shared: 1.0, known: &|hash| memory.get(&hash).copied() })
    }

    #[test]
    fn the_second_request_of_a_conversation_is_known_within_two_percent() {
        let mut memory = HashMap::new();
        for basis in [Basis::Features, Basis::Encoding] {
            let prompts = [1, 2, 6].map(|turns| Prompt::read(&conversation(turns), &model(), basis));
            let first = count(&memory, &prompts[0]);
            assert!(first.tokens * 5 < reported(&prompts[0]) * 4, "nothing is known yet: {first:?}");
            remember(&mut memory, &prompts[0]);
            // The same again, the next turn, and a later one.
            let again = count(&memory, &prompts[0]);
            assert_eq!((again.tokens, again.rule), (reported(&prompts[0]), "prefix"));
            for prompt in &prompts[1..] {
                let (count, reported) = (count(&memory, prompt), reported(prompt));
                let off = count.tokens.abs_diff(reported) as f64 / reported as f64;
                assert!(off <= 0.02, "{off} {count:?} {reported}");
                assert_eq!(count.breakdown.total(), count.tokens);
                assert!(count.at_most >= count.tokens && count.error < first.error);
            }
            memory.clear();
        }
    }

    #[test]
    fn requests_with_the_same_instructions_share_what_is_known_of_them() {
        let mut memory = HashMap::new();
        let ask = |question: &str| {
            let Operation::Chat(mut request) = conversation(1) else { unreachable!() };
            request.messages[1] = message(MessageRole::User, question.into());
            Prompt::read(&Operation::Chat(request), &model(), Basis::Features)
        };
        remember(&mut memory, &ask("How far is the airport?"));
        let other = ask("Is there a night line on Sundays, and does it stop at the harbour?");
        let (count, reported) = (count(&memory, &other), reported(&other));
        assert_eq!(count.rule, "prefix");
        let off = count.tokens.abs_diff(reported) as f64 / reported as f64;
        assert!(off < 0.03, "{off}");
    }

    #[test]
    fn another_beginning_is_another_prompt() {
        let mut memory = HashMap::new();
        remember(&mut memory, &Prompt::read(&conversation(2), &model(), Basis::Features));
        let Operation::Chat(mut request) = conversation(2) else { unreachable!() };
        request.messages[0] = message(MessageRole::System, "You are rude.".into());
        let other = Prompt::read(&Operation::Chat(request), &model(), Basis::Features);
        // Without tools the place before all messages is everybody's; nothing worth knowing is before it.
        assert_ne!(count(&memory, &other).rule, "prefix");
    }

    #[test]
    fn long_conversations_leave_few_places() {
        let prompt = Prompt::read(&conversation(500), &model(), Basis::Features);
        assert_eq!(prompt.boundaries().len(), 1 + 3 + 60);
    }
}

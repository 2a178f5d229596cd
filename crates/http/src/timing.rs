//! How long a reply took, measured here: for clients of Ollama, whose format says so, where another vendor replies.

use baton_model::event::Timings;
use baton_model::{Clock, ReplyEvent, Timestamp};
use baton_web::ClientApi;
use std::sync::Arc;

/// A watch over one reply; it says nothing for other APIs, nor where the provider has measured itself.
pub struct Stopwatch {
    clock: Option<Arc<dyn Clock>>,
    arrived: Timestamp,
    begun: Option<Timestamp>,
}

impl Stopwatch {
    /// A watch over the reply to a request that arrived then.
    pub fn new(api: ClientApi, arrived: Timestamp, clock: &Arc<dyn Clock>) -> Self {
        Self { clock: (api == ClientApi::Ollama).then(|| Arc::clone(clock)), arrived, begun: None }
    }

    /// Looks at the events of a frame, and adds what was measured before the last.
    pub fn look(&mut self, events: &mut Vec<ReplyEvent>) {
        let Some(clock) = &self.clock else { return };
        if events.iter().any(|event| matches!(event, ReplyEvent::Timings(_))) {
            // The provider's own measurement is better than one taken behind the network.
            self.clock = None;
            return;
        }
        let now = clock.now();
        if events.iter().any(ReplyEvent::is_content) {
            self.begun.get_or_insert(now);
        }
        if let Some(end) = events.iter().position(|event| *event == ReplyEvent::Ended) {
            // Before the end: Ollama's last line holds the times, and the writer makes it of `Ended`.
            events.insert(end, ReplyEvent::Timings(self.timings(now)));
            self.clock = None;
        }
    }

    /// A reply that came at once was produced all the time: when it was begun is not known.
    fn timings(&self, now: Timestamp) -> Timings {
        let nanos = |from: Timestamp, to: Timestamp| u64::try_from(to.since(from).as_nanos()).unwrap_or(u64::MAX);
        let begun = self.begun.filter(|begun| *begun < now).unwrap_or(self.arrived);
        Timings {
            total: nanos(self.arrived, now),
            load: 0,
            prompt: nanos(self.arrived, begun),
            output: nanos(begun, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct TimedFrames(AtomicI64);

    impl Clock for TimedFrames {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.fetch_add(1_000, Ordering::Relaxed))
        }
    }

    fn text(text: &str) -> ReplyEvent {
        ReplyEvent::Text { choice: 0, text: text.into() }
    }

    fn timed_events(api: ClientApi, frames: &[&[ReplyEvent]]) -> Vec<ReplyEvent> {
        let clock: Arc<dyn Clock> = Arc::new(TimedFrames(AtomicI64::new(2_000)));
        let mut watch = Stopwatch::new(api, Timestamp(0), &clock);
        let look = |frame: &&[ReplyEvent]| {
            let mut events = frame.to_vec();
            watch.look(&mut events);
            events
        };
        frames.iter().map(look).collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_reply_is_measured_once() {
        let measured = Timings { total: 4_000_000, load: 0, prompt: 2_000_000, output: 2_000_000 };
        let frames = [&[text("a")][..], &[text("b")], &[ReplyEvent::Ended]];
        let expected = [text("a"), text("b"), ReplyEvent::Timings(measured), ReplyEvent::Ended];
        assert_eq!(timed_events(ClientApi::Ollama, &frames), expected);
        assert_eq!(timed_events(ClientApi::OpenAi, &frames), [text("a"), text("b"), ReplyEvent::Ended]);
        let own = ReplyEvent::Timings(Timings { total: 7, ..Timings::default() });
        assert_eq!(
            timed_events(ClientApi::Ollama, &[std::slice::from_ref(&own), &[ReplyEvent::Ended]]),
            [own, ReplyEvent::Ended]
        );
        let whole = Timings { total: 2_000_000, load: 0, prompt: 0, output: 2_000_000 };
        assert_eq!(
            timed_events(ClientApi::Ollama, &[&[text("a"), ReplyEvent::Ended]]),
            [text("a"), ReplyEvent::Timings(whole), ReplyEvent::Ended]
        );
    }
}

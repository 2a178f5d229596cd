//! The trace of a request: taken from the client or begun here, decided up front, passed on to providers.

use baton_model::{SpanId, TraceContext, TraceId};
use rand::Rng;

/// Which requests are recorded as traces, where the client does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TraceSampling {
    /// Nobody collects traces: none is recorded, whatever a client says, and its context goes through untouched.
    #[default]
    Off,
    /// Those whose trace id is below this bound, so that every service with the same ratio decides the same. A client
    /// that sends a context has decided already.
    Below(u64),
}

impl TraceSampling {
    /// That share of requests, from 0 to 1.
    pub fn share(ratio: f64) -> Self {
        // A float that is too large becomes the largest number, and one below zero becomes zero.
        Self::Below((ratio * (1_u64 << 63) as f64) as u64)
    }

    fn samples(self, trace: TraceId) -> bool {
        let Self::Below(bound) = self else { return false };
        // The right-most bytes: services with shorter ids pad them with zeros on the left.
        let low = trace.0.iter().skip(8).fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
        // Sixty-three bits, because the bound is computed from a float, and as the SDKs of OpenTelemetry do: they
        // decide the same.
        low >> 1 < bound
    }
}

/// The trace of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub id: TraceId,
    /// The request's own span.
    pub span: SpanId,
    /// The client's span, if it sent one.
    pub parent: Option<TraceContext>,
    /// The client's `tracestate`, passed on as it came.
    pub state: Option<String>,
    /// Whether spans are made of the request.
    pub recorded: bool,
}

impl Trace {
    /// The trace of a request with these headers. A `traceparent` that can't be read counts as none, and then
    /// `tracestate` has no meaning.
    pub fn begin(sampling: TraceSampling, parent: Option<&str>, state: Option<&str>, rng: &mut impl Rng) -> Self {
        let parent = parent.and_then(TraceContext::parse);
        let id = parent.map_or_else(|| TraceId(nonzero(rng)), |parent| parent.trace);
        let recorded = match parent {
            Some(parent) => parent.sampled && sampling != TraceSampling::Off,
            None => sampling.samples(id),
        };
        // `tracestate` without a valid `traceparent` has to be ignored.
        let state = parent.and(state).map(str::to_owned);
        Self { id, span: SpanId(nonzero(rng)), parent, state, recorded }
    }

    /// The trace of a call that is only looked at, and sent to nobody.
    pub fn none() -> Self {
        Self { id: TraceId([u8::MAX; 16]), span: SpanId([u8::MAX; 8]), parent: None, state: None, recorded: false }
    }

    /// As the response headers give it: the request's own span.
    pub fn context(&self) -> TraceContext {
        TraceContext { trace: self.id, span: self.span, sampled: self.recorded }
    }

    /// The headers for a provider. The span of the attempt stands in them if it is recorded; otherwise what the client
    /// sent goes through, because a span that nobody records would break the trace in two.
    pub fn headers(&self, attempt: Option<SpanId>) -> Vec<(String, String)> {
        let context = match attempt.filter(|_| self.recorded) {
            Some(span) => Some(TraceContext { trace: self.id, span, sampled: true }),
            None => self.parent,
        };
        let state = context.and(self.state.clone()).map(|state| ("tracestate".to_owned(), state));
        context.map(|context| ("traceparent".to_owned(), context.to_string())).into_iter().chain(state).collect()
    }
}

/// Random bytes that are not all zeros.
pub fn nonzero<const N: usize>(rng: &mut impl Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(bytes.as_mut_slice());
    // All zeros is an invalid id in W3C Trace Context.
    if bytes == [0; N] { [1; N] } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::{Trace, TraceSampling};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn begin(sampling: TraceSampling, parent: Option<&str>, seed: u64) -> Trace {
        Trace::begin(sampling, parent, Some("a=1"), &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn the_client_decides_where_it_sends_a_context() {
        assert!(begin(TraceSampling::share(0.0), Some(SAMPLED), 1).recorded);
        assert!(!begin(TraceSampling::share(1.0), Some(&SAMPLED.replace("-01", "-00")), 1).recorded);
        assert!(!begin(TraceSampling::Off, Some(SAMPLED), 1).recorded);
        assert!(begin(TraceSampling::share(1.0), None, 1).recorded);
        let fresh = begin(TraceSampling::share(1.0), Some("nonsense"), 1);
        assert!(fresh.recorded && fresh.parent.is_none() && fresh.state.is_none());
    }

    #[test]
    fn a_share_of_requests_is_taken() {
        let taken = (0..10_000).filter(|seed| begin(TraceSampling::share(0.25), None, *seed).recorded).count();
        assert!((2_300..2_700).contains(&taken), "{taken}");
    }

    #[test]
    fn what_nobody_records_goes_through_untouched() {
        let passed = begin(TraceSampling::Off, Some(SAMPLED), 1).headers(None);
        assert_eq!(passed, [("traceparent".into(), SAMPLED.into()), ("tracestate".into(), "a=1".into())]);
        assert!(begin(TraceSampling::Off, None, 1).headers(None).is_empty());
    }
}

//! Token counts, between Anthropic's numbers and disjoint classes.
//!
//! Reference: Anthropic API reference, `Usage`. `input_tokens` leaves out what a cache read or wrote; `output_tokens`
//! holds the reasoning (`output_tokens_details.thinking_tokens`). A stream reports twice, cumulatively: `message_start`
//! has the cache writes by lifetime, `message_delta` repeats their sum alone. So reports are put together before they
//! become classes, or an hour's writes would count twice. What the service used to summarize a conversation
//! (`iterations[]` of the type `compaction`) is billed beside those sums.

use crate::json::{Node, Object};
use baton_model::{Usage, UsageClass};

/// The speed, and the tier, that has prices of its own.
const FAST: &str = "fast";

/// What a reply has reported so far.
#[derive(Debug, Clone, Default)]
pub struct Report {
    input: u64,
    read: u64,
    written: u64,
    written_1h: u64,
    output: u64,
    thinking: u64,
    searches: u64,
    service_tier: Option<String>,
    /// Where the answer was made, which may have a surcharge.
    region: Option<String>,
    /// Whether the answer was made at the speed that has prices of its own.
    fast: bool,
    compactions: Usage,
}

impl Report {
    /// Takes a `usage` object; what it leaves out stays.
    pub fn update(&mut self, usage: &Node<'_>) {
        let take = |slot: &mut u64, node: Option<&Node<'_>>| {
            if let Some(node) = node {
                *slot = node.count();
            }
        };
        let inner = |outer: &str, name: &str| usage.get(outer).and_then(|outer| outer.get(name)).map(Node::count);
        take(&mut self.input, usage.get("input_tokens"));
        take(&mut self.read, usage.get("cache_read_input_tokens"));
        take(&mut self.written, usage.get("cache_creation_input_tokens"));
        take(&mut self.output, usage.get("output_tokens"));
        if let Some(hour) = inner("cache_creation", "ephemeral_1h_input_tokens") {
            self.written_1h = hour;
            let short = inner("cache_creation", "ephemeral_5m_input_tokens").unwrap_or(0);
            // Services that report the parts may leave the sum out, and `prompt` bounds the hour's writes by it.
            self.written = self.written.max(short.saturating_add(hour));
        }
        if let Some(thinking) = inner("output_tokens_details", "thinking_tokens") {
            self.thinking = thinking;
        }
        if let Some(searches) = inner("server_tool_use", "web_search_requests") {
            self.searches = searches;
        }
        if let Some(tier) = usage.get("service_tier").and_then(Node::string_or_none) {
            self.service_tier = Some(tier);
        }
        if let Some(region) = usage.get("inference_geo").and_then(Node::string_or_none) {
            self.region = Some(region);
        }
        if let Some(speed) = usage.get("speed").and_then(Node::as_str) {
            self.fast = speed == FAST;
        }
        if let Some(iterations) = usage.get("iterations").and_then(|all| all.items().ok()) {
            self.compactions = compactions(iterations);
        }
    }

    /// The classes of what was read; a stream's beginning can't know what will be produced, whatever it says.
    pub fn prompt(&self) -> Usage {
        // Bounded, because a provider's nonsense must not underflow into an absurd bill.
        let hour = self.written_1h.min(self.written);
        let mut usage = Usage::default()
            .with(UsageClass::Input, self.input)
            .with(UsageClass::CacheRead, self.read)
            .with(UsageClass::CacheWrite, self.written - hour)
            .with(UsageClass::CacheWrite1h, hour);
        // A price knows it as a tier like any other.
        usage.service_tier = if self.fast { Some(FAST.to_owned()) } else { self.service_tier.clone() };
        usage.region.clone_from(&self.region);
        plus(usage, &self.compactions, UsageClass::is_input_token)
    }

    /// All classes.
    pub fn usage(&self) -> Usage {
        let thinking = self.thinking.min(self.output);
        let usage = self
            .prompt()
            .with(UsageClass::Output, self.output - thinking)
            .with(UsageClass::Reasoning, thinking)
            .with(UsageClass::WebSearches, self.searches);
        plus(usage, &self.compactions, UsageClass::is_output_token)
    }
}

/// What the iterations used that are not in the sums. The others are: they tell what each of several calls used.
fn compactions(iterations: &[Node<'_>]) -> Usage {
    let are = |node: &&Node<'_>| node.get("type").and_then(Node::as_str).as_deref() == Some("compaction");
    iterations.iter().filter(are).map(read).fold(Usage::default(), |sum, usage| plus(sum, &usage, |_| true))
}

/// The sum of two usages in some of the classes.
fn plus(mut usage: Usage, other: &Usage, counts: impl Fn(UsageClass) -> bool) -> Usage {
    for (class, amount) in other.nonzero().filter(|(class, _)| counts(*class)) {
        usage.set(class, usage.get(class).saturating_add(amount));
    }
    usage
}

/// Reads a whole `usage` object.
pub fn read(usage: &Node<'_>) -> Usage {
    let mut report = Report::default();
    report.update(usage);
    report.usage()
}

/// Writes the members of a `usage` object.
pub fn write(usage: &Usage, o: &mut Object<'_>) {
    let sum = |classes: &[UsageClass]| classes.iter().fold(0_u64, |sum, class| sum.saturating_add(usage.get(*class)));
    let (short, hour) = (usage.get(UsageClass::CacheWrite), usage.get(UsageClass::CacheWrite1h));
    // Audio and images have no classes of their own here.
    o.integer("input_tokens", sum(&[UsageClass::Input, UsageClass::AudioInput, UsageClass::ImageInput]));
    o.integer("cache_creation_input_tokens", short.saturating_add(hour));
    o.integer("cache_read_input_tokens", sum(&[UsageClass::CacheRead, UsageClass::AudioCacheRead]));
    if hour > 0 {
        o.object("cache_creation", |o| {
            o.integer("ephemeral_5m_input_tokens", short).integer("ephemeral_1h_input_tokens", hour);
        });
    }
    o.integer("output_tokens", usage.output_tokens());
    let thinking = usage.get(UsageClass::Reasoning);
    if thinking > 0 {
        o.object("output_tokens_details", |o| {
            o.integer("thinking_tokens", thinking);
        });
    }
    let searches = usage.get(UsageClass::WebSearches);
    if searches > 0 {
        o.object("server_tool_use", |o| {
            o.integer("web_search_requests", searches);
        });
    }
    match usage.service_tier.as_deref() {
        Some(FAST) => o.string("speed", FAST).end(),
        tier => o.maybe_string("service_tier", tier).end(),
    }
    o.maybe_string("inference_geo", usage.region.as_deref());
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::json::object;
    use UsageClass::{CacheRead, CacheWrite, CacheWrite1h, Input, Output, Reasoning, WebSearches};
    use proptest::prelude::*;

    fn check(reports: &[&str], expected: &[(UsageClass, u64)]) {
        let mut report = Report::default();
        for json in reports {
            report.update(&Node::parse(json.as_bytes()).unwrap());
        }
        assert_eq!(report.usage().nonzero().collect::<Vec<_>>(), expected, "{reports:?}");
    }

    #[test]
    fn numbers_become_disjoint() {
        check(
            &[r#"{"input_tokens":3,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,
                  "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":50,
                  "output_tokens_details":{"thinking_tokens":40},"server_tool_use":{"web_search_requests":2}}"#],
            &[
                (Input, 3),
                (CacheRead, 100),
                (CacheWrite, 10),
                (CacheWrite1h, 20),
                (Output, 10),
                (Reasoning, 40),
                (WebSearches, 2),
            ],
        );
    }

    #[test]
    fn an_hours_writes_count_once_in_a_stream() {
        check(
            &[
                r#"{"input_tokens":3,"cache_creation_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":20},"output_tokens":1}"#,
                r#"{"input_tokens":3,"cache_creation_input_tokens":20,"output_tokens":9}"#,
            ],
            &[(Input, 3), (CacheWrite1h, 20), (Output, 9)],
        );
    }

    #[test]
    fn summaries_are_billed_beside_the_sums() {
        let iterations = r#""iterations":[
            {"type":"compaction","input_tokens":900,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,
             "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":70},
            {"type":"message","input_tokens":3,"output_tokens":9},{"type":"compaction","input_tokens":1}]"#;
        let report = format!(r#"{{"input_tokens":3,"output_tokens":9,{iterations}}}"#);
        let expected = [(Input, 904), (CacheRead, 100), (CacheWrite, 10), (CacheWrite1h, 20), (Output, 79)];
        check(&[&report], &expected);
        // Each report is the total so far, and one that leaves them out takes nothing back.
        check(&[&report, &report, r#"{"output_tokens":9}"#], &expected);
    }

    #[test]
    fn the_fast_speed_is_a_tier_of_the_price() {
        let read = |json: &str| read(&Node::parse(json.as_bytes()).unwrap());
        let fast = read(r#"{"input_tokens":3,"service_tier":"standard","speed":"fast"}"#);
        assert_eq!(fast.service_tier.as_deref(), Some("fast"));
        assert_eq!(read(std::str::from_utf8(&object(|o| write(&fast, o))).unwrap()), fast);
        let slow = read(r#"{"input_tokens":3,"service_tier":"priority","speed":"standard"}"#);
        assert_eq!(slow.service_tier.as_deref(), Some("priority"));
    }

    #[test]
    fn the_place_of_the_answer_is_kept_for_the_price() {
        let read = |json: &str| read(&Node::parse(json.as_bytes()).unwrap());
        let there = read(r#"{"input_tokens":3,"inference_geo":"us"}"#);
        assert_eq!(there.region.as_deref(), Some("us"));
        assert_eq!(read(std::str::from_utf8(&object(|o| write(&there, o))).unwrap()), there);
        assert_eq!(read(r#"{"input_tokens":3,"inference_geo":null}"#).region, None);
    }

    #[test]
    fn nonsense_never_underflows() {
        check(
            &[
                r#"{"input_tokens":-3,"output_tokens":2,"output_tokens_details":{"thinking_tokens":9},"cache_creation":{"ephemeral_1h_input_tokens":1e30}}"#,
            ],
            &[(CacheWrite1h, u64::MAX), (Reasoning, 2)],
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(counts in prop::collection::vec(0_u64..1_000_000, 7)) {
            let classes = [Input, CacheRead, CacheWrite, CacheWrite1h, Output, Reasoning, WebSearches];
            let usage = classes.into_iter().zip(counts).fold(Usage::default(), |usage, (class, count)| usage.with(class, count));
            let json = object(|o| write(&usage, o));
            prop_assert_eq!(read(&Node::parse(&json).unwrap()), usage);
        }
    }
}

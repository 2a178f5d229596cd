//! Token counts, between Anthropic's numbers and disjoint classes.
//!
//! Reference: Anthropic API reference, `Usage`. `input_tokens` leaves out what a cache read or wrote; `output_tokens`
//! holds the reasoning (`output_tokens_details.thinking_tokens`). A stream reports twice, cumulatively: `message_start`
//! has the cache writes by lifetime, `message_delta` repeats their sum alone. So reports are put together before they
//! become classes, or an hour's writes would count twice. What stands beside those sums, and what other models consumed,
//! is in `iterations[]`: see [`iterations`](super::iterations).

use super::iterations::{Iterations, Shares};
use super::usage_sums::Sums;
use crate::json::{Node, Object};
use crate::unaccounted::KnownUsage;
use baton_model::{Amounts, Usage, UsageClass};

/// The speed, and the tier, that has prices of its own.
const FAST: &str = "fast";

/// What is accounted for: by [`Sums`], or as part of a number that is.
const KNOWN: KnownUsage = KnownUsage {
    counted: &[
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "ephemeral_5m_input_tokens",
        "ephemeral_1h_input_tokens",
        "output_tokens",
        "thinking_tokens",
        "web_search_requests",
        // Fetching costs the tokens of what is fetched, and nothing beside.
        "web_fetch_requests",
    ],
    skipped: &["iterations", "fallback_credit"],
};

/// What a reply has reported so far.
#[derive(Debug, Clone, Default)]
pub struct Report {
    sums: Sums,
    service_tier: Option<String>,
    /// Where the answer was made, which may have a surcharge.
    region: Option<String>,
    /// Whether the answer was made at the speed that has prices of its own.
    fast: bool,
    /// Whether what another model had cached before it declined is billed as read.
    credit: bool,
    iterations: Iterations,
    unaccounted: Option<String>,
}

impl Report {
    /// Takes a `usage` object; what it leaves out stays.
    pub fn update(&mut self, usage: &Node<'_>) {
        self.sums.update(usage);
        if let Some(tier) = usage.get("service_tier").and_then(Node::string_or_none) {
            self.service_tier = Some(tier);
        }
        if let Some(region) = usage.get("inference_geo").and_then(Node::string_or_none) {
            self.region = Some(region);
        }
        if let Some(speed) = usage.get("speed").and_then(Node::as_str) {
            self.fast = speed == FAST;
        }
        if let Some(status) = usage.get("fallback_credit").and_then(|credit| credit.get("status")) {
            self.credit = status.get("type").and_then(Node::as_str).as_deref() == Some("redeemed");
        }
        if let Some(iterations) = usage.get("iterations").and_then(|all| all.items().ok()) {
            self.iterations = Iterations::read(iterations);
        }
        self.unaccounted = KNOWN.unaccounted(usage).or_else(|| self.unaccounted.take());
    }

    /// The classes of what was read; a stream's beginning can't know what will be produced, whatever it says.
    pub fn prompt(&self) -> Usage {
        let Usage { amounts, service_tier, region, .. } = self.usage();
        let mut read = Amounts::default();
        read.add(&amounts, UsageClass::is_input_token);
        Usage { amounts: read, service_tier, region, ..Usage::default() }
    }

    /// All classes.
    pub fn usage(&self) -> Usage {
        let sums = self.sums.amounts();
        let Shares { other_models, unaccounted } = self.iterations.shares(&sums);
        let mut usage = Usage {
            amounts: sums,
            // A price knows the speed as a tier like any other.
            service_tier: if self.fast { Some(FAST.to_owned()) } else { self.service_tier.clone() },
            region: self.region.clone(),
            other_models,
            unaccounted: self.unaccounted.clone().or(unaccounted),
        };
        usage.amounts.add(&self.iterations.beside, |_| true);
        if self.credit && usage.amounts.cache_write_tokens() > 0 {
            // Of what was written, the part that the model which declined had cached is billed as read. How much that is
            // isn't said: nearly all, because the same conversation was sent again.
            usage.unaccounted.get_or_insert_with(|| "fallback_credit".to_owned());
            redeem(&mut usage.amounts);
            usage.other_models.iter_mut().for_each(|other| redeem(&mut other.amounts));
        }
        usage
    }
}

/// Counts what was written to the cache as read from it.
fn redeem(amounts: &mut Amounts) {
    let written = amounts.cache_write_tokens();
    for class in [UsageClass::CacheWrite, UsageClass::CacheWrite1h] {
        amounts.set(class, 0);
    }
    amounts.set(UsageClass::CacheRead, amounts.get(UsageClass::CacheRead).saturating_add(written));
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
    let hour = usage.get(UsageClass::CacheWrite1h);
    // This format has two lifetimes; any other counts as the shorter one.
    let short = sum(&[UsageClass::CacheWrite, UsageClass::CacheWrite12h]);
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

    /// Each model's amounts of the classes that tests look at, with what is not accounted for.
    type Bill<'b> = (&'b [(UsageClass, u64)], &'b [(&'b str, &'b [(UsageClass, u64)])], Option<&'b str>);

    fn check_bill(json: &str, (own, others, unaccounted): Bill<'_>) {
        let usage = read(&Node::parse(json.as_bytes()).unwrap());
        let list = |amounts: &Amounts| amounts.nonzero().collect::<Vec<_>>();
        assert_eq!(list(&usage.own_amounts()), own, "{json}");
        let found: Vec<_> =
            usage.other_models.iter().map(|other| (other.model.as_str(), list(&other.amounts))).collect();
        let expected: Vec<_> = others.iter().map(|(model, amounts)| (*model, amounts.to_vec())).collect();
        assert_eq!(found, expected, "{json}");
        assert_eq!(usage.unaccounted.as_deref(), unaccounted, "{json}");
    }

    #[test]
    fn an_adviser_is_billed_beside_the_sums_by_its_own_model() {
        // As Anthropic reported it in a recorded reply; only the sums separate thinking.
        check_bill(
            r#"{"input_tokens":2482,"output_tokens":166,"output_tokens_details":{"thinking_tokens":71},"iterations":[
                {"type":"message","input_tokens":1128,"output_tokens":155},
                {"type":"advisor_message","model":"claude-fable-5","input_tokens":2564,"output_tokens":99},
                {"type":"message","input_tokens":1354,"output_tokens":11}]}"#,
            (
                &[(Input, 2482), (Output, 95), (Reasoning, 71)],
                &[("claude-fable-5", &[(Input, 2564), (Output, 99)])],
                None,
            ),
        );
    }

    #[test]
    fn who_served_after_others_declined_is_whom_the_sums_belong_to() {
        // As recorded.
        check_bill(
            r#"{"input_tokens":412,"output_tokens":264,"iterations":[
                {"type":"message","model":"claude-fable-5","input_tokens":408,"output_tokens":0},
                {"type":"fallback_message","model":"claude-opus-4-8","input_tokens":412,"output_tokens":264}]}"#,
            (&[], &[("claude-opus-4-8", &[(Input, 412), (Output, 264)])], None),
        );
        // Its turns before a tool ran are `message` entries of the same model.
        check_bill(
            r#"{"input_tokens":30,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":5},
                "output_tokens":9,"iterations":[
                {"type":"message","model":"a","input_tokens":9,"output_tokens":0},
                {"type":"message","model":"b","input_tokens":10,"cache_creation_input_tokens":5,"output_tokens":4},
                {"type":"fallback_message","model":"b","input_tokens":20,"output_tokens":5}]}"#,
            (&[], &[("b", &[(Input, 30), (CacheWrite1h, 5), (Output, 9)])], None),
        );
        // Words of a model that are in no sum.
        check_bill(
            r#"{"input_tokens":20,"output_tokens":5,"iterations":[
                {"type":"message","model":"a","input_tokens":9,"output_tokens":3},
                {"type":"fallback_message","model":"b","input_tokens":20,"output_tokens":5}]}"#,
            (&[], &[("b", &[(Input, 20), (Output, 5)])], Some("iterations.message")),
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        check_bill(
            r#"{"input_tokens":3,"iterations":[{"type":"rehearsal","input_tokens":9}]}"#,
            (&[(Input, 3)], &[], Some("iterations.rehearsal")),
        );
        check_bill(
            r#"{"input_tokens":3,"server_tool_use":{"web_fetch_requests":2,"web_search_requests":1,"browser_minutes":4}}"#,
            (&[(Input, 3), (WebSearches, 1)], &[], Some("server_tool_use.browser_minutes")),
        );
        check_bill(
            r#"{"input_tokens":3,"cache_creation_input_tokens":8,"cache_creation":{"ephemeral_24h_input_tokens":8}}"#,
            (&[(Input, 3), (CacheWrite, 8)], &[], Some("cache_creation.ephemeral_24h_input_tokens")),
        );
    }

    #[test]
    fn a_redeemed_credit_makes_writes_of_the_cache_reads() {
        let report = |status: &str| {
            format!(
                r#"{{"input_tokens":3,"cache_creation_input_tokens":80,"output_tokens":2,"fallback_credit":{{"status":{status}}}}}"#
            )
        };
        check_bill(
            &report(r#"{"type":"redeemed"}"#),
            (&[(Input, 3), (CacheRead, 80), (Output, 2)], &[], Some("fallback_credit")),
        );
        check_bill(
            &report(r#"{"type":"not_applied","reason":"expired"}"#),
            (&[(Input, 3), (CacheWrite, 80), (Output, 2)], &[], None),
        );
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

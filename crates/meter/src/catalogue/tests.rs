#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::cost;
use baton_model::entity::ReasoningStyle;
use baton_model::{Cost, Nanos, Timestamp, Usage, UsageClass};

fn known(vendor: &str, name: &str) -> Entry {
    lookup(vendor, name).unwrap_or_else(|| panic!("{name} is not known"))
}

#[test]
fn the_file_has_no_gaps_and_no_impossible_numbers() {
    let catalogue = Catalogue::built_in();
    let faults = check::faults(&catalogue);
    assert_eq!(faults, []);
    let counts = check::counts(&catalogue);
    assert!(catalogue.entries().len() >= 400 && counts.len() >= 15, "{counts:?}");
}

#[test]
fn names_aliases_and_dates_lead_to_the_same_entry() {
    for (vendor, name, id) in [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        // This snapshot costs more than the later ones, so it has an entry of its own.
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "gpt-5.2-2027-01-31", "gpt-5.2"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-4-6-20260205", "claude-opus-4-6"),
    ] {
        assert_eq!(known(vendor, name).id, id, "{name}");
    }
    for (vendor, name) in
        // Another vendor may serve a model under the same name at another price.
        [("anthropic", "gpt-4o"), ("openai", "gpt-4o-latest-2024"), ("openai", ""), ("openai", "-00000000")]
    {
        assert_eq!(lookup(vendor, name), None, "{name}");
    }
}

#[test]
fn quirks_are_those_of_the_model() {
    assert!(known("anthropic", "claude-opus-4-7").quirks.refuses("temperature"));
    assert!(!known("anthropic", "claude-opus-4-6").quirks.refuses("temperature"));
    assert_eq!(known("anthropic", "claude-opus-4-5").quirks.reasoning, ReasoningStyle::Budget);
    assert_eq!(known("anthropic", "claude-sonnet-4-6").quirks.prefill, Some(false));
    assert_eq!(known("ollama", "gpt-oss").quirks.reasoning, ReasoningStyle::Adaptive);
    assert!(known("openai", "gpt-5-mini").quirks.refuses("top_p"));
    // What the vendor's reference has not, and nothing else.
    assert_eq!(known("openai", "gpt-4o").quirks.refuses, ["top_k", "min_p", "repeat_penalty"]);
}

/// A bill that was worked by hand from a vendor's own page.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    vendor: String,
    model: String,
    tier: Option<String>,
    region: Option<String>,
    /// Where the provider's address is, if it serves from one region alone.
    provider_region: Option<String>,
    usage: IndexMap<String, u64>,
    /// Dollars; none: what it costs is not public.
    cost: Option<String>,
    /// The sum.
    why: String,
    /// Where the prices stand, and when they were read.
    #[serde(rename = "page")]
    _page: String,
    date: String,
}

#[test]
fn known_bills_come_out() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../price/cases.json")).unwrap();
    for case in cases {
        let at = baton_model::schema::time::read_day(&case.date).unwrap();
        let mut price = known(&case.vendor, &case.model).price.unwrap();
        if let Some(region) = &case.provider_region {
            price = price.in_region(region);
        }
        let mut used = case
            .usage
            .iter()
            .fold(Usage::default(), |used, (class, amount)| used.with(UsageClass::lookup(class).unwrap(), *amount));
        (used.service_tier, used.region) = (case.tier.clone(), case.region);
        let expected = case.cost.map_or(Cost::Unpriced, |dollars| Cost::Known(Nanos::parse(&dollars).unwrap()));
        assert_eq!(cost(&used, &price, at).total, expected, "{} {:?}: {}", case.model, case.tier, case.why);
    }
}

fn entry(id: &str, price: &str) -> Entry {
    let price = Some(baton_model::schema::read_price(price).unwrap());
    Entry { price, source: "here".into(), date: "2026-11-27".into(), ..Entry::new("openai", id) }
}

fn input_at(entry: &Entry, at: i64) -> Option<String> {
    let price = entry.price.as_ref()?.at(Timestamp(at))?;
    price.rates.get(UsageClass::Input).map(|rate| rate.to_string())
}

#[test]
fn an_update_keeps_what_it_does_not_mention_and_what_was_billed_before() {
    let known = Catalogue::of_entries(
        "2026-11-01",
        vec![entry("a", r#"{"input": 1, "web_searches": 10000, "service_tiers": {"flex": {"input": 0.5}}}"#)],
    );
    let update =
        Catalogue::of_entries("2026-11-27", vec![entry("a", r#"{"input": 2}"#), entry("b", r#"{"input": 3}"#)]);
    let now = Timestamp(1_000);
    let (after, report) = known.updated(&update, true, Effective::From(now), now);
    assert_eq!(report.added, [("openai".to_owned(), "b".to_owned())]);
    let changed: Vec<_> = report
        .changed
        .iter()
        .map(|change| (change.what.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(changed, [("input", Some("1"), Some("2"))]);
    let a = after.lookup("openai", "a").unwrap();
    assert_eq!([999, 1_000].map(|at| input_at(a, at)), [Some("1".to_owned()), Some("2".to_owned())]);
    let price = a.price.as_ref().unwrap();
    assert_eq!(price.rates.get(UsageClass::WebSearches), Nanos::parse("10000"));
    assert_eq!(price.service_tiers.len(), 1);
    // A correction holds for what was before it too; and a list of Baton's own replaces.
    let (corrected, _) = known.updated(&update, false, Effective::Always, now);
    let a = corrected.lookup("openai", "a").unwrap();
    assert_eq!(input_at(a, 0), Some("2".to_owned()));
    assert_eq!(a.price.as_ref().unwrap().rates.get(UsageClass::WebSearches), None);
    // The same once more changes nothing.
    let (again, report) = after.updated(&update, true, Effective::From(Timestamp(5_000)), Timestamp(5_000));
    assert_eq!((report.added.len(), report.changed.len(), report.unchanged), (0, 0, 2));
    assert_eq!(again.entries(), after.entries());
}

#[test]
fn what_was_taken_over_is_kept_until_the_program_knows_newer() {
    let built_in = Catalogue::of_entries(
        "2026-11-01",
        vec![
            Entry { date: "2026-11-01".into(), ..entry("a", r#"{"input": 1}"#) },
            Entry { date: "2026-12-01".into(), ..entry("b", r#"{"input": 1}"#) },
        ],
    );
    let kept = Catalogue::of_entries("2026-11-27", ["a", "b", "c"].map(|id| entry(id, r#"{"input": 2}"#)).to_vec());
    // As it comes back from the database.
    let kept = Catalogue::read(kept.write().as_bytes()).unwrap();
    let after = built_in.with_kept(&kept);
    let inputs = ["a", "b", "c"].map(|id| input_at(after.lookup("openai", id).unwrap(), 0).unwrap());
    assert_eq!(inputs, ["2", "1", "2"]);
    let kept: Vec<String> = after.differing_from(&built_in).into_iter().map(|entry| entry.id).collect();
    assert_eq!(kept, ["a", "c"]);
}

#[test]
fn what_is_written_reads_back() {
    let built_in = Catalogue::built_in();
    let again = Catalogue::read(built_in.write().as_bytes()).unwrap();
    let plain = |entry: &Entry| Entry { quirks: baton_model::Quirks::default(), ..entry.clone() };
    let before: Vec<Entry> = built_in.entries().iter().map(plain).collect();
    assert!(before == again.entries(), "writing a catalogue changes it");
}

#[test]
fn a_wrong_file_names_the_field() {
    for (json, path, problem) in [
        ("[]", "", "must be"),
        (r#"{"models": [{"id": "a"}]}"#, "models[0]", "`vendor` is required"),
        (
            r#"{"models": [{"vendor": "v", "id": "a", "price": {"input": -1}}]}"#,
            "models[0].price.input",
            "must be dollars",
        ),
        (r#"{"models": [{"vendor": "v", "id": "a", "price": {"tea": 1}}]}"#, "models[0].price.tea", "unknown class"),
        (r#"{"models": [{"vendor": "v", "id": "a", "colour": 1}]}"#, "models[0]", "unknown field"),
        (r#"{"models": [{"vendor": "v", "id": "a", "reads": ["tea"]}]}"#, "models[0].reads", "`tea` is not one of"),
        (
            r#"{"models": [{"vendor": "v", "id": "a", "capabilities": ["TEA"]}]}"#,
            "models[0].capabilities",
            "`TEA` is not",
        ),
        (r#"{"models": [{"vendor": "v", "id": "a", "deprecated": "soon"}]}"#, "models[0].deprecated", "must be a date"),
        (r#"{"models": [{"vendor": "v", "id": ""}]}"#, "models[0].id", "must have 1 to"),
    ] {
        let faults = Catalogue::read(json.as_bytes()).unwrap_err();
        let found = faults.first().unwrap();
        assert_eq!(found.path, path, "{json}: {}", found.problem);
        assert!(found.problem.contains(problem), "{json}: {}", found.problem);
    }
}

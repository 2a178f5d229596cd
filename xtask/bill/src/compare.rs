//! The ledger beside the bills and what clients have seen, request by request.

use crate::clients::{RequestEnd, SentRequest};
use crate::ledger::{LedgerAttempt, LedgerRecord};
use crate::prices::{self, Classes, dollars};
use crate::providers::Bill;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the comparison has found.
#[derive(Debug, Default)]
pub struct Comparison {
    pub differences: Vec<String>,
    /// Calls whose usage was reported and read: the ledger has what was billed.
    pub exact: Sum,
    /// Calls that a provider refused: they cost nothing, on both sides.
    pub refused_calls: u64,
    /// Attempts that the ledger has as estimates.
    pub estimates: Sum,
    /// What providers had billed for those, by what they had produced.
    pub billed_of_estimates: Sum,
    /// Estimates by the reason: the outcome of the attempt.
    pub estimates_by_outcome: BTreeMap<String, Sum>,
    /// Attempts whose cost is not known.
    pub unpriced: u64,
    /// Interrupted requests whose estimate is less than what providers had billed: number, and what is missing.
    pub underestimated: Sum,
    /// Replies whose head said what they cost, as the ledger does.
    pub told: u64,
    /// Requests that cost nothing because the cache or another request replied.
    pub hits: u64,
    /// Requests that were refused before any provider was asked.
    pub refused: u64,
    /// How the requests ended for their clients.
    pub ends: BTreeMap<String, u64>,
    /// Classes of usage that were compared, with their amounts.
    pub classes: BTreeMap<&'static str, u64>,
}

/// A number of things and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub number: u64,
    pub nanos: i64,
}

impl Sum {
    fn add(&mut self, nanos: i64) {
        self.number += 1;
        self.nanos += nanos;
    }
}

/// An attempt, and the record that it is in.
type Place<'l> = (&'l LedgerRecord, &'l LedgerAttempt);

/// Compares everything.
pub fn compare(sent: &[SentRequest], bills: &[Bill], records: &[LedgerRecord]) -> Comparison {
    let mut found = Comparison::default();
    let by_number = found.check_records(sent, records);
    found.check_bills(sent, bills, records);
    found.check_requests(sent, &by_number);
    found
}

impl Comparison {
    /// Each request is there once.
    fn check_records<'l>(
        &mut self,
        sent: &[SentRequest],
        records: &'l [LedgerRecord],
    ) -> HashMap<u64, &'l LedgerRecord> {
        let known: HashSet<u64> = sent.iter().map(|sent| sent.number).collect();
        let (mut by_number, mut ids) = (HashMap::new(), HashSet::new());
        for record in records {
            if !ids.insert(record.id.as_str()) {
                self.differ(format!("record {} is there twice", record.id));
            }
            match record.number() {
                Some(number) if known.contains(&number) => {
                    if let Some(other) = by_number.insert(number, record) {
                        let other: &LedgerRecord = other;
                        self.differ(format!("request {number} is there twice: {} and {}", other.id, record.id));
                    }
                }
                _ => self.differ(format!("record {} is of no request that was sent: {:?}", record.id, record.tags)),
            }
        }
        by_number
    }

    /// Each call that a provider knows is there once, at its price; and nothing else is said to be reported.
    fn check_bills(&mut self, sent: &[SentRequest], bills: &[Bill], records: &[LedgerRecord]) {
        let prompts: HashMap<u64, &SentRequest> = sent.iter().map(|sent| (sent.number, sent)).collect();
        let mut named = HashMap::<(&str, &str), Vec<Place<'_>>>::new();
        // Attempts that no provider has named: a head never came, or the process died.
        let mut nameless = HashMap::<u64, Vec<Place<'_>>>::new();
        let mut by_prompt = HashMap::<u64, Vec<&LedgerRecord>>::new();
        for record in records {
            let prompt = record.number().and_then(|number| prompts.get(&number)).map(|sent| sent.prompt);
            by_prompt.entry(prompt.unwrap_or(u64::MAX)).or_default().push(record);
            for attempt in &record.attempts {
                if attempt.cost().is_none() {
                    self.unpriced += 1;
                }
                match &attempt.upstream_request_id {
                    Some(id) => {
                        named.entry((attempt.provider.as_str(), id.as_str())).or_default().push((record, attempt));
                    }
                    None => {
                        nameless.entry(prompt.unwrap_or(u64::MAX)).or_default().push((record, attempt));
                        self.check_nameless(record, attempt);
                    }
                }
            }
        }
        // Those that cost something first: an attempt without a name stands for one of them rather than for a refusal.
        let mut ordered: Vec<&Bill> = bills.iter().collect();
        ordered.sort_by_key(|bill| bill.amounts.is_empty());
        for bill in ordered {
            match named.remove(&(bill.provider, bill.id.as_str())) {
                Some(places) => self.check_named(bill, &places, &prompts),
                None => self.check_unnamed(bill, &mut nameless, &by_prompt),
            }
        }
        for ((provider, id), places) in named {
            let ids: Vec<&str> = places.iter().map(|(record, _)| record.id.as_str()).collect();
            self.differ(format!("{provider} knows no call {id}, which {} has", ids.join(" and ")));
        }
        self.check_interrupted(bills, &by_prompt);
    }

    fn check_named(&mut self, bill: &Bill, places: &[Place<'_>], sent: &HashMap<u64, &SentRequest>) {
        let call = format!("{} {}", bill.provider, bill.id);
        let [(record, attempt)] = places else {
            let ids: Vec<&str> = places.iter().map(|(record, _)| record.id.as_str()).collect();
            return self.differ(format!("{call} is there {} times: {}", places.len(), ids.join(", ")));
        };
        let request = record.number().and_then(|number| sent.get(&number));
        if request.map(|sent| sent.prompt) != bill.prompt {
            self.differ(format!("{call} is of prompt {:?}, and {} says {:?}", bill.prompt, record.id, record.tags));
        }
        let Some(billed) = self.price(bill, attempt, &call) else { return };
        if bill.is_refusal() {
            self.refused_calls += 1;
            if attempt.cost() != Some(0) || !attempt.tokens.is_empty() {
                self.differ(format!("{call} was refused, and {} has {} for it", record.id, told(attempt)));
            }
        } else if attempt.is_reported() {
            self.exact.add(billed);
            for (class, amount) in &bill.amounts {
                *self.classes.entry(class).or_default() += amount;
            }
            if !is_same(&attempt.tokens, &bill.amounts) || attempt.cost() != Some(billed) {
                let billed = format!("{:?} for {}", bill.amounts, dollars(billed));
                self.differ(format!("{call} billed {billed}, and {} has {}", record.id, told(attempt)));
            }
        } else {
            self.add_estimate(attempt);
            self.billed_of_estimates.add(billed);
            let whole = request.is_some_and(|sent| sent.end == RequestEnd::Replied);
            if bill.reported && whole && attempt.outcome == "completed" {
                self.differ(format!(
                    "{call} has said what it costs, its client has the whole reply, and {} has an estimate: {}",
                    record.id,
                    told(attempt)
                ));
            }
        }
    }

    /// What a bill comes to by the price of the model that the ledger names.
    fn price(&mut self, bill: &Bill, attempt: &LedgerAttempt, call: &str) -> Option<i64> {
        let model = prices::model(&attempt.model);
        let model = model.filter(|model| model.upstream == bill.upstream && model.provider == bill.provider);
        let Some(model) = model else {
            self.differ(format!("{call} asked `{}`, and the ledger has `{}`", bill.upstream, attempt.model));
            return None;
        };
        let cost = prices::cost(model, &bill.amounts);
        if cost.is_none() {
            self.differ(format!("{call} billed a class that has no price: {:?}", bill.amounts));
        }
        cost
    }

    /// A call whose name the ledger does not know: an attempt of the same prompt stands for it.
    fn check_unnamed(
        &mut self,
        bill: &Bill,
        nameless: &mut HashMap<u64, Vec<Place<'_>>>,
        by_prompt: &HashMap<u64, Vec<&LedgerRecord>>,
    ) {
        let places = bill.prompt.and_then(|prompt| nameless.get_mut(&prompt));
        let own = |(_, attempt): &Place<'_>| attempt.provider == bill.provider && attempt.upstream == bill.upstream;
        let found = places.and_then(|places| {
            let at = places.iter().position(own);
            at.map(|at| places.swap_remove(at))
        });
        let billed = price_alone(bill);
        let records = bill.prompt.and_then(|prompt| by_prompt.get(&prompt)).map_or(&[][..], Vec::as_slice);
        if found.is_some() {
            self.billed_of_estimates.add(billed);
        } else if !bill.amounts.is_empty() {
            let known: Vec<String> = records.iter().flat_map(|record| record.attempts.iter().map(told)).collect();
            self.differ(format!(
                "{} {} billed {:?} for {} (prompt {:?}), and the ledger does not have it, but: {}",
                bill.provider,
                bill.id,
                bill.amounts,
                dollars(billed),
                bill.prompt,
                known.join("; ")
            ));
        }
    }

    fn check_nameless(&mut self, record: &LedgerRecord, attempt: &LedgerAttempt) {
        if attempt.is_reported() {
            self.differ(format!("{} has a report of a call that has no name: {}", record.id, told(attempt)));
        }
        self.add_estimate(attempt);
    }

    fn add_estimate(&mut self, attempt: &LedgerAttempt) {
        // An attempt that used nothing is called an estimate too, and says nothing of any number.
        if attempt.tokens.is_empty() && attempt.cost() == Some(0) {
            return;
        }
        let nanos = attempt.cost().unwrap_or(0);
        self.estimates.add(nanos);
        self.estimates_by_outcome.entry(attempt.outcome.clone()).or_default().add(nanos);
    }

    /// Whether the estimates of requests that a kill has interrupted cover what was billed for them.
    fn check_interrupted(&mut self, bills: &[Bill], by_prompt: &HashMap<u64, Vec<&LedgerRecord>>) {
        let mut billed = HashMap::<u64, i64>::new();
        for bill in bills {
            if let Some(prompt) = bill.prompt {
                *billed.entry(prompt).or_default() += price_alone(bill);
            }
        }
        for (prompt, records) in by_prompt.iter().filter(|(_, records)| is_interrupted(records)) {
            let billed = billed.get(prompt).copied().unwrap_or(0);
            let recorded: i64 = records.iter().filter_map(|record| record.cost()).sum();
            if recorded < billed {
                self.underestimated.add(billed - recorded);
            }
        }
    }

    /// Each request has the record that its client's view of it asks for.
    fn check_requests(&mut self, sent: &[SentRequest], records: &HashMap<u64, &LedgerRecord>) {
        for request in sent {
            let end = match request.end {
                RequestEnd::Refused(status) => format!("refused with {status}"),
                other => format!("{other:?}").to_lowercase(),
            };
            *self.ends.entry(end).or_default() += 1;
            let number = request.number;
            if request.end == RequestEnd::Hung {
                self.differ(format!("request {number} got no reply"));
            }
            let Some(record) = records.get(&number) else {
                if request.end == RequestEnd::Replied {
                    self.differ(format!("request {number} ({:?}) was replied to and is not in the ledger", request.id));
                }
                // What is refused at the door is not recorded, and what was under way to a killed process never came.
                self.refused += u64::from(matches!(request.end, RequestEnd::Refused(_)));
                continue;
            };
            if request.id.as_ref().is_some_and(|id| *id != record.id) {
                self.differ(format!(
                    "request {number} is {:?} to its client, and {} in the ledger",
                    request.id, record.id
                ));
            }
            if record.attempts.is_empty() && record.cost() != Some(0) {
                self.differ(format!("request {number} ({}) asked no provider, and costs {:?}", record.id, record.cost));
            }
            let sum: Option<i64> = record.attempts.iter().map(LedgerAttempt::cost).sum();
            if sum != record.cost() {
                self.differ(format!("request {number} ({}) costs {:?}, its attempts {sum:?}", record.id, record.cost));
            }
            if request.end == RequestEnd::Replied && request.cost.is_some() {
                self.told += 1;
                if request.cost != record.cost() {
                    let told = request.cost.map(dollars);
                    self.differ(format!("request {number} ({}) told {told:?}, and costs {:?}", record.id, record.cost));
                }
            }
            match request.end {
                RequestEnd::Replied if record.outcome != "completed" || record.status != 200 => self.differ(format!(
                    "request {number} ({}) was replied to, and is {} with {}",
                    record.id, record.outcome, record.status
                )),
                RequestEnd::Replied if record.cache == "hit" => self.hits += 1,
                RequestEnd::Replied => {
                    if !record.attempts.last().is_some_and(LedgerAttempt::is_reported) {
                        self.differ(format!("request {number} ({}) was replied to, and has no report", record.id));
                    }
                }
                RequestEnd::Refused(status) => {
                    self.refused += u64::from(record.attempts.is_empty());
                    if record.status != status {
                        self.differ(format!("request {number} ({}) got {status}, not {}", record.id, record.status));
                    }
                }
                RequestEnd::Failed | RequestEnd::Left | RequestEnd::Broken | RequestEnd::Hung => {}
            }
        }
    }

    fn differ(&mut self, difference: String) {
        self.differences.push(difference);
    }
}

fn is_same(recorded: &BTreeMap<String, u64>, billed: &Classes) -> bool {
    recorded.len() == billed.len() && billed.iter().all(|(class, amount)| recorded.get(*class) == Some(amount))
}

fn is_interrupted(records: &[&LedgerRecord]) -> bool {
    records.iter().any(|record| record.outcome == "interrupted")
}

/// What a bill comes to by the model that the provider was asked for.
fn price_alone(bill: &Bill) -> i64 {
    let model = prices::MODELS.iter().find(|model| model.upstream == bill.upstream);
    model.and_then(|model| prices::cost(model, &bill.amounts)).unwrap_or(0)
}

/// What the ledger has of an attempt.
fn told(attempt: &LedgerAttempt) -> String {
    let cost = match attempt.cost() {
        Some(nanos) => dollars(nanos),
        None => format!("nothing ({})", attempt.unpriced.as_deref().unwrap_or("unpriced")),
    };
    format!("{} {:?} of `{}` for {cost}, {}", attempt.usage, attempt.tokens, attempt.model, attempt.outcome)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sent(number: u64, end: RequestEnd) -> SentRequest {
        SentRequest { number, prompt: number, id: Some(format!("r-{number}")), cost: None, end }
    }

    /// A call of `gpt` that was billed 10 tokens read and 20 produced.
    fn bill(number: u64) -> Bill {
        Bill {
            provider: "openai",
            id: format!("req_sim_{number}"),
            prompt: Some(number),
            upstream: "gpt-4o-mini".into(),
            status: Some(200),
            amounts: Classes::from([("input", 10), ("output", 20)]),
            reported: true,
        }
    }

    /// 1373.77 and 8398.42, rounded one by one.
    const COST: i64 = 1374 + 8398;

    /// Its record, with some fields of the attempt replaced.
    fn record(number: u64, outcome: &str, attempt: Value) -> LedgerRecord {
        let mut own = json!({
            "model": "gpt", "provider": "openai", "upstream": "gpt-4o-mini", "upstream_request_id": format!("req_sim_{number}"),
            "started_at": "2026-01-01T00:00:00Z", "outcome": outcome, "tokens": { "input": 10, "output": 20 }, "usage": "reported",
            "cost": "$0.000009772$",
        });
        for (name, value) in attempt.as_object().unwrap() {
            own[name] = value.clone();
        }
        let record = json!({
            "id": format!("r-{number}"), "outcome": outcome, "status": if outcome == "completed" { 200 } else { 499 },
            "cache": "bypass", "tags": [format!("n-{number}")], "cost": own["cost"], "attempts": [own],
        });
        // Costs are numbers as the API writes them: a float would get an exponent.
        let text = record.to_string().replace("\"$", "").replace("$\"", "");
        serde_json::from_str(&text).unwrap()
    }

    fn check(sent: &[SentRequest], bills: &[Bill], records: &[LedgerRecord], expected: &[&str]) -> Comparison {
        let found = compare(sent, bills, records);
        assert_eq!(found.differences.len(), expected.len(), "{:?}", found.differences);
        for (difference, words) in found.differences.iter().zip(expected) {
            assert!(difference.contains(words), "{difference}");
        }
        found
    }

    #[test]
    fn what_was_billed_and_recorded_is_no_difference() {
        let found = check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &[record(1, "completed", json!({}))], &[]);
        assert_eq!(found.exact, Sum { number: 1, nanos: COST });
    }

    #[test]
    fn a_nano_dollar_too_much_is_a_difference() {
        let wrong = record(1, "completed", json!({ "cost": "$0.000009773$" }));
        check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &[wrong], &["billed"]);
    }

    #[test]
    fn a_client_that_is_told_another_cost_is_a_difference() {
        let told = SentRequest { cost: Some(COST + 1), ..sent(1, RequestEnd::Replied) };
        check(&[told], &[bill(1)], &[record(1, "completed", json!({}))], &["told"]);
    }

    #[test]
    fn a_class_that_is_taken_for_another_is_a_difference() {
        let wrong = record(1, "completed", json!({ "tokens": { "cache_read": 10, "output": 20 } }));
        check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &[wrong], &["billed"]);
    }

    #[test]
    fn a_call_that_is_missing_is_a_difference() {
        let sent = [sent(1, RequestEnd::Left)];
        check(&sent, &[bill(1)], &[], &["the ledger does not have it"]);
        // Another call of the same request does not stand for it.
        let second = Bill { id: "req_sim_7".into(), ..bill(1) };
        check(&sent, &[bill(1), second], &[record(1, "cancelled", json!({}))], &["req_sim_7 billed"]);
    }

    #[test]
    fn what_is_there_twice_is_a_difference() {
        let once = || record(1, "completed", json!({}));
        let twice = [once(), once()];
        let expected = ["record r-1 is there twice", "request 1 is there twice", "is there 2 times"];
        check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &twice, &expected);
    }

    #[test]
    fn a_call_that_nobody_made_is_a_difference() {
        let other = record(1, "completed", json!({ "upstream_request_id": "req_sim_2" }));
        let expected = ["the ledger does not have it", "openai knows no call req_sim_2"];
        check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &[other], &expected);
    }

    #[test]
    fn an_estimate_of_what_was_reported_and_read_is_a_difference() {
        let guess = || record(1, "completed", json!({ "usage": "estimated" }));
        let expected = ["its client has the whole reply", "was replied to, and has no report"];
        check(&[sent(1, RequestEnd::Replied)], &[bill(1)], &[guess()], &expected);
    }

    #[test]
    fn estimates_are_counted_apart() {
        let guess = record(1, "cancelled", json!({ "usage": "estimated", "cost": "$0.00002$" }));
        let found = check(&[sent(1, RequestEnd::Left)], &[bill(1)], &[guess], &[]);
        assert_eq!((found.estimates, found.exact), (Sum { number: 1, nanos: 20_000 }, Sum::default()));
        assert_eq!(found.billed_of_estimates.nanos, COST);
        // A killed process leaves an attempt without a name.
        let killed = record(
            1,
            "interrupted",
            json!({ "usage": "estimated", "upstream_request_id": null, "cost": "$0.000009$" }),
        );
        let found = check(&[sent(1, RequestEnd::Broken)], &[bill(1)], &[killed], &[]);
        assert_eq!(found.estimates, Sum { number: 1, nanos: 9_000 });
        assert_eq!(found.underestimated, Sum { number: 1, nanos: COST - 9_000 });
    }

    #[test]
    fn a_refused_call_that_costs_something_is_a_difference() {
        let refused = Bill { status: Some(500), amounts: Classes::new(), reported: false, ..bill(1) };
        let free = json!({ "usage": "estimated", "tokens": {}, "cost": 0 });
        check(&[sent(1, RequestEnd::Left)], std::slice::from_ref(&refused), &[record(1, "cancelled", free)], &[]);
        let paid = json!({ "usage": "estimated", "cost": "$0.000009772$" });
        check(&[sent(1, RequestEnd::Left)], &[refused], &[record(1, "cancelled", paid)], &["was refused"]);
    }
}

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
    /// Calls of interrupted requests behind the first: the journal knows the first alone, whose estimate stands for all.
    pub behind_first: Sum,
    /// Interrupted requests whose estimate is less than what providers had billed: number, and what is missing.
    pub underestimated: Sum,
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
        } else if is_interrupted(records) && !bill.amounts.is_empty() {
            self.behind_first.add(billed);
        } else if !bill.amounts.is_empty() {
            let known: Vec<String> =
                records.iter().flat_map(|record| record.attempts.iter().map(|attempt| told(attempt))).collect();
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

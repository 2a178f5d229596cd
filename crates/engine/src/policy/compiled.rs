//! One budget or limit, ready to be kept to.

use super::calendar::{period_at, zone};
use baton_kv::Window;
use baton_model::entity::{
    Budget, BudgetPeriod, FailMode, Measure, PolicyMode, PolicyScope, RateLimit, ScopeValues, WhenUnpriced,
};
use baton_model::price::Factor;
use baton_model::record::{Attribution, RUN_TAG};
use baton_model::{Model, Nanos, Timestamp};
use jiff::tz::TimeZone;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between the parts of a counter's name. A value from outside may hold it, so its length stands before each.
const SEPARATOR: char = '\u{1f}';

/// What a policy is. The ids of budgets and those of limits have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// A budget.
    Budget,
    /// A limit.
    Limit,
}

impl PolicyKind {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Limit => "limit",
        }
    }
}

/// A budget or a limit.
#[derive(Debug)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: PolicyKind,
    /// Which requests it is for.
    pub scope: PolicyScope,
    /// What it counts.
    pub measure: Measure,
    /// Whether it refuses.
    pub mode: PolicyMode,
    /// What happens while counters are away.
    pub fail: FailMode,
    /// What a budget does about models without a price; a limit lets them through.
    pub when_unpriced: WhenUnpriced,
    /// Whether an output limit is lowered before a request is refused.
    pub shrink: bool,
    /// Whether a stream ends where the budget is spent.
    pub cut_streams: bool,
    /// The parts of a budget's amount of which somebody wants to know.
    pub alerts: Vec<Factor>,
    amount: Amount,
    span: Span,
    /// How much of a limit may be taken at once, and in which time.
    pub burst: Option<(u64, Duration)>,
    /// Whether it stands in no list, because a request brought it along.
    pub is_brought: bool,
    /// What the names of its counters begin with.
    name: Arc<str>,
}

#[derive(Debug)]
enum Amount {
    Fixed(u64),
    /// It may be raised for a while.
    Budget(Box<Budget>),
}

/// Over which time it counts.
#[derive(Debug)]
enum Span {
    UnderWay,
    Sliding(Duration),
    Calendar(Calendar),
}

#[derive(Debug)]
struct Calendar {
    period: BudgetPeriod,
    zone: TimeZone,
    /// The period that was asked for last: working one out takes longer than all the rest.
    last: Mutex<Option<(Timestamp, Option<Timestamp>)>>,
    /// Nothing counts before.
    starts_at: Option<Timestamp>,
    /// What was spent before does not count.
    reset_at: Option<Timestamp>,
}

/// A counter of a policy that a request takes of.
#[derive(Debug, Clone)]
pub struct PolicyCounter {
    /// Its name.
    pub name: Arc<str>,
    /// The value of each field of the scope.
    pub values: Vec<(&'static str, Arc<str>)>,
}

impl Policy {
    /// A budget.
    pub fn of_budget(budget: Budget) -> Self {
        let known = budget.timezone.as_deref().map(zone);
        if known == Some(None) {
            tracing::error!(budget.id = budget.budget_id, "the time zone of a budget is not known; it counts in UTC");
        }
        let calendar = Calendar {
            period: budget.period,
            zone: known.flatten().unwrap_or(TimeZone::UTC),
            last: Mutex::default(),
            starts_at: budget.starts_at,
            reset_at: budget.reset_at,
        };
        // Not the amount: one that is changed goes on with what was spent.
        let version = version(&(&budget.scope, budget.period.name(), &budget.timezone, budget.starts_at));
        Self {
            name: format!("budget{SEPARATOR}{}{SEPARATOR}{version}", budget.budget_id).into(),
            id: budget.budget_id.clone(),
            kind: PolicyKind::Budget,
            scope: budget.scope.clone(),
            measure: Measure::Cost,
            mode: budget.mode,
            fail: budget.fail,
            when_unpriced: budget.when_unpriced.clone(),
            shrink: budget.shrink,
            cut_streams: budget.cut_streams,
            alerts: budget.alerts.clone(),
            amount: Amount::Budget(Box::new(budget)),
            span: Span::Calendar(calendar),
            burst: None,
            is_brought: false,
        }
    }

    /// What all calls of a run may take together. Not by the amount: who gives another goes on with what was spent.
    pub fn of_run(run: &Arc<str>, measure: Measure, amount: u64) -> Self {
        let calendar = Calendar {
            period: BudgetPeriod::Total,
            zone: TimeZone::UTC,
            last: Mutex::default(),
            starts_at: None,
            reset_at: None,
        };
        Self {
            name: format!("run{SEPARATOR}{}{SEPARATOR}{}:{run}", measure.name(), run.len()).into(),
            id: "run".to_owned(),
            kind: PolicyKind::Budget,
            scope: PolicyScope { run: Some(ScopeValues::one(&**run)), ..PolicyScope::default() },
            measure,
            mode: PolicyMode::Hard,
            fail: FailMode::Closed,
            when_unpriced: WhenUnpriced::Refuse,
            shrink: false,
            // Who gives a run a budget wants it to end there.
            cut_streams: measure == Measure::Cost,
            alerts: Vec::new(),
            amount: Amount::Fixed(amount),
            span: Span::Calendar(calendar),
            burst: None,
            is_brought: true,
        }
    }

    /// The limits of a limit: one for each measure that it sets.
    pub fn of_limit(limit: &RateLimit) -> impl Iterator<Item = Self> + '_ {
        let length = limit.per.map(baton_model::entity::LimitWindow::length);
        limit.measures().map(move |(measure, amount)| {
            let version = version(&(&limit.scope, measure.name(), limit.per));
            let burst = limit.burst.zip(length).filter(|(burst, _)| *burst > 0 && *burst < amount);
            Self {
                name: format!("limit{SEPARATOR}{}{SEPARATOR}{version}", limit.limit_id).into(),
                id: limit.limit_id.clone(),
                kind: PolicyKind::Limit,
                scope: limit.scope.clone(),
                measure,
                mode: limit.mode,
                fail: limit.fail,
                when_unpriced: WhenUnpriced::Allow,
                shrink: false,
                cut_streams: false,
                alerts: Vec::new(),
                amount: Amount::Fixed(amount),
                span: match (measure, length) {
                    (Measure::Concurrency, _) | (_, None) => Span::UnderWay,
                    (_, Some(length)) => Span::Sliding(length),
                },
                // In the part of the window that corresponds to it, so that what is left comes evenly.
                burst: burst.map(|(burst, length)| {
                    let micros = length.as_micros().saturating_mul(u128::from(burst)) / u128::from(amount);
                    (burst, Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX).max(1)))
                }),
                is_brought: false,
            }
        })
    }

    /// The most at a time.
    pub fn amount_at(&self, now: Timestamp) -> u64 {
        match &self.amount {
            Amount::Fixed(amount) => *amount,
            Amount::Budget(budget) => u64::try_from(budget.amount_at(now).0).unwrap_or(0),
        }
    }

    /// Over which time it counts at a moment.
    pub fn window_at(&self, now: Timestamp) -> Window {
        match &self.span {
            Span::UnderWay => Window::Held,
            Span::Sliding(length) => Window::Sliding(*length),
            Span::Calendar(calendar) => {
                let (start, end) = calendar.at(now);
                // What was reset within the period begins anew there.
                let since = calendar.starts_at.max(calendar.reset_at);
                let start = since.filter(|since| *since > start && *since <= now).unwrap_or(start);
                Window::Period { start, end }
            }
        }
    }

    /// How long its window is that slides; `None`: it counts a period, or what is under way.
    pub fn sliding_length(&self) -> Option<Duration> {
        match self.span {
            Span::Sliding(length) => Some(length),
            Span::UnderWay | Span::Calendar(_) => None,
        }
    }

    /// When the period began that a moment is in; the beginning of time for what has no period.
    pub fn begin_at(&self, now: Timestamp) -> Timestamp {
        match self.window_at(now) {
            Window::Period { start, .. } => start,
            Window::Held | Window::Sliding(_) => Timestamp(0),
        }
    }

    /// Whether it counts yet.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        match &self.span {
            // Not when it was reset: by a node whose clock is behind, a budget would not hold until that moment comes.
            Span::Calendar(calendar) => calendar.starts_at.is_none_or(|starts_at| starts_at <= now),
            _ => true,
        }
    }

    /// The counters of a request, which has been routed to the model where the scope asks for that; none: it is for others.
    pub fn counters(&self, of: &Attribution, model: Option<&Model>) -> Vec<PolicyCounter> {
        let Some(fixed) = self.fixed_values(of, model) else { return Vec::new() };
        let tags: Vec<Option<&str>> = match &self.scope.tag {
            None => vec![None],
            Some(wanted) => {
                let mut named: Vec<&str> = tags(of).filter(|tag| wanted.contains(tag)).collect();
                // A client may repeat a tag, but a counter is taken of once.
                named.sort_unstable();
                named.dedup();
                named.into_iter().map(Some).collect()
            }
        };
        tags.into_iter()
            .map(|tag| {
                let values = fixed.iter().copied().chain(tag.map(|tag| ("tag", tag)));
                self.counter(values)
            })
            .collect()
    }

    /// The value that a request has for each field of the scope but the tag; `None` if one is another.
    fn fixed_values<'a>(&self, of: &'a Attribution, model: Option<&'a Model>) -> Option<Vec<(&'static str, &'a str)>> {
        let mut values = Vec::new();
        for (field, wanted) in self.scope.fields().filter(|(field, _)| *field != "tag") {
            let value = match field {
                "project" => of.project.as_deref(),
                "key" => of.key.as_ref().map(|key| key.as_str()),
                "user" => of.user.as_deref(),
                "model" => model.map(|model| model.id.as_str()),
                "provider" => model.map(|model| model.provider.as_str()),
                _ => of.run(),
            }?;
            if !wanted.contains(value) {
                return None;
            }
            values.push((field, value));
        }
        // Runs of different keys are different runs, whatever they are called; so are those of users without a key.
        if self.scope.run.is_some() && self.scope.key.is_none() {
            match (&of.key, &of.user) {
                (Some(key), _) => values.push(("key", key.as_str())),
                (None, Some(user)) if self.scope.user.is_none() => values.push(("user", user)),
                _ => {}
            }
        }
        Some(values)
    }

    /// The counter for these values, one for each field of the scope.
    fn counter<'a>(&self, values: impl Iterator<Item = (&'static str, &'a str)>) -> PolicyCounter {
        let (mut name, mut kept) = (None, Vec::new());
        for (field, value) in values {
            let several = |values: &ScopeValues| values.has_several();
            // A field of one value tells no counters apart.
            if self.scope.fields().find(|(known, _)| *known == field).is_none_or(|(_, values)| several(values)) {
                let name = name.get_or_insert_with(|| self.name.to_string());
                name.push_str(&format!("{SEPARATOR}{}:{value}", value.len()));
            }
            kept.push((field, Arc::from(value)));
        }
        PolicyCounter { name: name.map_or_else(|| Arc::clone(&self.name), Arc::from), values: kept }
    }

    /// The only counter, if the scope has one value in each field.
    pub fn only_counter(&self) -> Option<PolicyCounter> {
        let mut values = Vec::new();
        for (field, wanted) in self.scope.fields() {
            match wanted {
                ScopeValues::Each(each) => match each.as_slice() {
                    [one] => values.push((field, &**one)),
                    _ => return None,
                },
                ScopeValues::Any => return None,
            }
        }
        if self.scope.run.is_some() && self.scope.key.is_none() {
            return None;
        }
        Some(self.counter(values.into_iter()))
    }

    /// Whether all its requests are counted together.
    pub fn has_one_counter(&self) -> bool {
        let apart = self.scope.fields().any(|(_, values)| values.has_several());
        !apart && (self.scope.run.is_none() || self.scope.key.is_some())
    }

    /// Whether it is one of its counters, and not one of a policy of the same id that counted something else.
    pub fn owns(&self, counter: &PolicyCounter) -> bool {
        counter.name.starts_with(&*self.name)
    }

    /// The name of the counter of bursts that belongs to one of its counters.
    pub fn burst_name(counter: &str) -> Arc<str> {
        format!("{counter}{SEPARATOR}burst").into()
    }

    /// Whether a request may have to keep to it, as far as that is known before it is routed.
    pub fn may_concern(&self, of: &Attribution) -> bool {
        self.scope.fields().all(|(field, wanted)| match field {
            "project" => of.project.as_deref().is_some_and(|value| wanted.contains(value)),
            "key" => of.key.as_ref().is_some_and(|value| wanted.contains(value.as_str())),
            "user" => of.user.as_deref().is_some_and(|value| wanted.contains(value)),
            "tag" => tags(of).any(|tag| wanted.contains(tag)),
            "run" => of.run().is_some_and(|value| wanted.contains(value)),
            _ => true,
        })
    }

    /// Whether its amounts are a caller's to see: its own, and those no wider than its project.
    pub fn is_own_of(&self, caller: &baton_model::Caller) -> bool {
        let PolicyScope { project, key, user, run, .. } = &self.scope;
        caller.role == baton_model::entity::Role::Admin || [project, key, user, run].into_iter().any(Option::is_some)
    }

    /// The amount as people read it: `12.5 dollars`, `100 requests`.
    pub fn written(&self, amount: u64) -> String {
        match self.measure {
            Measure::Cost => format!("{} dollars", Nanos(i64::try_from(amount).unwrap_or(i64::MAX))),
            Measure::Requests if amount == 1 => "1 request".to_owned(),
            Measure::Requests => format!("{amount} requests"),
            Measure::Concurrency => format!("{amount} requests at once"),
            Measure::InputTokens => format!("{amount} input tokens"),
            Measure::OutputTokens => format!("{amount} output tokens"),
            Measure::Tokens => format!("{amount} tokens"),
        }
    }
}

impl Calendar {
    fn at(&self, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let found = last.filter(|(start, end)| *start <= now && end.is_none_or(|end| now < end));
        found.unwrap_or_else(|| *last.insert(period_at(self.period, &self.zone, now)))
    }
}

/// The tags of a request, without the one that names its run.
fn tags(of: &Attribution) -> impl Iterator<Item = &str> {
    of.tags.iter().map(String::as_str).filter(|tag| !tag.starts_with(RUN_TAG))
}

/// A word that is the same for the same scope and time on every node and in every run of the program: counters of what a
/// policy was before must not be taken for its own.
fn version(of: &impl serde::Serialize) -> String {
    use sha2::{Digest, Sha256};
    let text = serde_json::to_string(of).unwrap_or_default();
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

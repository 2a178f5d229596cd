//! What a caller is told whose request a policy refuses.

use super::compiled::{Policy, PolicyKind};
use super::reservation::ReservedAmount;
use baton_kv::{Count, Window};
use baton_model::entity::Measure;
use baton_model::schema::time;
use baton_model::{Caller, Code, Nanos, PublicError, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// When to come back while calls are under way: they end within moments.
const SOON: Duration = Duration::from_secs(1);

/// Why nothing could be reserved.
#[derive(Debug)]
pub struct Refusal {
    /// What the caller is told.
    pub error: PublicError,
    /// What a budget has left that lowers output limits before it refuses.
    pub shrink_to: Option<Nanos>,
}

impl From<PublicError> for Refusal {
    fn from(error: PublicError) -> Self {
        Self { error, shrink_to: None }
    }
}

/// A limit or budget leaves no room.
pub fn exhausted(
    reserved: &ReservedAmount,
    count: Count,
    room_at: Option<Timestamp>,
    caller: &Caller,
    now: Timestamp,
) -> Refusal {
    let ReservedAmount { policy, limit, amount, window, .. } = reserved;
    let kind = policy.kind.name();
    let shown = policy.is_own_of(caller);
    let mut message = format!("the {kind} `{}` leaves no room for this request", policy.id);
    if shown {
        message.push_str(&match policy.measure {
            Measure::Concurrency => format!(": {}, all under way", policy.written(*limit)),
            Measure::Requests => format!(": {}{}, all spent", policy.written(*limit), over(*window)),
            _ => format!(
                ": {}{}, {} spent, {} reserved, and it may take {}",
                policy.written(*limit),
                over(*window),
                policy.written(count.spent),
                policy.written(count.held),
                policy.written(*amount)
            ),
        });
    }
    let resets_at = match window {
        Window::Period { end, .. } => *end,
        Window::Held | Window::Sliding(_) => room_at,
    };
    // A request that is larger than all of it never fits, however long somebody waits.
    let fits = amount <= limit;
    let code = match policy.kind {
        PolicyKind::Budget => Code::BudgetExceeded,
        PolicyKind::Limit => Code::RateLimitExceeded,
    };
    let mut error = PublicError::new(code, message).detail("policy", quoted(&policy.id));
    if shown {
        // The values that the counter is for, and not the scope: a list may name other projects and keys.
        let values: BTreeMap<&str, &str> =
            reserved.counter.values.iter().map(|(field, value)| (*field, &**value)).collect();
        let scope = serde_json::to_string(&values).unwrap_or_default();
        let remaining = limit.saturating_sub(count.spent).saturating_sub(count.held);
        error = error.detail("scope", scope);
        for (name, amount) in
            [("amount", *limit), ("spent", count.spent), ("reserved", count.held), ("remaining", remaining)]
        {
            error = error.detail(name, number(policy, amount));
        }
    }
    error = error.detail("resets_at", resets_at.map_or_else(|| "null".into(), |at| quoted(&time::write(at))));
    if policy.kind == PolicyKind::Limit && fits {
        // In whole seconds, upwards: who comes back a moment too early is refused again.
        let wait = room_at.map_or(SOON, |at| at.since(now));
        error.retry_after = Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(SOON));
    }
    let left = limit.saturating_sub(count.spent).saturating_sub(count.held);
    let shrink_to = policy.shrink.then(|| Nanos(i64::try_from(left).unwrap_or(i64::MAX)));
    Refusal { error, shrink_to }
}

/// Nobody knows what the request would cost.
pub fn unpriced(policy: &Policy, reason: &str) -> PublicError {
    let message = format!("the budget `{}` refuses models without a price: {reason}", policy.id);
    PublicError::new(Code::BudgetExceeded, message).detail("policy", quoted(&policy.id))
}

/// What was spent can't be known now.
pub fn unreadable(policy: &Policy) -> PublicError {
    let kind = policy.kind.name();
    let message = format!("what is spent of the {kind} `{}` can't be read at the moment", policy.id);
    let error = PublicError::new(Code::Overloaded, message).detail("policy", quoted(&policy.id));
    PublicError { retry_after: Some(SOON), ..error }
}

fn over(window: Window) -> String {
    match window {
        Window::Sliding(length) => match length.as_secs() {
            1 => " a second".into(),
            60 => " a minute".into(),
            3_600 => " an hour".into(),
            86_400 => " a day".into(),
            _ => format!(" in {} ms", length.as_millis()),
        },
        Window::Held | Window::Period { .. } => String::new(),
    }
}

/// Money as exact dollars, everything else as it is counted.
fn number(policy: &Policy, amount: u64) -> String {
    match policy.measure {
        Measure::Cost => Nanos(i64::try_from(amount).unwrap_or(i64::MAX)).to_string(),
        _ => amount.to_string(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

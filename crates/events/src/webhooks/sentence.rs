//! An event as one sentence for people: what happened, to whom, how much, and until when.

use super::slack::code;
use baton_model::EventKind;
use baton_store::StoredEvent;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The sentence of an event. Values from outside stand in it as code; the rest is Baton's own words.
///
/// A fact that an event of an older version does not have is left out.
pub fn sentence(event: &StoredEvent) -> String {
    let data = EventData::read(&event.data);
    let subject = code(&event.subject);
    match event.kind {
        EventKind::ModelRegistered => format!("The model {subject}{} was registered.", data.provider()),
        EventKind::ModelUpdated => format!("The model {subject}{} was changed.", data.provider()),
        EventKind::ModelDeleted => format!("The model {subject}{} was deleted.", data.provider()),
        EventKind::ModelRequestCompleted => completed_request(&data, &subject),
        EventKind::ModelRequestFailed => failed_request(&data, &subject),
        EventKind::ModelFeedbackReceived => feedback(&data, &subject),
        EventKind::ModelHealthChanged => health(&data, &subject, &event.source),
        EventKind::BudgetThreshold => budget(&data, &subject, REACHED),
        EventKind::BudgetExceeded => budget(&data, &subject, "is spent:"),
        EventKind::LimitExceeded => limit(&data, &subject),
        EventKind::UsageUnpriced => unpriced(&data, &subject),
        EventKind::ProviderUnavailable => unavailable(&data, &subject, &event.source),
        EventKind::ProviderRecovered => format!("The provider {subject} replies again (node {}).", code(&event.source)),
        EventKind::KeyCreated => key(&data, &subject, "created"),
        EventKind::KeyRevoked => key(&data, &subject, "revoked"),
        EventKind::ProviderRegistered => format!("The provider {subject} was registered."),
        EventKind::ProviderUpdated => format!("The provider {subject} was changed."),
        EventKind::ProviderDeleted => format!("The provider {subject} was deleted."),
        EventKind::ProjectCreated => format!("The project {subject} was created."),
        EventKind::ProjectUpdated => format!("The project {subject} was changed."),
        EventKind::ProjectDeleted => format!("The project {subject} was deleted."),
        EventKind::BudgetCreated => format!("The budget {subject}{} was created.", data.dollars_a_period()),
        EventKind::BudgetUpdated => format!("The budget {subject}{} was changed.", data.dollars_a_period()),
        EventKind::BudgetDeleted => format!("The budget {subject} was deleted."),
        EventKind::LimitCreated => format!("The limit {subject} was created."),
        EventKind::LimitUpdated => format!("The limit {subject} was changed."),
        EventKind::LimitDeleted => format!("The limit {subject} was deleted."),
        EventKind::UserCreated => format!("The user {subject} was registered."),
        EventKind::UserUpdated => format!("The user {subject} was changed."),
        EventKind::UserDeleted => format!("The user {subject} was deleted."),
    }
}

fn key(data: &EventData, subject: &str, change: &str) -> String {
    let name = data.code("name").map(|name| format!(" ({name})")).unwrap_or_default();
    let project = data.code("project_id").map(|project| format!(" of the project {project}")).unwrap_or_default();
    format!("The key {subject}{name}{project} was {change}.")
}

fn completed_request(data: &EventData, subject: &str) -> String {
    let time = data.number("latency_ms").map(|time| format!(" after {time} ms")).unwrap_or_default();
    let cost = data.number("cost").map(|cost| format!(" and cost {cost} dollars")).unwrap_or_default();
    format!("The request {subject}{} completed{time}{cost}.", data.model())
}

fn failed_request(data: &EventData, subject: &str) -> String {
    let model = data.model();
    match data.text("outcome").as_deref() {
        Some("cancelled") => format!("The request {subject}{model} was cancelled by its client."),
        Some("interrupted") => format!("The request {subject}{model} was interrupted, because its node ended."),
        _ => {
            let error = data.error("error", "code");
            format!("The request {subject}{model} failed{error}.")
        }
    }
}

fn feedback(data: &EventData, subject: &str) -> String {
    let score = data.number("score").map(|score| format!(" with {score}, from -1 to 1")).unwrap_or_default();
    let comment = data.code("comment").map(|comment| format!(": {comment}")).unwrap_or_default();
    format!("The reply to the request {subject}{} was rated{score}{comment}.", data.model())
}

fn health(data: &EventData, subject: &str, node: &str) -> String {
    let (provider, node) = (data.provider(), code(node));
    if data.text("circuit").as_deref() == Some("closed") {
        return format!("The model {subject}{provider} replies again on the node {node}: its circuit closed.");
    }
    let failures = data.number("failures_in_a_row").unwrap_or_else(|| "several".into());
    let error = data.error("last_error", "kind");
    format!(
        "The model {subject}{provider} fails on the node {node}: its circuit opened after {failures} failures in a row{error}."
    )
}

fn budget(data: &EventData, subject: &str, standing: &str) -> String {
    let part = match data.number("threshold").and_then(|part| part.parse::<f64>().ok()) {
        Some(part) if standing == REACHED => format!(" {} percent of its amount:", percent(part)),
        _ => String::new(),
    };
    let spent = data.number("spent").unwrap_or_else(|| "an unknown part".into());
    let amount = data.number("amount").unwrap_or_else(|| "an unknown number".into());
    let reset = data.code("resets_at").map(|time| format!("; it resets at {time}")).unwrap_or_default();
    format!("The budget {subject}{} {standing}{part} {spent} of {amount} dollars{reset}.", data.values())
}

fn limit(data: &EventData, subject: &str) -> String {
    let values = data.values();
    let effect = match data.text("mode").as_deref() {
        Some("soft") => "is exceeded and lets requests through",
        _ => "refuses requests",
    };
    let amount = data.number("amount").unwrap_or_else(|| "an unknown number".into());
    let unit = match data.text("measure").as_deref() {
        Some("requests") => "requests",
        Some("input_tokens") => "input tokens",
        Some("output_tokens") => "output tokens",
        Some("tokens") => "tokens",
        Some("cost") => "dollars",
        Some("concurrency") => "requests at once",
        _ => "units",
    };
    let per = data.word("per").map(|per| format!(" per {per}")).unwrap_or_default();
    format!("The limit {subject}{values} {effect}: it allows {amount} {unit}{per}; said once in an hour.")
}

fn unpriced(data: &EventData, subject: &str) -> String {
    let reason = data.code("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("The model {subject}{} was used without a price{reason}; said once in a day.", data.provider())
}

fn unavailable(data: &EventData, subject: &str, node: &str) -> String {
    let node = code(node);
    let error = data.error("last_error", "kind");
    match data.text("reason").as_deref() {
        Some("key_refused") => format!("The provider {subject} refuses its key on the node {node}{error}."),
        _ => format!("The provider {subject} is unavailable on the node {node}: none of its models replies{error}."),
    }
}

/// What is said of a budget that has reached a threshold.
const REACHED: &str = "has reached";

/// A part as a number of percent, without zeros that say nothing.
fn percent(part: f64) -> String {
    let percent = format!("{:.4}", part * 100.0);
    percent.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The fields of an event. Numbers stay as they were written: money is exact.
struct EventData(BTreeMap<String, Box<RawValue>>);

impl EventData {
    fn read(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap_or_default())
    }

    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    fn number(&self, name: &str) -> Option<String> {
        let text = self.0.get(name)?.get();
        let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        match text.parse::<f64>() {
            // People don't read `2e-5`.
            Ok(number) if is_number && text.contains(['e', 'E']) => Some(number.to_string()),
            _ => is_number.then(|| text.to_owned()),
        }
    }

    /// A text as code; `None` also for an empty one, which says nothing.
    fn code(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty()).map(|text| code(&text))
    }

    /// A word of Baton's own, such as `minute`. That an event has it says nothing: it has to look like one.
    fn word(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| is_word(text))
    }

    fn provider(&self) -> String {
        self.code("provider").map(|provider| format!(" of the provider {provider}")).unwrap_or_default()
    }

    /// The model of a request: the one that served it or was tried, else the one that was asked for.
    fn model(&self) -> String {
        let served = self.code("model").or_else(|| self.code("model_id"));
        match served.or_else(|| self.code("requested")) {
            Some(model) => format!(" for the model {model}{}", self.provider()),
            None => String::new(),
        }
    }

    /// An error that is an object with a message, and a word for its kind.
    fn error(&self, name: &str, kind: &str) -> String {
        let Some(error) = self.0.get(name).map(|error| Self::read(error.get())) else { return String::new() };
        let parts: Vec<String> = [error.word(kind), error.code("message")].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
    }

    /// Whose counter of a policy it is.
    fn values(&self) -> String {
        let Some(values) = self.0.get("values").map(|values| Self::read(values.get())) else { return String::new() };
        let values: Vec<String> = values
            .0
            .keys()
            .filter(|field| is_word(field))
            .filter_map(|field| Some(format!("{field} {}", values.code(field)?)))
            .collect();
        if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) }
    }

    /// How much a budget is, and for how long.
    fn dollars_a_period(&self) -> String {
        match (self.number("amount"), self.word("period")) {
            (Some(amount), Some(period)) => format!(" ({amount} dollars, period {period})"),
            _ => String::new(),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_lowercase() || character == '_')
}

#[cfg(test)]
mod tests;

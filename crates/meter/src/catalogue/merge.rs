//! Newer facts over those that are known, and what they change.

use super::entry::Entry;
use super::{Catalogue, price_text};
use baton_model::price::{ContextTier, Price, ServiceTier};
use baton_model::{Timestamp, bounds};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// From when changed prices hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effective {
    /// From then on; earlier requests keep the price that they had.
    From(Timestamp),
    /// They always should have: what was known was wrong.
    Always,
}

/// One amount of one model that an update changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    /// Whose model.
    pub vendor: String,
    /// The vendor's name for it.
    pub model: String,
    /// What: `input`, `service_tiers.flex.output`, `token_limit`.
    pub what: String,
    /// What was known; `None`: nothing.
    pub before: Option<String>,
    /// What is said now; `None`: nothing.
    pub after: Option<String>,
}

/// What an update changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateReport {
    /// Models that were not known, as vendor and name.
    pub added: Vec<(String, String)>,
    /// Amounts that change.
    pub changed: Vec<PriceChange>,
    /// Models of the update that stay as they are.
    pub unchanged: u64,
}

impl Catalogue {
    /// The catalogue with newer facts over it, and what they change at a time. With `overlay`, what the update does not
    /// mention of a price stays; else its prices replace the known ones. Models that it does not have stay.
    pub fn updated(&self, update: &Self, overlay: bool, effective: Effective, now: Timestamp) -> (Self, UpdateReport) {
        let mut report = UpdateReport::default();
        let mut entries = self.entries.clone();
        let mut places: HashMap<(&str, &str), usize> = HashMap::new();
        for (place, entry) in self.entries.iter().enumerate() {
            places.insert((&entry.vendor, &entry.id), place);
        }
        for new in &update.entries {
            // By an alias too: a list may call a model by its dated name.
            let place = self
                .lookup_name(&new.vendor, &new.id)
                .and_then(|known| places.get(&(known.vendor.as_str(), known.id.as_str())).copied());
            let Some(known) = place.and_then(|place| entries.get_mut(place)) else {
                report.added.push((new.vendor.clone(), new.id.clone()));
                entries.push(new.clone());
                continue;
            };
            let merged = merge(known, new, overlay, effective, now);
            let changes = changes(known, &merged, now);
            if changes.is_empty() {
                report.unchanged += 1;
            } else {
                report.changed.extend(changes);
                *known = merged;
            }
        }
        entries.sort_by(|one, other| (&one.vendor, &one.id).cmp(&(&other.vendor, &other.id)));
        let date = self.date.clone().max(update.date.clone());
        let vendors = if self.vendors.is_empty() { update.vendors.clone() } else { self.vendors.clone() };
        (Self::new(date, entries, self.kinds.clone(), vendors), report)
    }

    /// The entries that differ from another catalogue's: what has to be kept to have them again.
    pub fn differing_from(&self, other: &Self) -> Vec<Entry> {
        let known: HashMap<(&str, &str), &Entry> =
            other.entries.iter().map(|entry| ((entry.vendor.as_str(), entry.id.as_str()), entry)).collect();
        let differs = |entry: &&Entry| known.get(&(entry.vendor.as_str(), entry.id.as_str())) != Some(entry);
        self.entries.iter().filter(differs).cloned().collect()
    }

    /// The catalogue with kept entries in place of its own, unless its own are newer: a program's update brings facts
    /// that are newer than what was taken over before it. Quirks stay.
    #[must_use]
    pub fn with_kept(&self, kept: &Self) -> Self {
        let mut entries = self.entries.clone();
        for new in &kept.entries {
            let known = entries.iter_mut().find(|known| known.vendor == new.vendor && known.id == new.id);
            match known {
                Some(known) if known.date <= new.date => {
                    let quirks = known.quirks.clone();
                    *known = Entry { quirks, ..new.clone() };
                }
                Some(_) => {}
                None => entries.push(new.clone()),
            }
        }
        entries.sort_by(|one, other| (&one.vendor, &one.id).cmp(&(&other.vendor, &other.id)));
        let date = self.date.clone().max(kept.date.clone());
        Self::new(date, entries, self.kinds.clone(), self.vendors.clone())
    }
}

fn merge(known: &Entry, new: &Entry, overlay: bool, effective: Effective, now: Timestamp) -> Entry {
    let price = match (&known.price, &new.price) {
        (known, None) => known.clone(),
        (None, Some(new)) => Some(new.clone()),
        (Some(known), Some(new)) => Some(merge_price(known, new, overlay, effective, now)),
    };
    let either = |new: &Vec<String>, known: &Vec<String>| if new.is_empty() { known.clone() } else { new.clone() };
    Entry {
        price,
        token_limit: new.token_limit.or(known.token_limit),
        max_tokens: new.max_tokens.or(known.max_tokens),
        reads: either(&new.reads, &known.reads),
        writes: either(&new.writes, &known.writes),
        deprecated: new.deprecated.clone().or_else(|| known.deprecated.clone()),
        source: new.source.clone(),
        date: new.date.clone(),
        ..known.clone()
    }
}

fn merge_price(known: &Price, new: &Price, overlay: bool, effective: Effective, now: Timestamp) -> Price {
    // One that says its own times knows better than when it was taken over.
    if new.from.is_some() || new.until.is_some() || !new.periods.is_empty() {
        return new.clone();
    }
    let current = known.at(now).map(timeless);
    let merged = match &current {
        Some(current) if overlay => overlaid(current, new),
        _ => new.clone(),
    };
    if current.as_ref() == Some(&merged) {
        return known.clone();
    }
    match effective {
        Effective::Always => merged,
        Effective::From(from) => {
            let mut periods: Vec<Price> = known.periods.iter().map(|period| ended(period, from)).collect();
            periods.push(ended(&Price { periods: Vec::new(), ..known.clone() }, from));
            // The oldest go first: nobody reprices what was years ago.
            periods.sort_by_key(|period| period.from);
            let surplus = periods.len().saturating_sub(bounds::TIERS);
            periods.drain(..surplus);
            Price { from: Some(from), periods, ..merged }
        }
    }
}

fn timeless(price: &Price) -> Price {
    Price { from: None, until: None, periods: Vec::new(), ..price.clone() }
}

fn ended(price: &Price, at: Timestamp) -> Price {
    Price { until: Some(price.until.map_or(at, |until| until.min(at))), ..price.clone() }
}

/// The price with another's amounts in place of its own, where the other has some.
fn overlaid(known: &Price, new: &Price) -> Price {
    let mut price = known.clone();
    price.rates.overlay(&new.rates);
    overlay_contexts(&mut price.context_tiers, &new.context_tiers);
    for tier in &new.service_tiers {
        match price.service_tiers.iter_mut().find(|known| known.name == tier.name) {
            Some(known) => overlay_tier(known, tier),
            None => price.service_tiers.push(tier.clone()),
        }
    }
    for (region, factor) in &new.regions {
        match price.regions.iter_mut().find(|(known, _)| known == region) {
            Some(known) => known.1 = *factor,
            None => price.regions.push((region.clone(), *factor)),
        }
    }
    price
}

fn overlay_tier(known: &mut ServiceTier, new: &ServiceTier) {
    known.factor = new.factor.or(known.factor);
    known.rates.overlay(&new.rates);
    overlay_contexts(&mut known.context_tiers, &new.context_tiers);
}

fn overlay_contexts(known: &mut Vec<ContextTier>, new: &[ContextTier]) {
    for tier in new {
        match known.iter_mut().find(|known| known.above == tier.above) {
            Some(known) => known.rates.overlay(&tier.rates),
            None => known.push(tier.clone()),
        }
    }
    known.sort_by_key(|tier| tier.above);
}

fn changes(known: &Entry, merged: &Entry, now: Timestamp) -> Vec<PriceChange> {
    let (before, after) = (facts(known, now), facts(merged, now));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let change = |name: &String| PriceChange {
        vendor: known.vendor.clone(),
        model: known.id.clone(),
        what: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    let mut changes: Vec<PriceChange> = differing.map(change).collect();
    // A price that begins later changes nothing now, and is a change all the same.
    if changes.is_empty() && known.price != merged.price {
        let (before, after) = (Some("as now".to_owned()), Some("other prices at other times".to_owned()));
        let (vendor, model) = (known.vendor.clone(), known.id.clone());
        changes.push(PriceChange { vendor, model, what: "periods".to_owned(), before, after });
    }
    changes
}

/// What is known of a model at a time, each fact by its path.
fn facts(entry: &Entry, now: Timestamp) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    if let Some(price) = entry.price.as_ref().and_then(|price| price.at(now)) {
        flatten("", &price_text::of(&timeless(price)), &mut facts);
    }
    let numbers = [("token_limit", entry.token_limit), ("max_tokens", entry.max_tokens)];
    facts.extend(numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), number?.to_string()))));
    facts.extend(entry.deprecated.clone().map(|day| ("deprecated".to_owned(), day)));
    facts
}

fn flatten(path: &str, value: &Value, facts: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| flatten(&below(name), value, facts)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(place, value)| flatten(&below(&place.to_string()), value, facts));
        }
        Value::String(text) => drop(facts.insert(path.to_owned(), text.clone())),
        other => drop(facts.insert(path.to_owned(), other.to_string())),
    }
}

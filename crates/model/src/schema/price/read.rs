//! A price as somebody writes it. Every reader (the API, the configuration, the catalogue, updates of prices) takes this
//! one, so that the same price means the same everywhere; everything that is wrong is named, with its path.

use super::super::json::Members;
use crate::bounds::{self, Maximum};
use crate::clock::Timestamp;
use crate::money::Nanos;
use crate::price::{ContextTier, Factor, Price, Rates, ServiceTier};
use crate::schema::time;
use crate::usage::UsageClass;
use serde_json::value::RawValue;

/// What is wrong with a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceFault {
    /// Where, from the price on: `service_tiers.flex.input`; empty for the price itself.
    pub path: String,
    /// What was expected, and what is there.
    pub problem: String,
}

/// Reads a price: amounts and factors as JSON strings or numbers, times as RFC 3339 or dates; null is as absent.
///
/// # Errors
/// Everything that is wrong, in the order in which it stands there.
pub fn read_price(json: &str) -> Result<Price, Vec<PriceFault>> {
    let mut reader = Reader::default();
    let price = reader.price("", json, true);
    if reader.faults.is_empty() { Ok(price) } else { Err(reader.faults) }
}

type Member = (String, Box<RawValue>);

#[derive(Default)]
struct Reader {
    faults: Vec<PriceFault>,
}

impl Reader {
    fn fault(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        // A client may send anything of the size of a body; what is kept of its faults is bounded.
        if self.faults.len() < bounds::FAULTS {
            self.faults.push(PriceFault { path: path.into(), problem: problem.into() });
        }
    }

    fn price(&mut self, path: &str, json: &str, with_periods: bool) -> Price {
        let mut price = Price::default();
        for (name, value) in self.members(path, json, "an object such as {\"input\": 0.59, \"output\": 0.79}") {
            let (field, text) = (join(path, &name), value.get());
            match name.as_str() {
                _ if text == "null" => {}
                "context_tiers" => price.context_tiers = self.context_tiers(&field, text),
                "service_tiers" => price.service_tiers = self.service_tiers(&field, text),
                "regions" => price.regions = self.regions(&field, text),
                "from" => price.from = self.time(&field, text),
                "until" => price.until = self.time(&field, text),
                "periods" if with_periods => price.periods = self.periods(&field, text),
                // The first version wrote so. Such rows may still be in databases.
                "rates" => self.rates(&field, text, &mut price.rates),
                _ => self.rate(path, &name, text, &mut price.rates),
            }
        }
        if let (Some(from), Some(until)) = (price.from, price.until)
            && until <= from
        {
            self.fault(join(path, "until"), "must be after `from`");
        }
        price
    }

    /// Reads one amount into its class.
    fn rate(&mut self, path: &str, name: &str, text: &str, rates: &mut Rates) {
        let field = join(path, name);
        let Some(class) = UsageClass::lookup(name) else {
            let known = UsageClass::ALL.map(UsageClass::name).join(", ");
            return self.fault(field, format!("unknown class; known classes: {known}"));
        };
        match amount(text) {
            _ if text == "null" => {}
            Some(rate) => rates.set(class, rate),
            None => {
                let expected =
                    "must be dollars per million as a decimal of at most nine places, such as 0.59 or \"0.59\"";
                self.fault(field, format!("{expected}, got {}", brief(text)));
            }
        }
    }

    fn rates(&mut self, path: &str, json: &str, rates: &mut Rates) {
        for (name, value) in self.members(path, json, "an object of amounts") {
            self.rate(path, &name, value.get(), rates);
        }
    }

    /// Tiers in order of size, whatever order they were written in: [`Price`] promises it.
    fn context_tiers(&mut self, path: &str, json: &str) -> Vec<ContextTier> {
        let expected = "must be an array of objects such as {\"above\": 200000, \"input\": 6}";
        let list = self.list(path, json, expected);
        let mut tiers: Vec<ContextTier> = list.iter().map(|tier| self.context_tier(path, tier.get())).collect();
        tiers.sort_by_key(|tier| tier.above);
        tiers
    }

    fn context_tier(&mut self, path: &str, json: &str) -> ContextTier {
        let (mut above, mut rates) = (None, Rates::default());
        for (name, value) in self.members(path, json, "an object such as {\"above\": 200000, \"input\": 6}") {
            match name.as_str() {
                "above" => above = value.get().parse().ok(),
                "rates" => self.rates(path, value.get(), &mut rates),
                _ => self.rate(path, &name, value.get(), &mut rates),
            }
        }
        if above.is_none() {
            self.fault(join(path, "above"), "must be a number of tokens");
        }
        // The zero is never kept: the fault refuses the whole price.
        ContextTier { above: above.unwrap_or(0), rates }
    }

    fn service_tiers(&mut self, path: &str, json: &str) -> Vec<ServiceTier> {
        let named = self.named(path, json, "must be an object such as {\"flex\": {\"input\": 0.5}}");
        named.into_iter().map(|(name, value)| self.service_tier(path, name, value.get())).collect()
    }

    fn service_tier(&mut self, path: &str, name: String, json: &str) -> ServiceTier {
        let path = join(path, &name);
        let mut tier = ServiceTier { name, ..ServiceTier::default() };
        for (name, value) in self.members(&path, json, "an object such as {\"input\": 0.5} or {\"factor\": 0.5}") {
            let (field, text) = (join(&path, &name), value.get());
            match name.as_str() {
                "factor" if text == "null" => {}
                "factor" => tier.factor = self.factor(&field, text),
                "context_tiers" => tier.context_tiers = self.context_tiers(&field, text),
                "rates" => self.rates(&field, text, &mut tier.rates),
                _ => self.rate(&path, &name, text, &mut tier.rates),
            }
        }
        tier
    }

    fn regions(&mut self, path: &str, json: &str) -> Vec<(String, Factor)> {
        let named = self.named(path, json, "must be an object such as {\"us\": 1.1}");
        let read = |(name, value): Member| {
            let factor = self.factor(&join(path, &name), value.get())?;
            Some((name, factor))
        };
        named.into_iter().filter_map(read).collect()
    }

    fn periods(&mut self, path: &str, json: &str) -> Vec<Price> {
        let list = self.list(path, json, "must be an array of prices with `from` or `until`");
        let mut periods = Vec::new();
        for period in &list {
            let price = self.price(path, period.get(), false);
            if price.from.is_none() && price.until.is_none() {
                self.fault(path, "each must have `from` or `until`");
            }
            periods.push(price);
        }
        periods
    }

    fn factor(&mut self, field: &str, text: &str) -> Option<Factor> {
        let factor = Factor::parse(unquoted(text).trim());
        if factor.is_none() {
            let expected = "must be a factor as a decimal of at most six places, up to 1000, such as 1.1 or \"1.1\"";
            self.fault(field, format!("{expected}, got {}", brief(text)));
        }
        factor
    }

    fn time(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        let time = serde_json::from_str::<String>(text).ok().and_then(|text| time::read(&text));
        if time.is_none() {
            self.fault(field, format!("must be {}, got {}", time::EXPECTED, brief(text)));
        }
        time
    }

    fn members(&mut self, path: &str, json: &str, expected: &str) -> Vec<Member> {
        let mut reader = serde_json::Deserializer::from_str(json);
        match serde::Deserializer::deserialize_map(&mut reader, Members) {
            Ok(members) => members,
            Err(_) => {
                self.fault(path, format!("must be {}, got {}", expected.trim_start_matches("must be "), brief(json)));
                Vec::new()
            }
        }
    }

    /// The members of an object whose names are somebody's own.
    fn named(&mut self, path: &str, json: &str, expected: &str) -> Vec<Member> {
        let mut named = self.members(path, json, expected);
        self.check_number(path, named.len());
        // What is too long or too many was noted; it is not read as well.
        named.truncate(bounds::TIERS);
        named.retain(|(name, _)| match Maximum::Bytes(bounds::ID).check(name) {
            Ok(()) => true,
            Err(problem) => {
                self.fault(join(path, &brief(name)), problem);
                false
            }
        });
        named
    }

    fn list(&mut self, path: &str, json: &str, expected: &str) -> Vec<Box<RawValue>> {
        let Ok(mut list) = serde_json::from_str::<Vec<Box<RawValue>>>(json) else {
            self.fault(path, expected);
            return Vec::new();
        };
        self.check_number(path, list.len());
        list.truncate(bounds::TIERS);
        list
    }

    fn check_number(&mut self, path: &str, number: usize) {
        if let Err(problem) = Maximum::Entries(bounds::TIERS).check_length(number) {
            self.fault(path, problem);
        }
    }
}

/// Dollars, as a JSON string or number.
fn amount(text: &str) -> Option<Nanos> {
    Nanos::parse_scaled(unquoted(text).trim(), 0)
}

/// The text of a JSON string, else the JSON itself.
fn unquoted(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn brief(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

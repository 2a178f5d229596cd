//! `[[budgets]]` and `[[limits]]`: each a policy's own schema, but for what Baton says of it.

use super::registered::{TableFaults, read_table};
use baton_control::faults::Faults;
use baton_control::policies::PolicyKind;
use baton_model::Timestamp;
use baton_model::entity::{Budget, PolicyMode, PolicyScope, RateLimit};
use baton_model::schema::settable_names;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::PartialSchema;

/// A budget or a limit.
#[derive(Debug, Clone)]
pub struct PolicySection<P> {
    /// As it is configured.
    pub policy: P,
    /// What is wrong with its single fields.
    faults: TableFaults,
}

/// A kind of policy that can be configured.
pub trait ConfiguredPolicy: PolicyKind + PartialSchema {
    /// The name of its section.
    const SECTION: &'static str;
    /// The key of its id.
    const ID: &'static str;
    /// The keys that each table has.
    const REQUIRED: &'static [&'static str];

    /// The keys that a table may have.
    fn keys() -> &'static [&'static str];

    /// One of which nothing is said yet.
    fn empty() -> Self;

    /// Whether it refuses.
    fn is_hard(&self) -> bool;
}

impl ConfiguredPolicy for Budget {
    const SECTION: &'static str = "BudgetSection";
    const ID: &'static str = "budget_id";
    const REQUIRED: &'static [&'static str] = &["budget_id", "scope", "amount", "period"];

    fn keys() -> &'static [&'static str] {
        static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(settable_names::<Budget>);
        &KEYS
    }

    fn empty() -> Self {
        Self::new("")
    }

    fn is_hard(&self) -> bool {
        self.mode == PolicyMode::Hard
    }
}

impl ConfiguredPolicy for RateLimit {
    const SECTION: &'static str = "LimitSection";
    const ID: &'static str = "limit_id";
    const REQUIRED: &'static [&'static str] = &["limit_id", "scope"];

    fn keys() -> &'static [&'static str] {
        static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(settable_names::<RateLimit>);
        &KEYS
    }

    fn empty() -> Self {
        Self::new("")
    }

    fn is_hard(&self) -> bool {
        self.mode == PolicyMode::Hard
    }
}

impl<P: ConfiguredPolicy> PolicySection<P> {
    /// As one made at start.
    pub fn register(&self, now: Timestamp) -> P {
        self.policy.clone().at(now, now)
    }
}

/// What is wrong with the policies of a kind: index, key and problem.
pub(super) fn faults<P: ConfiguredPolicy>(sections: &[PolicySection<P>]) -> Vec<(usize, String, String)> {
    let mut faults = Vec::new();
    let mut ids = BTreeMap::new();
    for (index, PolicySection { policy, faults: of_fields }) in sections.iter().enumerate() {
        let mut rules = Faults::default();
        // What can't be read says nothing that a rule could be asked about.
        if of_fields.is_empty() {
            policy.check(Timestamp(0), &mut rules);
            if let Some(first) = ids.insert(policy.id(), index) {
                rules.add(P::ID, format!("`{}` is used by the {} of index {first} already", policy.id(), P::KIND));
            }
        }
        let of_rules = rules.list().iter().map(|fault| (fault.field.clone(), fault.message.clone()));
        faults.extend(of_fields.iter().cloned().chain(of_rules).map(|(key, problem)| (index, key, problem)));
    }
    faults
}

impl<'de, P: ConfiguredPolicy> Deserialize<'de> for PolicySection<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = BTreeMap::<String, Value>::deserialize(deserializer)?;
        if let Some(unknown) = given.keys().find(|key| !P::keys().contains(&key.as_str())) {
            return Err(D::Error::unknown_field(unknown, P::keys()));
        }
        // Faults and no errors: an error has the place of the first table of its kind.
        let missing = P::REQUIRED.iter().filter(|key| !given.contains_key(**key));
        let mut faults: TableFaults = missing.map(|key| ((*key).to_owned(), "is required".to_owned())).collect();
        let (policy, wrong) = read_table(P::empty(), given);
        faults.extend(wrong);
        Ok(Self { policy, faults })
    }
}

impl<P: ConfiguredPolicy> JsonSchema for PolicySection<P> {
    fn schema_name() -> Cow<'static, str> {
        P::SECTION.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // Of the API's own description, so that each field is described once.
        let mut schema = serde_json::to_value(P::schema()).unwrap_or_default();
        let defaults = serde_json::to_value(P::empty()).unwrap_or_default();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|key, _| P::keys().contains(&key.as_str()));
            for (key, property) in properties.iter_mut().filter_map(|(key, value)| Some((key, value.as_object_mut()?)))
            {
                let is_required = P::REQUIRED.contains(&key.as_str());
                let default = defaults.get(key).filter(|_| !is_required);
                property.extend(default.map(|default| ("default".to_owned(), default.clone())));
                // The API makes an id where none is given; a file is read at every start.
                if key == P::ID {
                    property.insert("description".to_owned(), "Its id. Required.".into());
                } else if let Some(Value::String(about)) = property.get_mut("description").filter(|_| is_required) {
                    about.push_str(" Required.");
                }
                if key == "scope" {
                    let description = property.remove("description");
                    *property = generator.subschema_for::<PolicyScope>().as_object().cloned().unwrap_or_default();
                    property.extend(description.map(|about| ("description".to_owned(), about)));
                }
            }
        }
        let mut schema = Schema::try_from(schema).unwrap_or_default();
        schema.insert("required".to_owned(), P::REQUIRED.into());
        schema
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::Nanos;
    use baton_model::entity::{BudgetPeriod, FailMode, ScopeValues};

    fn budget(text: &str) -> PolicySection<Budget> {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_table_is_a_budget() {
        let section = budget(
            r#"
            budget_id = "search"
            scope = { project = "search", user = "*" }
            amount = 0.1
            period = "week"
            starts_at = 2026-11-23T00:00:00Z
            alerts = [0.5, 1]
            when_unpriced = { price = { input = "1" } }
            fail = "local"
            "#,
        );
        assert_eq!(faults(std::slice::from_ref(&section)), []);
        let budget = section.register(Timestamp(7));
        assert_eq!(
            (budget.amount, budget.period, budget.fail),
            (Nanos(100_000_000), BudgetPeriod::Week, FailMode::Local)
        );
        assert_eq!((budget.scope.user, budget.created_at), (Some(ScopeValues::Any), Timestamp(7)));
        assert_eq!(budget.starts_at, Some(Timestamp(1_795_392_000_000_000)));
    }

    #[test]
    fn what_is_wrong_is_told_by_index_and_key() {
        let wrong = [
            budget("budget_id = \"a\"\nscope = {}\namount = 1\nperiod = \"day\""),
            budget("budget_id = \"a\"\nscope = {}\namount = 1\nperiod = \"day\"\ntimezone = \"Berlin\""),
            budget("scope = { team = \"x\" }\namount = \"much\""),
        ];
        let faults = faults(&wrong);
        let keys: Vec<(usize, &str)> = faults.iter().map(|(index, key, _)| (*index, key.as_str())).collect();
        assert_eq!(
            keys,
            [(1, "timezone"), (1, "budget_id"), (2, "budget_id"), (2, "period"), (2, "amount"), (2, "scope.team")]
        );
        let limit: PolicySection<RateLimit> = toml::from_str("limit_id = \"l\"\nscope = {}\nrequests = 5").unwrap();
        assert_eq!(super::faults(&[limit]).first().map(|(_, key, _)| key.as_str()), Some("per"));
        let unknown = toml::from_str::<PolicySection<RateLimit>>("limit_id = \"l\"\nreset_at = 5").unwrap_err();
        assert!(unknown.message().starts_with("unknown field `reset_at`"), "{unknown}");
    }
}

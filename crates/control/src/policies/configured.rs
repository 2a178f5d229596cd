//! The policies of the configuration file, and what they name.

use crate::faults::FieldFault;
use baton_engine::names::nearest_name;
use baton_model::entity::{Budget, PolicyScope, RateLimit, ScopeValues};
use std::collections::BTreeSet;

/// The policies of the configuration file, in its order.
#[derive(Debug, Clone, Default)]
pub struct ConfiguredPolicies {
    /// `[[budgets]]`.
    pub budgets: Vec<Budget>,
    /// `[[limits]]`.
    pub limits: Vec<RateLimit>,
}

/// The models and providers that there are.
#[derive(Debug, Clone, Default)]
pub struct KnownTargets {
    /// Ids of models.
    pub models: BTreeSet<String>,
    /// Names of providers.
    pub providers: BTreeSet<String>,
}

impl ConfiguredPolicies {
    /// The scopes, each with its place in the file.
    pub fn scopes(&self) -> impl Iterator<Item = (String, &PolicyScope)> {
        let budgets = self.budgets.iter().map(|budget| &budget.scope).enumerate();
        let limits = self.limits.iter().map(|limit| &limit.scope).enumerate();
        let budgets = budgets.map(|(index, scope)| (format!("budgets[{index}].scope"), scope));
        budgets.chain(limits.map(|(index, scope)| (format!("limits[{index}].scope"), scope)))
    }

    /// The models and providers that they name and that are not there. Such a policy would never apply, and nobody would
    /// see that: a name that was misspelt must not be a budget without effect.
    pub fn unknown_targets(&self, known: &KnownTargets) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        for (place, scope) in self.scopes() {
            for (field, values, known) in
                [("model", &scope.model, &known.models), ("provider", &scope.provider, &known.providers)]
            {
                let Some(ScopeValues::Each(values)) = values else { continue };
                for value in values.iter().filter(|value| !known.contains(&***value)) {
                    let near = nearest_name(value, known.iter().map(String::as_str));
                    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    let message = format!("unknown {field} `{value}`{hint}");
                    faults.push(FieldFault { field: format!("{place}.{field}"), message });
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_told_with_their_place() {
        let known = KnownTargets { models: ["gpt-5".into()].into(), providers: ["openai".into()].into() };
        let scope = |model: &str, provider: &str| PolicyScope {
            model: Some(ScopeValues::one(model)),
            provider: Some(ScopeValues::one(provider)),
            ..PolicyScope::default()
        };
        let budget = |scope| Budget { scope, ..Budget::new("b") };
        let any = PolicyScope { model: Some(ScopeValues::Any), ..PolicyScope::default() };
        let configured = ConfiguredPolicies {
            budgets: vec![budget(scope("gpt-5", "openai")), budget(any), budget(scope("gpt5", "openai"))],
            limits: vec![RateLimit { scope: scope("gpt-5", "nobody"), ..RateLimit::new("l") }],
        };
        let faults = configured.unknown_targets(&known);
        let faults: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
        assert_eq!(
            faults,
            [
                "budgets[2].scope.model: unknown model `gpt5`; did you mean `gpt-5`?",
                "limits[0].scope.provider: unknown provider `nobody`"
            ]
        );
    }
}

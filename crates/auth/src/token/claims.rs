//! What the claims of a token make of its bearer.

use super::TokenFault;
use baton_model::bounds::{self, Maximum};
use baton_model::entity::Role;
use baton_model::{KeyId, ModelId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of claims. A name may be a path (`realm_access.roles`); one that holds points itself is tried first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The role: a word, or a list of words of which the highest role counts.
    pub role: String,
    /// The project that requests are attributed to.
    pub project: String,
    /// The user that requests are attributed to.
    pub user: String,
    /// The models that may be used: a list, or words with blanks between them.
    pub models: String,
    /// The id of the API key on which requests are booked, and which bounds what the token may do.
    pub key: String,
    /// What words of the role claim mean, if they are not the roles' own names. With entries here, only they count.
    pub roles: BTreeMap<String, Role>,
    /// The role of tokens without that claim.
    pub default_role: Role,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            role: "role".into(),
            project: "project_id".into(),
            user: "sub".into(),
            models: "models".into(),
            key: "key_id".into(),
            roles: BTreeMap::new(),
            default_role: Role::Caller,
        }
    }
}

/// What a token says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// What it may do.
    pub role: Role,
    /// The project that requests are attributed to.
    pub project: Option<Arc<str>>,
    /// The user that requests are attributed to.
    pub user: Option<Arc<str>>,
    /// The models it may use; `None`: all.
    pub models: Option<Arc<[ModelId]>>,
    /// The key that it belongs to.
    pub key: Option<KeyId>,
}

impl ClaimNames {
    /// Reads them.
    pub(super) fn read(&self, claims: &Map<String, Value>) -> Result<Claims, TokenFault> {
        Ok(Claims {
            // A claim that can't be read refuses the token. To take it as absent could make more of the caller than
            // was meant.
            role: self.read_role(claims)?,
            project: text(claims, &self.project)?.map(Arc::from),
            user: text(claims, &self.user)?.map(Arc::from),
            models: read_words(claims, &self.models)?.map(|names| names.iter().map(ModelId::from).collect()),
            key: text(claims, &self.key)?.map(KeyId::from),
        })
    }

    fn read_role(&self, claims: &Map<String, Value>) -> Result<Role, TokenFault> {
        let words = match find(claims, &self.role) {
            None => return Ok(self.default_role),
            Some(Value::String(word)) => vec![word.as_str()],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Err(fault(&self.role, "must be a role or a list of roles")),
        };
        // The roles are in order, the highest first.
        let known = Role::ALL.into_iter().find(|role| words.iter().any(|word| self.role_of(word) == Some(*role)));
        known.ok_or_else(|| fault(&self.role, format!("must be one of {}", self.roles())))
    }

    fn role_of(&self, word: &str) -> Option<Role> {
        // With a mapping, the roles' own names mean nothing: an identity provider may use `admin` for something else.
        if self.roles.is_empty() { Role::lookup(word) } else { self.roles.get(word).copied() }
    }

    fn roles(&self) -> String {
        if self.roles.is_empty() {
            return Role::ALL.map(Role::name).join(", ");
        }
        self.roles.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// A claim by its name, or by the path that its name is; null is as absent.
fn find<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    let path = || {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, step| value.get(step))
    };
    // The plain name first: claims such as `https://example.com/roles` hold dots themselves.
    claims.get(name).or_else(path).filter(|value| !value.is_null())
}

/// A claim that names one thing. Numbers are taken as their digits.
fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenFault> {
    let text = match find(claims, name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        // Some issuers number their users.
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(fault(name, "must be a string")),
    };
    checked(name, text).map(Some)
}

/// A claim that names several.
fn read_words(claims: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, TokenFault> {
    let wrong = || fault(name, "must be a list of names, or names separated by spaces");
    let words: Vec<String> = match find(claims, name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => {
            let words = items.iter().map(|item| item.as_str().map(str::to_owned));
            words.collect::<Option<_>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    words.into_iter().map(|word| checked(name, word)).collect::<Result<_, _>>().map(Some)
}

fn checked(name: &str, text: String) -> Result<String, TokenFault> {
    if text.trim().is_empty() || Maximum::Bytes(bounds::ID).check(&text).is_err() || text.chars().any(char::is_control)
    {
        return Err(fault(name, "must have 1 to 256 bytes and no control characters"));
    }
    Ok(text)
}

fn fault(claim: &str, problem: impl Into<String>) -> TokenFault {
    TokenFault::Claim { claim: claim.to_owned(), problem: problem.into() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(names: &ClaimNames, json: &str) -> Result<Claims, String> {
        names.read(&serde_json::from_str(json).unwrap()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn claims_become_a_caller() {
        let names = ClaimNames::default();
        let full = r#"{"sub": "ada", "role": "Operator", "project_id": 7, "models": "a b", "key_id": "key_1"}"#;
        let claims = read(&names, full).unwrap();
        assert_eq!(claims.role, Role::Operator);
        assert_eq!((claims.user.as_deref(), claims.project.as_deref()), (Some("ada"), Some("7")));
        assert_eq!(claims.models.as_deref(), Some([ModelId::from("a"), ModelId::from("b")].as_slice()));
        assert_eq!(claims.key, Some(KeyId::from("key_1")));
        let least = read(&names, r#"{"role": null, "models": []}"#).unwrap();
        assert_eq!((least.role, least.user), (Role::Caller, None));
        // An empty list is none, not all.
        assert_eq!(least.models.as_deref(), Some([].as_slice()));
    }

    #[test]
    fn roles_come_from_where_the_issuer_has_them() {
        let roles = BTreeMap::from([("ops".to_owned(), Role::Operator), ("all".to_owned(), Role::Admin)]);
        let names = ClaimNames { role: "realm_access.roles".into(), roles, ..ClaimNames::default() };
        let role = |json: &str| read(&names, json).map(|claims| claims.role);
        assert_eq!(role(r#"{"realm_access": {"roles": ["x", "ops", 5]}}"#), Ok(Role::Operator));
        assert_eq!(role(r#"{"realm_access": {"roles": ["ops", "all"]}}"#), Ok(Role::Admin));
        assert_eq!(role(r#"{"realm_access.roles": "ops"}"#), Ok(Role::Operator));
        assert_eq!(role(r#"{"realm_access": 5}"#), Ok(Role::Caller));
        // With a list of its own, the names of the roles themselves mean nothing.
        let refused = role(r#"{"realm_access": {"roles": ["admin"]}}"#).unwrap_err();
        assert!(refused.contains("must be one of all, ops"), "{refused}");
    }

    #[test]
    fn claims_of_another_kind_are_named() {
        for (json, expected) in [
            (r#"{"role": "root"}"#, "claim `role` must be one of admin, operator"),
            (r#"{"role": 5}"#, "claim `role` must be a role"),
            (r#"{"role": []}"#, "claim `role` must be one of"),
            (r#"{"sub": {}}"#, "claim `sub` must be a string"),
            (r#"{"sub": " "}"#, "claim `sub` must have 1 to 256 bytes"),
            (r#"{"project_id": "a\nb"}"#, "claim `project_id` must have 1 to 256 bytes"),
            (r#"{"models": [5]}"#, "claim `models` must be a list"),
            (r#"{"models": {"a": 1}}"#, "claim `models` must be a list"),
        ] {
            let fault = read(&ClaimNames::default(), json).unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}

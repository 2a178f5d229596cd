//! To which project something belongs that events and the audit log tell of.

use baton_model::entity::{PolicyScope, ScopeValues};
use serde::Deserialize;

/// The project of a thing of that kind and id, which is this JSON; `None`: it belongs to none, or to all. What the log and
/// the events say of themselves decides, so that no place that writes them can forget it.
pub(crate) fn project(kind: &str, subject: &str, json: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    struct Thing {
        project_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Policy {
        scope: PolicyScope,
    }
    // The audit log says `project`, events say `project.updated`.
    if kind == "project" || kind.starts_with("project.") {
        return Some(subject.to_owned());
    }
    // A budget or limit belongs to a project if it is for that one alone. Only these: the scope of a key is a word.
    if kind.starts_with("budget") || kind.starts_with("limit") {
        return match serde_json::from_str::<Policy>(json?).ok()?.scope.project? {
            ScopeValues::Each(projects) => match projects.as_slice() {
                [one] => Some(one.to_string()),
                _ => None,
            },
            ScopeValues::Any => None,
        };
    }
    serde_json::from_str::<Thing>(json?).ok()?.project_id
}

#[cfg(test)]
mod tests {
    use super::project;

    #[test]
    fn what_belongs_to_a_project_says_so() {
        let key = Some(r#"{"id":"key_1","project_id":"search"}"#);
        assert_eq!(project("key", "key_1", key).as_deref(), Some("search"));
        assert_eq!(project("key.revoked", "key_1", key).as_deref(), Some("search"));
        assert_eq!(project("project", "search", None).as_deref(), Some("search"));
        assert_eq!(project("project.updated", "search", Some("{}")).as_deref(), Some("search"));
        let budget = |project: &str| format!(r#"{{"budget_id":"b","scope":{{"project":{project}}}}}"#);
        assert_eq!(project("budget", "b", Some(&budget(r#""search""#))).as_deref(), Some("search"));
        assert_eq!(project("limit.updated", "b", Some(&budget(r#""search""#))).as_deref(), Some("search"));
        for several in [r#""*""#, r#"["a","b"]"#, "null"] {
            assert_eq!(project("budget.created", "b", Some(&budget(several))), None);
        }
        for (kind, json) in [("model", Some("{}")), ("model", None), ("key", Some(r#"{"project_id":null}"#))] {
            assert_eq!(project(kind, "x", json), None);
        }
    }
}

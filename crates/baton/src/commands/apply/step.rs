//! What a plan is made from, and what it consists of.

use super::diff::FieldChange;
use super::kinds::Kind;
use super::registered::RegisteredThing;
use super::schema::BodyFields;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the server has.
#[derive(Debug, Default)]
pub struct ServerState {
    /// Which fields there are.
    pub fields: BodyFields,
    /// What is in force, of the kinds that matter here.
    pub registered: BTreeMap<&'static str, Vec<RegisteredThing>>,
    /// The id of the key that this program uses; `None`: it has no id.
    pub own_key: Option<String>,
}

/// What the user wants beyond the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// What is registered and not in the file goes.
    pub prune: bool,
    /// Secrets are sent again.
    pub resend: bool,
}

/// What is to be done, in order.
#[derive(Default)]
pub struct Plan {
    /// The calls.
    pub steps: Vec<Step>,
    /// How many things are as the file says.
    pub unchanged: usize,
    /// What was passed over, and what deserves a look.
    pub notes: Vec<String>,
}

/// A thing to be made, changed or removed.
pub struct Step {
    /// What it is.
    pub kind: &'static Kind,
    /// Its name.
    pub name: String,
    /// Where it stands in the file; `None`: it does not.
    pub place: Option<String>,
    /// What happens to it.
    pub action: Action,
    /// Its fields before and after, as they may be shown.
    pub changes: Vec<FieldChange>,
    /// The body of the call.
    pub body: Map<String, Value>,
    /// What is said only when all others of its kind are there: it names one that is made later.
    pub later: Map<String, Value>,
}

/// What happens to a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Change {
        /// Its id.
        id: String,
    },
    /// It is removed.
    Delete {
        /// Its id.
        id: String,
    },
}

impl Action {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change { .. } => "change",
            Self::Delete { .. } => "delete",
        }
    }
}

//! Where Baton runs.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// On somebody's desk: requests from loopback need no key while none was configured.
    #[default]
    Development,
    /// For others.
    Production,
}

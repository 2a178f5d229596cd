//! Why usage has no cost.

use baton_model::UsageClass;
use std::fmt;

/// Why usage has no cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpriced {
    /// The model has no price.
    NoPrice,
    /// Its prices begin later, or ended before.
    NotInForce,
    /// The price says nothing of the service tier.
    ServiceTier(String),
    /// The price says nothing of the region.
    Region(String),
    /// Another model had a part in it that has no price.
    OtherModel(String),
    /// The price has no rate for a class that was used.
    Class(UsageClass),
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPrice => f.write_str("the model has no price"),
            Self::NotInForce => f.write_str("no price of the model was in force at the time"),
            Self::ServiceTier(name) => write!(f, "the price does not name the service tier `{name}`"),
            Self::Region(name) => write!(f, "the price does not name the region `{name}`"),
            Self::OtherModel(name) => write!(f, "the model `{name}`, which had a part in the answer, has no price"),
            Self::Class(class) => write!(f, "the price has no rate for `{}`", class.name()),
        }
    }
}

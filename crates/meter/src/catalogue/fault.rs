//! What is wrong with a list of models.

/// What is wrong with a file of prices, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueFault {
    /// The place: `models[3].price.input`; empty for the whole.
    pub path: String,
    /// What was expected, and what is there.
    pub problem: String,
}

impl CatalogueFault {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

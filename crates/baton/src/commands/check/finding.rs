//! What a check found.

/// One thing that was checked.
pub(super) struct Finding {
    pub check: String,
    pub status: FindingStatus,
    pub message: String,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FindingStatus {
    Ok,
    /// Baton starts, but something will not work as intended.
    Warning,
    Error,
}

impl Finding {
    pub fn good(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self { check: check.into(), status: FindingStatus::Ok, message: message.into() }
    }

    pub fn warning(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self { check: check.into(), status: FindingStatus::Warning, message: message.into() }
    }

    pub fn bad(check: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { check: check.into(), status: FindingStatus::Error, message: problem.into() }
    }
}

impl FindingStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The models that a provider lists: its name, and theirs.
pub(super) struct ListedModels {
    pub provider: String,
    pub upstreams: Vec<String>,
}

//! Which lines are logged.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// The filter that a configured level means.
///
/// # Errors
/// If it is none.
pub fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(limit_to_own_crates(level)).with_context(|| {
        format!("logs.level: `{level}` is not a log filter; expected one such as info or info,baton_engine=debug")
    })
}

/// The same, where `debug` and `trace` without a name are for Baton's own lines: libraries repeat in theirs what clients
/// send, such as a malformed path.
fn limit_to_own_crates(level: &str) -> String {
    let directives = level.split(',').map(|directive| match directive.trim().to_ascii_lowercase().as_str() {
        // A target stands for all that begin with it, so with `baton_web` and the like.
        own @ ("debug" | "trace") => format!("info,baton={own}"),
        _ => directive.to_owned(),
    });
    directives.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn debug_means_batons_own_lines() {
        assert_eq!(limit_to_own_crates("info"), "info");
        assert_eq!(limit_to_own_crates("debug"), "info,baton=debug");
        assert_eq!(limit_to_own_crates("TRACE,h2=debug"), "info,baton=trace,h2=debug");
        assert_eq!(limit_to_own_crates("warn,baton_engine=debug"), "warn,baton_engine=debug");
        assert!(filter("debug").is_ok());
        let error = filter("baton=loud").unwrap_err().to_string();
        assert!(error.starts_with("logs.level: `baton=loud` is not a log filter"), "{error}");
    }
}

//! What `/metrics` says, and what is pushed.

use super::lines::LogOutput;
use baton_engine::Engine;

/// The text that Prometheus reads: the engine's, with what only this process's logging knows.
pub async fn text(engine: &Engine) -> String {
    for output in LogOutput::ALL {
        engine.edge().lost_lines(output.name(), output.lost());
    }
    engine.metrics().await
}

//! What the database holds never keeps a node from starting.

use crate::running::{KEY, Running};
use baton_sim::{Kind, Sim, SimOptions};
use std::path::Path;

fn configure(folder: &Path, sim: &Sim, more: &str) {
    let provider =
        format!("[providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\n", sim.base_url());
    std::fs::write(folder.join("baton.toml"), format!("{more}\n{provider}")).unwrap();
}

fn start(folder: &Path) -> Running {
    Running::start(folder, &["serve", "--config", "baton.toml"], &[("BATON_ADMIN_KEY", KEY)], "baton is ready")
}

/// An operator gives the name of one listed model to another, before the list is taken over.
#[tokio::test(flavor = "multi_thread")]
async fn a_listed_name_that_is_taken_keeps_no_node_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        SimOptions { models: vec!["gpt-4o".into(), "gpt-4o-2024-08-06".into()], ..SimOptions::of(Kind::OpenAi) };
    let sim = Sim::start(Kind::OpenAi, options).await.unwrap();
    // Nothing is discovered yet, and the lease of those who discover stays free.
    configure(folder.path(), &sim, "[discovery]\nat_start = false\nevery = \"0s\"");
    let body = r#"{"model_id": "gpt-4o", "provider": "openai", "upstream": "gpt-4o-2024-08-06"}"#;
    let (status, reply) = start(folder.path()).ask("POST", "/api/models", KEY, body);
    assert_eq!(status, 201, "{reply}");
    // Discovery meets the taken name at this start, which must not end with it.
    configure(folder.path(), &sim, "");
    let running = start(folder.path());
    let warned = |line: &&String| line.contains("a listed model was not registered");
    assert_eq!(running.lines.iter().filter(warned).count(), 1, "{:?}", running.lines);
    assert_eq!(running.ask("POST", "/api/models/discover", KEY, "{}").0, 200);
}

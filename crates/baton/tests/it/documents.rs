//! The documents that are made from the code say what the code says. `cargo xtask docs` writes them.

use std::path::Path;

fn check(file: &str, current: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written.trim_end() == current.trim_end(), "{file} is not what the code says: run `cargo xtask docs`");
}

#[test]
fn the_configuration_reference_matches() {
    check("docs/configuration.md", &baton::config::reference::configuration());
}

#[test]
fn the_limits_match() {
    check("docs/limits.md", &baton::config::reference::limits());
}

#[test]
fn the_table_of_limits_matches() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, after) = page.split_once("<!-- The limits, made by `cargo xtask docs`. -->\n\n").unwrap();
    let (table, _) = after.split_once("\n\n<!-- The end of the limits. -->").unwrap();
    assert!(
        table.trim_end() == baton::config::reference::setting_limits().trim_end(),
        "docs/security.md is not what the code says: run `cargo xtask docs`"
    );
    for setting in ["server.connections.idle_timeout", "server.max_body_bytes", "providers.NAME.timeouts.total"] {
        assert!(table.contains(&format!("| `{setting}` |")), "{setting} is a limit");
    }
}

#[test]
fn the_metric_list_matches() {
    check("docs/metrics.md", &baton::config::reference::metrics());
}

#[test]
fn the_api_description_matches() {
    check("openapi.json", &baton::surface::description().to_pretty_json().unwrap());
}

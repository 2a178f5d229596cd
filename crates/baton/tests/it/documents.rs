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
fn the_metric_list_matches() {
    check("docs/metrics.md", &baton::config::reference::metrics());
}

#[test]
fn the_api_description_matches() {
    check("openapi.json", &baton::surface::description().to_pretty_json().unwrap());
}

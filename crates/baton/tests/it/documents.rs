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

/// Each `.route("PATH", …)` of a file: the path as descriptions write it, and its methods.
fn routes(source: &str) -> Vec<(String, Vec<&'static str>)> {
    // HEAD has no body that could be described.
    const METHODS: [(&str, &str); 6] = [
        ("get(", "get"),
        ("post(", "post"),
        ("put(", "put"),
        ("delete(", "delete"),
        ("requests(", "post"),
        ("may_load(", "post"),
    ];
    let routes = source.split(".route(\"").skip(1);
    let read = |route: &str| {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = rest.split(".route(").next().unwrap().lines().next().unwrap().to_owned();
        let methods = METHODS.iter().filter(|(written, _)| {
            handlers
                .match_indices(written)
                .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        (path.replace("{*", "{"), methods.map(|(_, method)| *method).collect())
    };
    // Those of the list of paths at which models are asked.
    let listed = source.lines().filter_map(|line| line.trim_start().strip_prefix("(\"/")?.split_once('"'));
    let listed = listed.map(|(path, _)| (format!("/{path}"), vec!["post"]));
    routes.map(read).chain(listed).collect()
}

/// The other way round, a path that is described and not served, is found by the tests that ask all of them.
#[test]
fn every_path_that_is_served_is_described() {
    let description = serde_json::to_value(baton::surface::description()).unwrap();
    let sources = [
        include_str!("../../../http/src/routes.rs"),
        include_str!("../../../admin/src/routes.rs"),
        include_str!("../../src/surface.rs"),
    ];
    let all: Vec<_> = sources.iter().flat_map(|source| routes(source)).collect();
    assert!(all.len() > 50, "{all:?}");
    // The wildcard stands for three paths that are described; the description does not describe itself.
    for (path, methods) in all.iter().filter(|(path, _)| path != "/api/models/{rest}" && path != "/openapi.json") {
        // A WebSocket, for which such a description has no words.
        for method in methods.iter().filter(|method| (path.as_str(), **method) != ("/v1/responses", "get")) {
            assert!(description["paths"][path][method].is_object(), "{method} {path} is not in openapi.json");
        }
    }
}

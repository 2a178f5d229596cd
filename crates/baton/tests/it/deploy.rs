//! What is deployed names what there is: metrics, variables, keys of the configuration. `deploy/check.sh` looks at the rest.

use baton::config::{ConfigSource, Environment, load};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Everything in the text that matches.
fn found(text: &str, pattern: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// Every file below the folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every query of the dashboard.
fn queries(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(queries)).collect()
        }
        Value::Array(items) => items.iter().flat_map(queries).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn dashboards_alerts_and_scaling_look_at_metrics_that_there_are() {
    let metrics = baton_engine::metrics::Metrics::default();
    let known: BTreeSet<String> = metrics
        .documented()
        .iter()
        .flat_map(|metric| {
            let histogram = metric.kind == "histogram";
            let parts = ["_bucket", "_sum", "_count"].into_iter().filter(move |_| histogram);
            parts.map(|part| format!("{}{part}", metric.name)).chain((!histogram).then(|| metric.name.clone()))
        })
        .collect();
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/dashboards/baton.json")).unwrap();
    let queries = queries(&dashboard);
    assert!(queries.len() > 20, "{queries:?}");
    let alerts = read("deploy/prometheus/alerts.yml");
    let rules: String = alerts.lines().filter(|line| !line.trim_start().starts_with("description:")).collect();
    let scaling = read("deploy/helm/baton/templates/horizontalpodautoscaler.yaml");
    // The module in the line of a log is no metric.
    let adapter = read("docs/deployment.md").replace("baton_engine::", "");
    for (file, text) in [
        ("the dashboard", queries.join("\n")),
        ("alerts.yml", rules),
        ("the autoscaler", scaling),
        ("docs/deployment.md", adapter),
    ] {
        let named = found(&text, r"\bbaton_[a-z_]+");
        assert!(!named.is_empty(), "{file} names no metric");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} looks at {unknown:?}; there are {known:?}");
    }
}

#[test]
fn everything_sets_variables_that_baton_reads() {
    let known: BTreeSet<&str> = Environment::names().collect();
    let mut texts = vec![("docker-compose.yml".to_owned(), read("docker-compose.yml"))];
    texts.extend(
        files(&root().join("deploy"))
            .into_iter()
            .filter_map(|file| Some((file.display().to_string(), std::fs::read_to_string(file).ok()?))),
    );
    texts.push((".env.example".into(), read(".env.example")));
    texts.push(("docs/deployment.md".into(), read("docs/deployment.md")));
    for (file, text) in texts {
        // BATON_PORT is of docker-compose.yml alone.
        let named = found(&text, r"\b(?:BATON|OTEL|OPENAI|ANTHROPIC|OLLAMA)_[A-Z_]+");
        let unknown: Vec<_> =
            named.iter().filter(|name| !known.contains(name.as_str()) && *name != "BATON_PORT").collect();
        assert!(unknown.is_empty(), "{file} sets {unknown:?}, which nothing reads");
    }
    // An operator finds every variable in the example.
    let example = read(".env.example");
    for name in known.iter().filter(|name| !["BATON_API_KEY", "BATON_DEMO_KEY", "BATON_URL"].contains(name)) {
        assert!(example.contains(&format!("{name}=")), ".env.example does not name {name}");
    }
}

#[test]
fn the_values_in_the_example_of_variables_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, "").unwrap();
    let example: &'static str = Box::leak(read(".env.example").into_boxed_str());
    let values = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    let values: Vec<_> = values.filter(|(name, value)| *name != "BATON_CONFIG" && !value.is_empty()).collect();
    assert!(values.iter().any(|(name, _)| *name == "OTEL_TRACES_SAMPLER_ARG"), "{values:?}");
    let source = ConfigSource { file: Some(file), listen: None };
    load(&source, &Environment::of(values.clone())).unwrap_or_else(|error| panic!("{error}: {values:?}"));
}

#[test]
fn the_charts_configuration_is_one() {
    let values = read("deploy/helm/baton/values.yaml");
    let (_, config) = values.split_once("\nconfig: |\n").unwrap();
    let config: String =
        config.lines().map_while(|line| line.strip_prefix("  ")).map(|line| format!("{line}\n")).collect();
    // Taken out of the template, because Helm is not there where tests run.
    let tls = read("deploy/helm/baton/templates/configmap.yaml");
    let tls: String = tls
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("/etc/baton/tls/"))
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, format!("{config}\n[server.tls]\n{tls}")).unwrap();
    let config = load(&ConfigSource { file: Some(file), listen: None }, &Environment::default()).unwrap();
    assert!(config.server.tls.is_some());
}

#[test]
fn every_value_of_the_chart_is_used_and_described() {
    let schema: Value = serde_json::from_str(&read("deploy/helm/baton/values.schema.json")).unwrap();
    let templates: String = files(&root().join("deploy/helm/baton/templates"))
        .into_iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let values = read("deploy/helm/baton/values.yaml");
    let top = schema["properties"].as_object().unwrap().iter().filter(|(name, _)| *name != "global");
    for (name, property) in top {
        assert!(values.contains(&format!("\n{name}:")), "values.yaml has no {name}");
        let parts = property["properties"].as_object().into_iter().flatten();
        let paths: Vec<String> = parts.map(|(part, _)| format!(".Values.{name}.{part}")).collect();
        for path in if paths.is_empty() { vec![format!(".Values.{name}")] } else { paths } {
            assert!(templates.contains(&path), "no template uses {path}");
        }
    }
    for name in found(&values, r"(?m)^[a-zA-Z]+:") {
        assert!(!schema["properties"][name.trim_end_matches(':')].is_null(), "the schema has no {name}");
    }
}

//! The layers of the crates, compared with what `cargo metadata` says. The table is ARCHITECTURE.md's.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::Command;

/// Each crate's layer. A crate may use crates of lower layers only, so those of one layer do not know one another: `http`
/// and `admin` stand side by side on `web` and `control`.
const LAYERS: [(&str, u8); 22] = [
    ("baton-model", 0),
    ("baton-tasks", 0),
    ("baton-dialect", 1),
    ("baton-meter", 1),
    ("baton-provider-api", 1),
    ("baton-store", 1),
    ("baton-kv", 1),
    ("baton-bus", 1),
    ("baton-seal", 1),
    ("baton-fetch", 1),
    ("baton-providers", 2),
    ("baton-engine", 2),
    ("baton-auth", 2),
    ("baton-events", 2),
    ("baton-conversations", 2),
    ("baton-control", 3),
    ("baton-web", 3),
    ("baton-http", 4),
    ("baton-admin", 4),
    ("baton", 5),
    ("baton-sim", 0),
    ("baton-servers", 0),
];

/// Arrows that must not be there although the layers would allow them, and why.
const ABSENT: [(&str, &str, &str); 11] = [
    ("baton-engine", "baton-dialect", "the engine knows no wire format"),
    ("baton-http", "baton-providers", "the request APIs know formats, and no vendor"),
    (
        "baton-http",
        "baton-store",
        "what the request APIs need is in a snapshot or behind `control` and `conversations`",
    ),
    ("baton-web", "baton-store", "credentials are in a snapshot"),
    ("baton-control", "axum", "the control plane knows no HTTP"),
    ("baton-conversations", "axum", "stored responses know no HTTP"),
    ("baton-model", "serde", "the vocabulary is no wire format; its feature `schema` alone may"),
    ("baton-model", "tokio", "the vocabulary does no I/O"),
    ("baton-dialect", "tokio", "formats are pure: bytes in, values out"),
    ("baton-engine", "sea-orm", "only the store knows SQL"),
    ("baton-admin", "sea-orm", "only the store knows SQL"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    /// Behind a feature.
    #[serde(default)]
    optional: bool,
}

/// Checks every arrow.
///
/// # Errors
/// Lists the arrows that point the wrong way.
pub fn run() -> anyhow::Result<()> {
    let faults = faults(&metadata()?);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn metadata() -> anyhow::Result<Metadata> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("the answer of cargo metadata")
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let layers: BTreeMap<&str, u8> = LAYERS.into_iter().collect();
    let mut faults = Vec::new();
    // A tool may look into every layer.
    for package in metadata.packages.iter().filter(|package| !package.name.starts_with("xtask")) {
        let Some(layer) = layers.get(package.name.as_str()) else {
            faults.push(format!(
                "`{}` has no layer: give it one in xtask/src/layers.rs and ARCHITECTURE.md",
                package.name
            ));
            continue;
        };
        // Tests may use what they like: the simulated providers, for one.
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
            if layers.get(dependency.name.as_str()).is_some_and(|below| below >= layer) {
                faults.push(format!(
                    "`{}` (layer {layer}) uses `{}`, which is not below it",
                    package.name, dependency.name
                ));
            }
            for (from, to, why) in ABSENT {
                // An optional dependency is there only for those who ask for its feature.
                if package.name == from && dependency.name == to && !dependency.optional {
                    faults.push(format!("`{from}` uses `{to}`, but {why}"));
                }
            }
        }
    }
    faults
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_points_down() {
        let metadata = metadata().expect("cargo is there");
        assert_eq!(faults(&metadata), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_up_is_found() {
        let metadata = Metadata {
            packages: vec![Package {
                name: "baton-engine".into(),
                dependencies: vec![
                    Dependency { name: "baton-http".into(), kind: None, optional: false },
                    Dependency { name: "baton-dialect".into(), kind: None, optional: false },
                    Dependency { name: "baton-sim".into(), kind: Some("dev".into()), optional: false },
                ],
            }],
        };
        assert_eq!(
            faults(&metadata),
            [
                "`baton-engine` (layer 2) uses `baton-http`, which is not below it",
                "`baton-engine` uses `baton-dialect`, but the engine knows no wire format",
            ]
        );
    }
}

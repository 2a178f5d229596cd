//! Nodes that ran on this data folder and may have ended without settling what they held of shared counters.

use baton_engine::Engine;
use baton_kv::Counters;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file, in the data folder: a name a line.
const FILE: &str = "nodes";
/// So many are remembered: a node that never gets as far as its ledger must not let the file grow for ever.
const MOST: usize = 1_000;

/// The names of the nodes before this one that are not settled yet.
pub struct EarlierNodes {
    file: PathBuf,
    own: String,
    earlier: Vec<String>,
}

impl EarlierNodes {
    /// Reads them, and adds this node. To be called under the lock of the data folder.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn open(folder: &Path, own: &str) -> io::Result<Self> {
        let file = folder.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let all: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let earlier = all.iter().skip(all.len().saturating_sub(MOST)).cloned().collect();
        let nodes = Self { file, own: own.to_owned(), earlier };
        nodes.write(&nodes.earlier)?;
        Ok(nodes)
    }

    /// Once everything that they recorded is in the ledger: lets shared counters read it from there.
    pub async fn settle(self, engine: Engine, counters: Arc<dyn Counters>) {
        if self.earlier.is_empty() {
            return;
        }
        engine.flush_ledger().await;
        let mut left = Vec::new();
        for node in &self.earlier {
            if !counters.succeed(node).await {
                left.push(node.clone());
            }
        }
        if !left.is_empty() {
            tracing::warn!(
                nodes = left.len(),
                "counters count as spent what earlier processes held of them, because Redis is away; the next start settles it"
            );
        }
        if let Err(error) = self.write(&left) {
            // Done again at the next start, which changes nothing.
            tracing::warn!(%error, "the list of earlier nodes in the data folder could not be written");
        }
    }

    fn write(&self, earlier: &[String]) -> io::Result<()> {
        let names = earlier.iter().chain([&self.own]);
        std::fs::write(&self.file, names.map(|name| format!("{name}\n")).collect::<String>())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::EarlierNodes;

    #[test]
    fn each_node_finds_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let open = |own| EarlierNodes::open(folder.path(), own).unwrap();
        assert!(open("a").earlier.is_empty());
        assert_eq!(open("b").earlier, ["a"]);
        let third = open("c");
        assert_eq!(third.earlier, ["a", "b"]);
        // One is settled, the other is not.
        third.write(&["b".to_owned()]).unwrap();
        assert_eq!(open("d").earlier, ["b", "c"]);
    }
}

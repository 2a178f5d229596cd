//! The commands that the documents show, run against a demonstration: what they print has the shape that is shown.
//!
//! A block ` ```console ` is run; each of its lines with `$ ` begins a command, what follows is what it prints. A block that
//! can't be run here (containers, other services, other machines) is ` ```sh ` in the document. Within a document the
//! blocks are run in order, against one demonstration; the last ` ```toml ` block before is the `baton.toml` of the folder, and
//! one that is ` ```toml NAME ` (or ` ```yaml NAME `) the file of that name.
//! The shape: of JSON the fields and the types of their values, of text the words without numbers and ids; `…` stands for
//! anything that was left out.

mod blocks;
mod shape;

use crate::running::{BINARY, KEY, Running, printed_text};
use blocks::{Block, Step};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The address in the documents.
const DOCUMENTED: &str = "127.0.0.1:8080";

/// How long a command that only reads is asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every document for users.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
    let mut pages: Vec<PathBuf> = pages.filter(|page| page.extension().is_some_and(|kind| kind == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

#[test]
fn what_the_documents_show_is_what_happens() {
    let (mut commands, mut differences) = (0, Vec::new());
    for page in documents() {
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = blocks::of(&text);
        if blocks.iter().any(|block| matches!(block, Block::Console(_))) {
            commands += run(&page.file_name().unwrap().to_string_lossy(), &blocks, &mut differences);
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(commands > 20, "only {commands} commands were found");
}

/// Runs the blocks of a document; how many commands there were. Goes on after a difference, so that one run names all.
fn run(page: &str, blocks: &[Block], differences: &mut Vec<String>) -> usize {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let variables = [("BATON_DEMO_KEY", KEY), ("BATON_SECRET_KEY", secret)];
    let demo = Running::start(home.path(), &["demo"], &variables, "group_by=model");
    let mut steps = 0;
    for block in blocks {
        match block {
            Block::File(name, text) => std::fs::write(folder.path().join(name), text).unwrap(),
            Block::Console(commands) => {
                for step in commands {
                    differences.extend(check(page, step, folder.path(), &demo.address));
                    steps += 1;
                }
            }
        }
    }
    steps
}

/// How what a command prints differs from what is shown. What only reads is asked again for a while: records reach the
/// ledger a moment after their replies the clients.
fn check(page: &str, step: &Step, folder: &Path, address: &str) -> Option<String> {
    // A command that changes something is run once: again, it would find what it made and print something else.
    let changes =
        [" -d ", " -X ", " chat ", " create ", " add ", " apply "].iter().any(|word| step.command.contains(word));
    let until = Instant::now() + PATIENCE;
    loop {
        let printed = output_of(&step.command, folder, address);
        let difference = shape::compare(&step.shown, &printed.replace('\r', "")).err()?;
        if changes || Instant::now() > until {
            let (command, shown) = (&step.command, step.shown.join("\n"));
            return Some(format!("{page}: $ {command}\n{difference}\n--- shown\n{shown}\n--- printed\n{printed}"));
        }
    }
}

/// What a command prints, on both ways.
fn output_of(command: &str, folder: &Path, address: &str) -> String {
    let command = command.replace(DOCUMENTED, address).replace("cargo run --release -- ", "baton ");
    // curl's progress is no part of what a document shows.
    let script = format!("curl() {{ command curl -sS \"$@\"; }}\n{command}");
    let binaries = Path::new(BINARY).parent().unwrap().display();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        // So that no key and no address of the machine that runs the tests reaches a command of the documents.
        .env_clear()
        .env("PATH", format!("{binaries}:/usr/local/bin:/usr/bin:/bin"))
        .env("BATON_URL", format!("http://{address}"))
        .env("BATON_API_KEY", KEY)
        .env("KEY", KEY)
        .env("B", format!("http://{address}"))
        .env("auth", format!("Authorization: Bearer {KEY}"))
        .env("BATON_LISTEN", "127.0.0.1:0")
        .env("BATON_ADMIN_KEY", KEY)
        .env("OPENAI_API_KEY", "sk-for-the-documents")
        .output()
        .unwrap();
    printed_text(&output)
}

//! Every command of the binary, run with example arguments: the credentials go to Baton and nobody else, and success is
//! reported only for what Baton replied.

mod apply;
mod examples;
mod output;
mod recorder;
mod things;

use crate::running::{KEY, command, lines, printed_text};
use examples::{EXAMPLES, Example, TalksTo};
use recorder::Recorder;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use things::Things;

/// Variables that local commands need; none of them is the key.
const LOCAL: [(&str, &str); 4] = [
    ("BATON_SECRET_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
    ("JWT_SECRET", "a-secret-for-tokens-of-these-tests-0000000"),
    ("BATON_DEMO_KEY", "bt-another-key-for-the-tests-0000000000000000"),
    ("BATON_LISTEN", "127.0.0.1:0"),
];

/// How a command is given the address and the key of Baton.
#[derive(Debug, Clone, Copy)]
enum Given {
    ByVariables,
    ByFlags,
}

/// Every command that can be typed: one without subcommands, or one that does something without any of them.
fn leaves(command: &clap::Command, path: &str) -> BTreeSet<String> {
    let below = |command: &clap::Command| leaves(command, format!("{path} {}", command.get_name()).trim_start());
    let mut found: BTreeSet<String> = command.get_subcommands().flat_map(below).collect();
    // The name of the program alone is no command.
    if found.is_empty() || (!command.is_subcommand_required_set() && !path.is_empty()) {
        found.insert(path.to_owned());
    }
    found
}

#[test]
fn every_command_has_an_example() {
    let examples: BTreeSet<String> = EXAMPLES.iter().map(|example| example.path.to_owned()).collect();
    assert_eq!(leaves(&baton::commands::definition(), ""), examples);
}

#[test]
fn credentials_go_to_baton_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut things = Things::start();
    // So that the ledger is not empty.
    things.fill("{request}", "", "");
    let baton = Recorder::in_front_of(things.address());
    for given in [Given::ByVariables, Given::ByFlags] {
        for example in EXAMPLES {
            // The address in a command's own arguments, such as that of a webhook: once, one of them took the place
            // of `--url`, and the key went there.
            let other = Recorder::replying(&reply("200 OK", "content-type: application/json", "{}"));
            let arguments = arguments(example, &mut things, &baton.url(), &other.url());
            baton.forget();
            run(folder.path(), example, &arguments, given, &baton);
            let seen = baton.seen();
            match example.talks_to {
                TalksTo::Baton { .. } | TalksTo::BatonUntilStopped => {
                    let requests = seen.matches(" HTTP/1.1\r\n").count();
                    // Once in each request, so neither in the query nor in the body.
                    assert!(requests > 0 && seen.matches(KEY).count() == requests, "{}: {seen}", example.path);
                }
                TalksTo::BatonWithoutKey { .. } => {
                    assert!(seen.contains(" HTTP/1.1\r\n") && !seen.contains(KEY), "{}: {seen}", example.path);
                }
                TalksTo::Nobody | TalksTo::NobodyUntilStopped { .. } => assert_eq!(seen, "", "{}", example.path),
            }
            assert_eq!(other.end(), "", "{} {given:?}", example.path);
        }
    }
}

/// Runs a command that must succeed.
fn run(folder: &Path, example: &Example, arguments: &[String], given_by: Given, baton: &Recorder) {
    let mut command = prepared(folder, arguments, example.talks_to, given_by, &baton.url());
    match example.talks_to {
        TalksTo::BatonUntilStopped => until(command, |line| !line.is_empty()),
        TalksTo::NobodyUntilStopped { ready } => until(command, |line| line.contains(ready)),
        talks_to => {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{arguments:?} {given_by:?}: {}", printed_text(&output));
            if let TalksTo::Baton { prints } | TalksTo::BatonWithoutKey { prints } = talks_to {
                let printed = String::from_utf8_lossy(&output.stdout);
                assert!(printed.contains(prints), "{arguments:?}: expected {prints} in {printed}");
            }
        }
    }
}

/// The command, told where Baton is and which key to use.
fn prepared(folder: &Path, arguments: &[String], talks_to: TalksTo, given_by: Given, url: &str) -> Command {
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let takes_flags = matches!(talks_to, TalksTo::Baton { .. } | TalksTo::BatonUntilStopped);
    if takes_flags && matches!(given_by, Given::ByFlags) {
        words.extend(["--url", url, "--key", KEY]);
        let mut command = command(folder, &words);
        command.envs(LOCAL);
        return command;
    }
    let mut command = command(folder, &words);
    command.envs(LOCAL).env("BATON_URL", url).env("BATON_API_KEY", KEY);
    command
}

/// Runs a command until it prints such a line, then stops it.
fn until(mut command: Command, ready: impl Fn(&str) -> bool) {
    let mut child = Stopped(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut seen = lines(&mut child.0).into_iter();
    assert!(seen.any(|line| ready(&line)), "{command:?} ended before it was ready");
}

/// A process that is killed when dropped.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn arguments(example: &Example, things: &mut Things, baton: &str, other: &str) -> Vec<String> {
    let given = example.arguments.iter().map(|argument| things.fill(argument, baton, other));
    let given: Vec<String> = given.collect();
    example.path.split(' ').map(str::to_owned).chain(given).collect()
}

fn reply(status: &str, header: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Replies of other services, and of a Baton that did something else.
fn replies_of_others(elsewhere: &str) -> Vec<String> {
    let json = "content-type: application/json";
    let with_id = "content-type: application/json\r\nx-request-id: 1";
    vec![
        reply("200 OK", "content-type: text/html", "<html>Welcome</html>"),
        reply("200 OK", json, "{}"),
        // Everything that a command looks for, but without Baton's header.
        reply("201 Created", json, r#"{"id": "x", "key": "x", "secret": "x", "model_id": "x"}"#),
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned(),
        reply("200 OK", with_id, "{}"),
        reply("201 Created", with_id, "{}"),
        reply("202 Accepted", with_id, r#"{"id": ""}"#),
        reply("200 OK", "content-type: text/event-stream\r\nx-request-id: 1", "data: {}\n\n"),
        reply("302 Found", &format!("location: {elsewhere}/api"), ""),
    ]
}

#[test]
fn success_is_only_what_baton_replied() {
    let folder = tempfile::tempdir().unwrap();
    let mut things = Things::start();
    let elsewhere = Recorder::replying(&reply("200 OK", "content-type: application/json", "{}"));
    for example in EXAMPLES {
        if !matches!(example.talks_to, TalksTo::Baton { .. } | TalksTo::BatonWithoutKey { .. }) {
            continue;
        }
        for reply in replies_of_others(&elsewhere.url()) {
            let stranger = Recorder::replying(&reply);
            let arguments = arguments(example, &mut things, &stranger.url(), &elsewhere.url());
            for format in ["table", "json"] {
                let arguments = [&arguments[..], &["--output".to_owned(), format.to_owned()]].concat();
                let mut command =
                    prepared(folder.path(), &arguments, example.talks_to, Given::ByVariables, &stranger.url());
                let output = command.output().unwrap();
                let told = printed_text(&output);
                assert_eq!(output.status.code(), Some(1), "{arguments:?} for {reply}: {told}");
                assert!(output.stdout.is_empty() && told.starts_with("error: "), "{arguments:?} for {reply}: {told}");
            }
            stranger.end();
        }
    }
    assert_eq!(elsewhere.end(), "");
}

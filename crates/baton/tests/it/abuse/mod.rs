//! Attacks against a running Baton: clients that hold connections, don't read, send without end, guess keys.
//!
//! Each attack runs for a bounded time in a container of 512 MiB. Beside it somebody asks `/health/live` all the time, and a
//! well-behaved client sends small chats. The process has to live within a bound of memory, both have to be served, and
//! everything that the attack held has to be free soon after it.
//!
//! `cargo xtask abuse` runs them for longer, against a release binary, and prints what was measured.
#![expect(clippy::print_stdout, reason = "what was measured is shown by `cargo xtask abuse`")]

mod attacks;
mod confine;
mod watch;

use crate::running::{BINARY, KEY, Running};
use attacks::{ATTACKS, Attack, Target};
use baton_sim::{Kind, Sim, SimOptions};
use std::ffi::OsString;
use std::time::{Duration, Instant};
use watch::{Seen, Watch};

/// How long each attack lasts, unless `BATON_TEST_ABUSE_SECONDS` says otherwise.
const SECONDS: u64 = 4;
/// The container's memory, and the most that the process may take of it, in MiB.
const CONTAINER_MIB: u64 = 512;
const MAX_MIB: u64 = 400;

/// The limits are those of a small container, and the times short, so that a run takes a minute.
const CONFIGURATION: &str = r#"
[server]
max_in_flight = 100
max_bytes_in_flight = 134217728

[server.connections]
max = 1000
head_timeout = "2s"
idle_timeout = "5s"
write_timeout = "3s"
body_grace = "3s"

[discovery]
at_start = false
"#;

#[tokio::test(flavor = "multi_thread")]
async fn attacks_harm_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut configuration = CONFIGURATION.to_owned();
    let mut sims = Vec::new();
    // The attacked model's format, and another into which requests are translated.
    for (kind, model, upstream) in
        [(Kind::OpenAi, "gpt", "gpt-4o-mini"), (Kind::Anthropic, "claude", "claude-haiku-4-5")]
    {
        let sim = Sim::start(kind, SimOptions::of(kind).for_long()).await.unwrap();
        let (name, url) = (kind.name(), sim.base_url());
        configuration.push_str(&format!(
            "[providers.{name}]\nkind = \"{name}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\n\
             [[models]]\nmodel_id = \"{model}\"\nprovider = \"{name}\"\nupstream = \"{upstream}\"\n\
             capabilities = [\"CHAT\"]\nprice = {{ input = \"1\", output = \"2\" }}\n"
        ));
        sims.push(sim);
    }
    std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
    let variable = |name: &str| std::env::var_os(name);
    let binary = variable("BATON_TEST_ABUSE_BINARY").unwrap_or_else(|| OsString::from(BINARY));
    let seconds = variable("BATON_TEST_ABUSE_SECONDS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(SECONDS);
    let only = variable("BATON_TEST_ABUSE_ONLY").and_then(|text| text.into_string().ok()).unwrap_or_default();

    let container = confine::Container::new(CONTAINER_MIB);
    let mut command = container.command(&binary);
    command.arg("serve").current_dir(folder.path()).env_clear().env("BATON_ADMIN_KEY", KEY);
    let baton = Running::start_by(command, "baton is ready");
    let (status, made) = baton.ask("POST", "/api/keys", KEY, r#"{"name":"attacker","role":"caller"}"#);
    assert_eq!(status, 201, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let attacker = made["key"].as_str().unwrap().to_owned();
    let target = Target { address: baton.address.clone(), attacker };
    println!("{:<28} {:>12} {:>12} {:>12} {:>12}", "attack", "health max", "client p99", "peak MiB", "free after");
    for (name, attack) in ATTACKS.iter().filter(|(name, _)| name.contains(&only)) {
        let (target, id) = (target.clone(), baton.child.id());
        // Attacks are written with threads that block, as a stranger's program would be.
        tokio::task::spawn_blocking(move || run(name, *attack, &target, id, Duration::from_secs(seconds)))
            .await
            .unwrap();
    }
}

fn run(name: &str, attack: Attack, target: &Target, id: u32, duration: Duration) {
    let watch = Watch::start(target.clone());
    let until = Instant::now() + duration;
    let held = attack(target, until).unwrap_or_else(|error| panic!("{name}: {error}"));
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    let Seen { health, client } = watch.stop(name);
    drop(held);
    let freed = Instant::now();
    target.wait_until_free(name, Duration::from_secs(15));
    let freed = freed.elapsed();
    let memory = peak(id);
    let percentile = client[(client.len() - 1) * 99 / 100];
    println!(
        "{name:<28} {:>9} ms {:>9} ms {memory:>12} {:>9} ms",
        health[health.len() - 1].as_millis(),
        percentile.as_millis(),
        freed.as_millis()
    );
    assert!(memory <= MAX_MIB, "{name}: the process took {memory} MiB");
}

/// The most memory that a process has had, in MiB.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

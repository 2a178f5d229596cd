//! Files: how many may be open, and who may read them.

use crate::running::{BINARY, KEY, Running, ask_at, free_address};
use crate::serving::LONG;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A demonstration in that folder, started by a shell that limits it first.
fn demo(folder: &Path, limits: &str) -> Running {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limits}; exec \"$0\" \"$@\""), BINARY, "demo"]);
    shell.current_dir(folder).env_clear().env("BATON_DEMO_KEY", KEY);
    Running::start_by(shell, "group_by=model")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The limit of open files of a process: soft and hard.
#[cfg(target_os = "linux")]
fn limits(process: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn the_limit_of_open_files_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let baton = demo(folder.path(), "ulimit -Sn 200; ulimit -Hn 700");
    assert_eq!(limits(baton.child.id()), (700, 700));
}

#[test]
fn more_connections_than_files_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let management = free_address();
    let configuration =
        format!("server.management.listen = \"{management}\"\nserver.connections.max_per_address = 1000\n");
    std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
    // Fewer files than connections. Without a limit of connections, `accept` would fail for everybody, health checks
    // included.
    let baton = demo(folder.path(), "ulimit -n 300");
    let held: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(&baton.address).unwrap()).collect();
    let (status, ready) = ask_at(&management, "GET", "/health/ready", "", "");
    assert_eq!((status, ready.as_str()), (200, "ready"));
    let (_, metrics) = ask_at(&management, "GET", "/metrics", "", "");
    // None of the 400 has a request, so the later ones displace the earlier.
    assert!(metrics.contains("baton_slow_clients_total{what=\"evicted\"}"), "{metrics}");
    assert!(!metrics.contains("reason=\"system\""), "files were left: {metrics}");
    drop(held);
    let body = r#"{"model":"gpt","messages":[{"role":"user","content":"Say hello"}]}"#;
    let answered = || baton.ask("POST", "/v1/chat/completions", KEY, body).0;
    let end = Instant::now() + LONG;
    while answered() != 200 {
        assert!(Instant::now() < end, "nothing is served any more");
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    let baton = Running::start(folder.path(), &["serve"], &[("BATON_ADMIN_KEY", KEY)], "baton is ready");
    assert_eq!(baton.ask("GET", "/api/keys", KEY, "").0, 200);
    assert_eq!(mode(&data), 0o700, "a folder that was there is closed");
    let folders = [data.clone(), data.join("journal"), folder.path().join("logs")];
    let files: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.is_file())
        .collect();
    assert!(files.iter().any(|file| file.extension().is_some_and(|ending| ending == "log")), "{files:?}");
    assert!(files.iter().any(|file| file.ends_with("baton.db")), "{files:?}");
    for file in files {
        assert_eq!(mode(&file) & 0o077, 0, "{} can be read by others: {:o}", file.display(), mode(&file));
    }
    assert_eq!(mode(&folder.path().join("logs")) & 0o077, 0);
}

//! What `baton check` says of each fault, word for word, and that it tells no secret. Databases: `database.rs`.

use crate::running::{command, printed_text};
use baton_servers::{free_port, nats, redis};
use baton_sim::{Kind, Sim, SimOptions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

/// Which stands in every password and key of these tests.
const SECRET: &str = "s3cr3t";

/// `baton check` in a folder, on a port that is free.
fn check(folder: &Path, configuration: &str, variables: &[(&str, &str)]) -> Output {
    std::fs::write(folder.join("baton.toml"), configuration).unwrap();
    let mut check: Command = command(folder, &["check"]);
    check.env("BATON_LISTEN", format!("127.0.0.1:{}", free_port())).envs(variables.iter().copied()).output().unwrap()
}

/// It names exactly these faults.
#[track_caller]
fn names(output: &Output, faults: &[&str]) {
    let told = printed_text(output);
    let found: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("error   ")).collect();
    assert_eq!(found, faults, "{told}");
    assert_eq!(output.status.code(), Some(i32::from(!faults.is_empty())), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

fn place(url: &str) -> &str {
    url.split_once("://").unwrap().1
}

/// What a start would be refused for is found before it.
#[test]
fn of_budgets_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    let targets = "[providers.lab]\nkind = \"ollama\"\nbase_url = \"http://127.0.0.1:1\"\n\
                   [[models]]\nmodel_id = \"gpt-5\"\nprovider = \"lab\"\n";
    let policies = |model: &str, provider: &str| {
        format!(
            "{targets}[[budgets]]\nbudget_id = \"b\"\nscope = {{ model = \"{model}\", project = \"later\" }}\n\
             amount = 1\nperiod = \"day\"\n[[limits]]\nlimit_id = \"l\"\nconcurrency = 1\nscope = {{ provider = \"{provider}\" }}\n"
        )
    };
    let check = |configuration: &str| {
        std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
        command(folder.path(), &["check", "--offline"])
            .env("BATON_LISTEN", format!("127.0.0.1:{}", free_port()))
            .output()
            .unwrap()
    };
    let output = check(&policies("gpt5", "nobody"));
    let advice = "correct the name, or configure or register it first";
    names(
        &output,
        &[
            &format!(
                "budgets and limits: budgets[0].scope.model: unknown model `gpt5`; did you mean `gpt-5`?; {advice}"
            ),
            &format!("budgets and limits: limits[0].scope.provider: unknown provider `nobody`; {advice}"),
        ],
    );
    let refused = command(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!refused.status.success());
    let told = printed_text(&refused);
    assert!(told.contains("budgets[0].scope.model: unknown model `gpt5`"), "{told}");
    names(&check(&policies("gpt-5", "lab")), &[]);
}

#[test]
fn of_redis() {
    let folder = tempfile::tempdir().unwrap();
    let server = redis::RedisServer::start(&["--requirepass", "s3cr3t-password"]);
    let address = server.url();
    let place = place(&address);
    let away = format!("127.0.0.1:{}", free_port());
    for (url, fault) in [
        (
            format!("redis://{place}"),
            format!("Redis at {place} requires a password: use redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST"),
        ),
        (
            format!("redis://:s3cr3t@{place}"),
            format!("Redis at {place} does not accept the user or the password in the address"),
        ),
        (format!("redis://:s3cr3t@{away}"), format!("Redis at {away} refuses connections: is it running there?")),
    ] {
        let output = check(folder.path(), "", &[("REDIS_URL", &url)]);
        names(&output, &[&format!("redis: {fault}"), &format!("bus: {fault}")]);
    }
    let output = check(folder.path(), "", &[("REDIS_URL", &format!("redis://:s3cr3t-password@{place}"))]);
    names(&output, &[]);
    assert!(
        printed_text(&output).contains("ok      redis: Redis 7.")
            && printed_text(&output).contains("ok      bus: streams of Redis 7.")
    );
}

#[test]
fn of_nats() {
    let folder = tempfile::tempdir().unwrap();
    let (without, with) = (nats::NatsServer::start(false), nats::NatsServer::start(true));
    let away = format!("127.0.0.1:{}", free_port());
    let url = without.url();
    names(
        &check(folder.path(), "", &[("NATS_URL", &url)]),
        &[&format!("bus: NATS at {} responds, but JetStream is off: start nats-server with -js", place(&url))],
    );
    names(
        &check(folder.path(), "", &[("NATS_URL", &format!("nats://baton:s3cr3t@{away}"))]),
        &[&format!("bus: NATS at {away} refuses connections: is it running there?")],
    );
    let redis = redis::url();
    let output = check(folder.path(), "", &[("NATS_URL", &with.url()), ("REDIS_URL", &redis)]);
    names(&output, &[]);
    let told = printed_text(&output);
    assert!(told.contains("ok      redis: Redis ") && told.contains("ok      bus: JetStream of NATS "), "{told}");
}

/// Replies to every request like this, on a port of its own.
fn replying(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A reply that comes before the request was read may be lost with the reset of the connection.
            let _ = stream.read(&mut [0; 4096]);
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}/keys")
}

#[test]
fn of_a_token_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let advice = "look at auth.jwt.jwks_url: its tokens are refused until its keys can be fetched";
    let away = format!("http://127.0.0.1:{}/keys?token=s3cr3t", free_port());
    let broken = replying("500 Internal Server Error", "s3cr3t");
    let garbage = replying("200 OK", "<html>s3cr3t</html>");
    let useless = replying("200 OK", r#"{"keys":[{"kty":"oct","k":"s3cr3t"}]}"#);
    for (url, fault) in [
        (&away, "`127.0.0.1` can't be reached: the connection was refused".to_owned()),
        (&broken, format!("`{broken}` replied with the status 500")),
        (&garbage, format!("invalid response from `{garbage}`: it is not a JSON Web Key Set")),
        (&useless, format!("invalid response from `{useless}`: it contains no public key that can verify signatures")),
    ] {
        let output = check(folder.path(), &format!("[auth.jwt]\njwks_url = \"{url}\"\naudience = []\n"), &[]);
        names(&output, &[&format!("token issuer: {fault}; {advice}")]);
    }
}

/// A certificate that is valid in these years, and its key, as `NAME.pem` and `NAME.key`; the section that names them.
fn issue(folder: &Path, name: &str, years: [i32; 2]) -> String {
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let [from, to] = years.map(|year| rcgen::date_time_ymd(year, 1, 1));
    (params.not_before, params.not_after) = (from, to);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    format!("server.tls = {{ certificate = \"{name}.pem\", key = \"{name}.key\" }}\n")
}

#[test]
fn of_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let good = issue(folder.path(), "good", [2020, 2090]);
    let old = issue(folder.path(), "old", [2020, 2021]);
    let early = issue(folder.path(), "early", [2080, 2090]);
    let other = issue(folder.path(), "other", [2020, 2090]);
    for (section, fault) in [
        (&old, "`old.pem` expired at 2021-01-01T00:00:00Z; replace it, and a running Baton uses the new one at once"),
        (
            &early,
            "`early.pem` is not valid before 2080-01-01T00:00:00Z; check this machine's clock, or replace the certificate",
        ),
        (&good.replace("good.pem", "none.pem"), "`none.pem` can't be read: No such file or directory (os error 2)"),
        (&good.replace("good.pem", "good.key"), "`good.key` contains no certificate; expected PEM"),
    ] {
        names(&check(folder.path(), section, &[]), &[&format!("certificate: server.tls.certificate: {fault}")]);
    }
    for (section, fault) in [
        (good.replace("good.key", "good.pem"), "`good.pem` contains no private key; expected PEM without a password"),
        (
            other.replace("other.key", "good.key"),
            "the key in `good.key` does not belong to the certificate in `other.pem`",
        ),
    ] {
        names(&check(folder.path(), &section, &[]), &[&format!("certificate: server.tls.key: {fault}")]);
    }
    names(&check(folder.path(), &good, &[]), &[]);
}

#[test]
fn of_the_secret_key() {
    let folder = tempfile::tempdir().unwrap();
    let expected = "expected 32 random bytes as base64 or as 64 hexadecimal digits, several keys separated by commas with \
                    the newest first";
    let good = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for (keys, fault) in [
        ("s3cr3t-".to_owned(), "key 1 of 1 is neither base64 nor hexadecimal".to_owned()),
        (format!("{good},s3cr3t-"), "key 2 of 2 is neither base64 nor hexadecimal".to_owned()),
        ("s3cr3tAA".to_owned(), "key 1 of 1 is 6 bytes long".to_owned()),
    ] {
        names(
            &check(folder.path(), "", &[("BATON_SECRET_KEY", &keys)]),
            &[&format!(
                "configuration: environment: BATON_SECRET_KEY: auth.secret_key: (BATON_SECRET_KEY) {fault}: {expected}"
            )],
        );
    }
}

#[test]
fn of_folders() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let advice = "give the user that Baton runs as the right to write there, or choose another folder with";
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/journal"), "").unwrap();
    names(
        &check(folder.path(), "", &[("BATON_LOG_DIR", "file/logs")]),
        &[
            &format!(
                "journal: `data/journal` can't be written to: `data/journal` is not a folder; {advice} data_dir (BATON_DATA_DIR)"
            ),
            &format!(
                "logs: `file/logs` can't be written to: `file` is not a folder; {advice} logs.dir (BATON_LOG_DIR)"
            ),
        ],
    );
    std::fs::remove_file(folder.path().join("data/journal")).unwrap();
    names(&check(folder.path(), "", &[]), &[]);
    // It has left nothing that could belong to the wrong user.
    assert!(!folder.path().join("data/journal").exists() && !folder.path().join("logs").exists());
}

#[test]
fn of_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = TcpListener::bind(&address).unwrap_err();
    names(
        &check(folder.path(), "", &[("BATON_LISTEN", &address)]),
        &[&format!(
            "port: can't listen on {address}: {error}; choose another with server.listen (BATON_LISTEN) or --listen"
        )],
    );
    let baton = crate::running::Running::start(folder.path(), &["serve"], &[], "baton is ready");
    let output = check(folder.path(), "", &[("BATON_LISTEN", &baton.address)]);
    names(&output, &[]);
    let expected =
        format!("ok      port: {} is in use by a running Baton, which uses this data folder too\n", baton.address);
    assert!(printed_text(&output).contains(&expected), "{}", printed_text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_models_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
    let configuration = |base_url: &str| {
        format!(
            "default_model = \"gtp\"\n[providers.sim]\nkind = \"openai\"\nbase_url = \"{base_url}\"\n\
             api_key = \"s3cr3t\"\n[[models]]\nmodel_id = \"gpt\"\nprovider = \"sim\"\n\
             fallbacks = [\"gpt-4o-mini\", \"nowhere\"]\n"
        )
    };
    let problem = "the model is not configured, registered or listed by a provider, so it is skipped; correct the name, or register the model";
    names(
        &check(folder.path(), &configuration(&sim.base_url()), &[]),
        &[
            &format!("models: default_model: `gtp`: {problem}"),
            &format!("models: models[0].fallbacks: `nowhere`: {problem}"),
        ],
    );
    // Who can't be asked may have them: that the provider is away is the only fault.
    let output = check(folder.path(), &configuration(&format!("http://127.0.0.1:{}/v1", free_port())), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed_text(&output).contains("error   provider sim: unreachable"), "{}", printed_text(&output));
    for name in ["gtp", "gpt-4o-mini", "nowhere"] {
        let expected = format!("`{name}`: unknown model; not every provider, or not the database, could be queried\n");
        assert!(printed_text(&output).contains(&expected), "{}", printed_text(&output));
    }
}

//! Tokens and encrypted secrets, through the binary as operators use it.

use crate::baton::{Baton, chat_body};
use crate::running::{KEY, Running, command, printed_text};
use baton_auth::KeySecret;
use baton_auth::token::{ClaimNames, Mint, mint};
use baton_model::entity::Role;
use baton_model::{Clock, SystemClock, Timestamp};
use baton_store::audit::AuditFilter;
use http::Method;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const SECRET: &str = "a secret of thirty-two characters";

fn with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments).envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn a_minted_token_signs_in_and_ends_the_open_mode() {
    let folder = tempfile::tempdir().unwrap();
    let secret = [("JWT_SECRET", SECRET)];
    let mint = |arguments: &[&str]| {
        let output = with(folder.path(), &[&["token", "mint", "--sub", "ada"], arguments].concat(), &secret);
        assert!(output.status.success(), "{}", printed_text(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let baton = Running::start(folder.path(), &["serve"], &secret, "baton is ready");
    let status = |token: &str| baton.ask("GET", "/api/projects", token, "").0;
    assert_eq!(status(&mint(&["--role", "viewer"])), 200);
    assert_eq!(status(&mint(&[])), 403, "a caller sees no projects");
    let other =
        with(folder.path(), &["token", "mint", "--sub", "ada", "--role", "admin"], &[("JWT_SECRET", "another")]);
    assert_eq!(status(String::from_utf8(other.stdout).unwrap().trim()), 401);
    // Without any credentials, which `ask` always sends.
    let mut stream = TcpStream::connect(&baton.address).unwrap();
    stream.write_all(b"GET /api/keys HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut anonymous = String::new();
    stream.read_to_string(&mut anonymous).unwrap();
    assert!(anonymous.starts_with("HTTP/1.1 401"), "with JWT_SECRET, this machine needs credentials too");
}

/// The user of a token sees its own usage, and acts in a project as what it is a member of it.
#[test]
fn users_of_tokens_see_their_own_and_act_as_members() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("JWT_SECRET", SECRET), ("BATON_ADMIN_KEY", KEY)];
    let mint = |user: &str| {
        let output = with(folder.path(), &["token", "mint", "--sub", user], &variables);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let baton = Running::start(folder.path(), &["serve"], &variables, "baton is ready");
    for (id, members) in
        [("search", r#"{"user_id":"ada","role":"viewer"}"#), ("shop", r#"{"user_id":"ada","role":"operator"}"#)]
    {
        let body = format!(r#"{{"id":"{id}","key_creation":"member","members":[{members}]}}"#);
        assert_eq!(baton.ask("POST", "/api/projects", KEY, &body).0, 201);
    }
    let (ada, ben) = (mint("ada"), mint("ben"));
    let (status, usage) = baton.ask("GET", "/api/usage", &ben, "");
    assert_eq!((status, usage.contains("\"total\":0")), (200, true), "{usage}");
    assert_eq!(baton.ask("GET", "/api/usage?key=key_1", &ben, "").0, 403);
    assert_eq!(baton.ask("POST", "/api/keys", &ben, "{\"name\":\"x\"}").0, 403);
    // Of two projects, the request names one; without a name it is in none.
    assert_eq!(baton.ask("GET", "/api/projects/shop/members", &ada, "").0, 403);
    let in_project = |method: &str, path: &str, project: &str, body: &str| {
        let mut stream = TcpStream::connect(&baton.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ada}\r\nx-baton-project: {project}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    let reply = in_project("GET", "/api/projects/shop/members", "shop", "");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let reply = in_project("PUT", "/api/projects/search/members/ben", "search", r#"{"role":"caller"}"#);
    assert!(reply.starts_with("HTTP/1.1 403"), "a viewer there: {reply}");
    let reply = in_project("GET", "/api/projects/search/members", "shop", "");
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
    let reply = in_project("POST", "/api/keys", "search", "{\"name\":\"mine\"}");
    assert!(reply.starts_with("HTTP/1.1 201") && reply.contains(r#""user_id":"ada""#), "{reply}");
    let reply = in_project("GET", "/api/projects", "elsewhere", "");
    assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
}

#[test]
fn wrong_settings_of_sign_in_refuse_the_start_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let production = ("ENVIRONMENT", "production");
    for (file, variables, expected) in [
        ("", &[("JWT_SECRET", "too short"), production][..], "environment: JWT_SECRET: auth.jwt.secret: "),
        ("", &[("JWT_SECRET", "too short"), production][..], "must have at least 32 bytes"),
        ("", &[("BATON_SECRET_KEY", "hunter2")][..], "expected 32 random bytes"),
        ("auth.jwt.jwks_url = \"ftp://x\"", &[][..], "auth.jwt.jwks_url: must be an address"),
        ("auth.jwt.jwks_url = \"https://x\"", &[][..], "auth.jwt.audience: is required with an issuer"),
        ("auth.jwt.algorithms = [\"none\"]", &[][..], "auth.jwt.algorithms[0]: `none` is not one of"),
        ("auth.jwt.roles = { ops = \"king\" }", &[][..], "auth.jwt.roles.ops: `king` is not one of admin"),
        ("auth.jwt.default_role = \"king\"", &[][..], "auth.jwt.default_role: `king` is not one of"),
        ("server.trusted_proxies = [\"lb\"]", &[][..], "server.trusted_proxies[0]: must be a network"),
    ] {
        std::fs::write(folder.path().join("baton.toml"), file).unwrap();
        let output = with(folder.path(), &["serve"], variables);
        let text = printed_text(&output);
        assert!(!output.status.success() && !text.contains("hunter2") && !text.contains("too short"), "{text}");
        let expected = expected.trim_start_matches("environment: JWT_SECRET: ");
        assert!(text.contains(expected), "{text}");
    }
    std::fs::write(folder.path().join("baton.toml"), "server.tls = { certificate = \"a.pem\", key = \"b.pem\" }")
        .unwrap();
    let text = printed_text(&with(folder.path(), &["check", "--offline"], &[]));
    assert!(text.contains("error   certificate: server.tls.certificate: `a.pem` can't be read"), "{text}");
    std::fs::write(folder.path().join("baton.toml"), "[auth.jwt]\njwks_url = \"http://127.0.0.1:1/\"\naudience = []")
        .unwrap();
    let text = printed_text(&with(folder.path(), &["check"], &[]));
    assert!(text.contains("error   token issuer: `127.0.0.1` can't be reached"), "{text}");
    std::fs::write(folder.path().join("baton.toml"), "").unwrap();
    let text = printed_text(&with(folder.path(), &["token", "mint", "--sub", "a"], &[]));
    assert!(text.contains("JWT_SECRET is not set"), "{text}");
    let text = printed_text(&with(
        folder.path(),
        &["token", "mint", "--sub", "a", "--role", "king"],
        &[("JWT_SECRET", SECRET)],
    ));
    assert!(text.contains("--role: must be one of admin, operator, viewer, caller, got `king`"), "{text}");
    let text = printed_text(&with(folder.path(), &["secrets", "rotate"], &[]));
    assert!(text.contains("BATON_SECRET_KEY is not set"), "{text}");
}

#[test]
fn secrets_outlive_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = || String::from_utf8(with(folder.path(), &["secrets", "key"], &[]).stdout).unwrap().trim().to_owned();
    let (old, new) = (key(), key());
    let serve = |secret_key: &str| {
        let variables = [("BATON_ADMIN_KEY", KEY), ("BATON_SECRET_KEY", secret_key)];
        Running::start(folder.path(), &["serve"], &variables, "baton is ready")
    };
    let body = r#"{"name": "groq", "kind": "groq", "api_key": "gsk_0123456789abcdef", "discover": false}"#;
    assert_eq!(serve(&old).ask("POST", "/api/providers", KEY, body).0, 201);
    let fault = |secret_key: &str| {
        let (status, shown) = serve(secret_key).ask("GET", "/api/providers/groq", KEY, "");
        assert_eq!(status, 200, "{shown}");
        serde_json::from_str::<serde_json::Value>(&shown).unwrap()["fault"].as_str().map(str::to_owned)
    };
    // Only the new key: what the old one has sealed can't be read, and the rest goes on.
    assert!(fault(&new).unwrap().contains("append that key to BATON_SECRET_KEY"));
    let rotate = |list: &str| with(folder.path(), &["secrets", "rotate"], &[("BATON_SECRET_KEY", list)]);
    let refused = rotate(&new);
    assert!(
        !refused.status.success() && printed_text(&refused).contains("the provider `groq`"),
        "{}",
        printed_text(&refused)
    );
    let rotated = rotate(&format!("{new},{old}"));
    assert!(printed_text(&rotated).contains("1 of 1 secrets re-encrypted"), "{}", printed_text(&rotated));
    assert!(printed_text(&rotate(&new)).contains("0 of 1 secrets re-encrypted"));
    assert_eq!(fault(&new), None);
}

#[tokio::test]
async fn the_audit_log_names_who_made_a_change_and_from_where() {
    let baton = Baton::with(&format!("auth.jwt.secret = \"{SECRET}\"\nauth.admin_key = \"{KEY}\"")).await;
    let wanted = Mint {
        user: "ada".into(),
        role: Role::Admin,
        project: None,
        models: Vec::new(),
        ttl: Duration::from_secs(60),
        issuer: None,
        audience: None,
    };
    let token = mint(&KeySecret::from_text(SECRET), &ClaimNames::default(), &wanted, SystemClock.now()).unwrap();
    let open = Baton::start().await;
    for (baton, shown, actor) in
        [(&baton, Some(token.as_str()), "user:ada"), (&baton, Some(KEY), "admin"), (&open, None, "loopback")]
    {
        let bearer = format!("Bearer {}", shown.unwrap_or_default());
        let headers: &[(&str, &str)] = if shown.is_some() { &[("authorization", &bearer)] } else { &[] };
        let made = baton.send(Method::POST, "/api/keys", headers, r#"{"name": "k"}"#).await.expect(201);
        let page = baton.app.store.audit().list(&AuditFilter::default(), None, 1).await.unwrap();
        let entry = page.items.first().unwrap();
        assert_eq!((entry.actor.as_str(), entry.action.as_str()), (actor, "key.create"));
        assert_eq!(entry.address, Some("127.0.0.1".parse().unwrap()));
        assert_eq!(entry.request.as_ref().map(|id| id.as_str()), made.header("x-request-id"));
    }
}

/// A token from a machine whose clock is off is refused with both times, by every client API.
#[tokio::test]
async fn a_token_of_a_clock_that_is_ten_minutes_off_is_told_both_times() {
    let baton = Baton::with(&format!("auth.jwt.secret = \"{SECRET}\"")).await;
    let now = SystemClock.now();
    let wanted = Mint {
        user: "ada".into(),
        role: Role::Caller,
        project: None,
        models: Vec::new(),
        ttl: Duration::from_secs(300),
        issuer: None,
        audience: None,
    };
    let fast = Timestamp(now.0 + 600_000_000);
    let slow = Timestamp(now.0 - 600_000_000);
    for (clock, expected) in [
        (fast, format!("the token is not valid before {}; this machine's time is ", time(fast.seconds()))),
        (slow, format!("the token expired at {}; this machine's time is ", time(slow.seconds() + 300))),
    ] {
        let token = mint(&KeySecret::from_text(SECRET), &ClaimNames::default(), &wanted, clock).unwrap();
        let bearer = format!("Bearer {token}");
        for (path, body) in [
            ("/v1/chat/completions", chat_body("gpt", "Say hello", serde_json::json!({}))),
            ("/api/models/chat", chat_body("gpt", "Say hello", serde_json::json!({}))),
        ] {
            let before = SystemClock.now().seconds();
            let refused =
                baton.send(Method::POST, path, &[("authorization", &bearer)], body.to_string()).await.expect(401);
            let error = &refused.json()["error"];
            let (told, here) = error["message"].as_str().unwrap().split_at(expected.len());
            assert_eq!(told, expected, "{path}");
            let here = chrono::DateTime::parse_from_rfc3339(here).unwrap().timestamp();
            assert!((before..=SystemClock.now().seconds()).contains(&here), "{path}: {error}");
            // Each in the words of its API.
            let word = if path.starts_with("/v1") { "invalid_api_key" } else { "authentication_error" };
            assert_eq!(error["code"], word, "{path}: {error}");
            assert!(!refused.text().contains(&token));
        }
    }
    let good = mint(&KeySecret::from_text(SECRET), &ClaimNames::default(), &wanted, now).unwrap();
    let body = chat_body("gpt", "Say hello", serde_json::json!({})).to_string();
    let bearer = format!("Bearer {good}");
    baton.send(Method::POST, "/v1/chat/completions", &[("authorization", &bearer)], body).await.expect(200);
}

fn time(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

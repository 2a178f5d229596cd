//! Who asks is known before anything else is done for a request, and decides what it may name and read.

use crate::baton::{Baton, chat_body};
use baton_auth::KeySecret;
use baton_auth::token::{ClaimNames, Mint, mint};
use baton_model::entity::Role;
use baton_model::{Clock, SystemClock};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ADMIN: &str = "bt-the-admin-key-of-these-tests-000000000000000";
const SECRET: &str = "a secret of thirty-two characters";

async fn closed() -> Baton {
    Baton::with(&format!("[auth]\nadmin_key = \"{ADMIN}\"\njwt = {{ secret = \"{SECRET}\" }}\n")).await
}

fn token(user: &str, project: Option<&str>) -> String {
    let wanted = Mint {
        user: user.into(),
        role: Role::Caller,
        project: project.map(str::to_owned),
        models: Vec::new(),
        ttl: Duration::from_secs(600),
        issuer: None,
        audience: None,
    };
    let token = mint(&KeySecret::from_text(SECRET), &ClaimNames::default(), &wanted, SystemClock.now()).unwrap();
    format!("Bearer {token}")
}

/// Every operation of the description that may carry a body: method and path.
fn with_bodies(description: &Value) -> Vec<(String, String)> {
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.filter(|(method, _)| method != "GET" && method != "HEAD").collect()
}

#[tokio::test]
async fn without_credentials_no_path_reads_a_body() {
    let baton = closed().await;
    let description = baton.get("/openapi.json").await.expect(200).json();
    let operations = with_bodies(&description);
    assert!(operations.len() > 50, "{operations:?}");
    for (method, path) in operations {
        let path = path.replace(['{', '}'], "");
        let mut client = TcpStream::connect(baton.address()).await.unwrap();
        // A body is announced and never sent: a server that waits for it does not reply.
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: baton\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        let answered = tokio::time::timeout(Duration::from_secs(60), client.read_exact(&mut status)).await;
        answered.unwrap_or_else(|_| panic!("{method} {path} waits for the body")).unwrap();
        assert_eq!(String::from_utf8_lossy(&status), "HTTP/1.1 401", "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_names_a_project_only_where_its_credentials_allow_it() {
    let baton = closed().await;
    let none = token("ada", None);
    let own = token("ada", Some("shop"));
    let admin = format!("Bearer {ADMIN}");
    for (who, project, status) in
        [(&none, "shop", 403), (&own, "shop", 200), (&own, "bank", 403), (&admin, "bank", 200)]
    {
        let headers = [("authorization", who.as_str()), ("x-baton-project", project)];
        let body = chat_body("gpt", "Say hello", json!({})).to_string();
        let told = baton.send(Method::POST, "/v1/chat/completions", &headers, body).await.expect(status);
        assert_eq!(told.text().contains("may not attribute"), status == 403, "{}", told.text());
        let body = chat_body("gpt", "Say hello", json!({ "project_id": project })).to_string();
        let told = baton.send(Method::POST, "/api/models/chat", &headers[..1], body).await.expect(status);
        if status == 403 {
            assert_eq!(told.json()["error"]["code"], "permission_denied");
        }
    }
    // What was refused is charged to no project: only the four that went through are there.
    baton.app.engine.close().await;
    let requests = baton.send(Method::GET, "/api/requests", &[("authorization", &admin)], "").await.expect(200).json();
    let projects: Vec<&Value> = requests["items"].as_array().unwrap().iter().map(|item| &item["project_id"]).collect();
    assert_eq!(projects, ["bank", "bank", "shop", "shop"]);
}

#[tokio::test]
async fn users_of_tokens_do_not_share_kept_replies() {
    let baton = closed().await;
    let body = chat_body("gpt", "Say hello", json!({ "temperature": 0 })).to_string();
    for (user, expected) in [("ada", "miss"), ("eve", "miss"), ("ada", "hit")] {
        // The same project, and no key: only the user tells them apart.
        let who = token(user, Some("shop"));
        let headers = [("authorization", who.as_str())];
        let told = baton.send(Method::POST, "/v1/chat/completions", &headers, body.clone()).await.expect(200);
        assert_eq!(told.header("x-baton-cache"), Some(expected), "{user}");
    }
}

#[tokio::test]
async fn a_key_may_name_the_projects_that_it_lists() {
    let baton = closed().await;
    let admin = format!("Bearer {ADMIN}");
    let made = json!({ "name": "ci", "projects": ["shop", "lab"] }).to_string();
    let headers = [("authorization", admin.as_str()), ("content-type", "application/json")];
    let key = baton.send(Method::POST, "/api/keys", &headers, made).await.expect(201).json();
    let key = format!("Bearer {}", key["key"].as_str().unwrap());
    for (project, status) in [("shop", 200), ("lab", 200), ("bank", 403)] {
        let headers = [("authorization", key.as_str()), ("x-baton-project", project)];
        let body = chat_body("gpt", "Say hello", json!({})).to_string();
        baton.send(Method::POST, "/v1/chat/completions", &headers, body).await.expect(status);
    }
}

//! The pages of the documentation may do no more than they need.

use crate::baton::{Baton, ClientReply};

/// What a page's policy says of something.
fn policy<'t>(page: &'t ClientReply, of: &str) -> Option<&'t str> {
    let policy = page.header("content-security-policy").expect("every page has a policy");
    policy.split(';').find_map(|rule| rule.trim().strip_prefix(of)?.strip_prefix(' '))
}

/// The values of an attribute, wherever it stands.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let begins = format!(" {name}=\"");
    page.split(&begins).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_documentation_runs_its_own_scripts_and_no_others() {
    let baton = Baton::start().await;
    let page = baton.get("/docs/").await.expect(200);
    assert_eq!(policy(&page, "default-src"), Some("'none'"));
    for rule in ["script-src", "style-src", "connect-src"] {
        assert_eq!(policy(&page, rule), Some("'self'"), "{rule}");
    }
    for rule in ["base-uri", "form-action", "frame-ancestors"] {
        assert_eq!(policy(&page, rule), Some("'none'"), "{rule}");
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let html = page.text();
    // So the page itself has none in it, and all that it loads comes from here.
    assert_eq!(html.matches("<script").count(), html.matches("<script src=\"").count(), "{html}");
    assert!(!html.contains("<style") && !html.contains(" onload=") && !html.contains(" style="), "{html}");
    let sources = [attributes(&html, "src"), attributes(&html, "href")].concat();
    assert!(sources.len() > 4, "{html}");
    for source in sources {
        assert!(!source.contains("//"), "{source}");
        let told = baton.get(&format!("/docs/{}", source.trim_start_matches("./"))).await.expect(200);
        assert_eq!(told.header("x-content-type-options"), Some("nosniff"), "{source}");
        assert!(policy(&told, "default-src").is_some(), "{source}");
    }
}

#[tokio::test]
async fn no_response_is_taken_for_what_it_is_not() {
    let baton = Baton::start().await;
    for path in ["/", "/docs/", "/openapi.json", "/health/live", "/health/ready", "/metrics", "/v1/models", "/nothing"]
    {
        let told = baton.get(path).await;
        assert_eq!(told.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

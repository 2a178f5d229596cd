//! `/openapi.json` says what there is.

use crate::setup::TestAdmin;
use axum::http::Method;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_described_path_is_there() {
    let admin = TestAdmin::new().await;
    let description = serde_json::to_value(baton_admin::description(baton_http::describe::describe())).unwrap();
    let mut seen = 0;
    let mut names = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let real = path.replace("{model_id}", "house").replace("{id}", "house");
        for (method, operation) in operations.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{operation}");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let reply = admin.with("").send(method.clone(), &real, &[], "").await;
            // Without a key a described call is refused with 401. A 404 or 405 would mean that the description
            // invents it.
            let expected = if ["/health/ready", "/api/version", "/"].contains(&path.as_str()) { 200 } else { 401 };
            assert_eq!(reply.status, expected, "{method} {path}");
            seen += 1;
        }
    }
    // A number, so that a call that loses its description is noticed too.
    assert_eq!(seen, 132, "the management API's calls and the request APIs'");
}

#[test]
fn bodies_and_errors_have_schemas() {
    let description = serde_json::to_value(baton_admin::description(baton_http::describe::describe())).unwrap();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for name in ["Error", "Model", "ModelView", "KeyView", "UsageView", "RequestRecord", "TokensView", "RouteView"] {
        assert!(schemas.contains_key(name), "{name}: {:?}", schemas.keys().collect::<Vec<_>>());
    }
    // Every reference leads somewhere.
    let text = description.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(description["components"]["securitySchemes"]["key"]["scheme"], "bearer");
}

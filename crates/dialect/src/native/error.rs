//! Errors of Baton's own API: `{"error": {code, message, details, request_id}}`.

use crate::error::ErrorReply;
use crate::json::{object, quoted};
use baton_model::PublicError;

/// An error in this shape, with the code and status of the contract.
pub fn write(error: &PublicError, request_id: &str) -> ErrorReply {
    let body = object(|o| {
        o.object("error", |o| {
            o.string("code", error.code.name()).string("message", &error.message);
            o.object("details", |o| {
                if let Some(param) = &error.param {
                    o.raw("param", &quoted(param));
                }
                for (name, value) in &error.details {
                    o.json(name, value);
                }
            });
            o.string("request_id", request_id);
        });
    });
    ErrorReply { status: error.code.status(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::Code;

    #[test]
    fn details_are_named() {
        let error = PublicError::new(Code::BudgetExceeded, "spent").at("model").detail("limit", "1.5");
        let reply = write(&error, "r");
        let expected = r#"{"error":{"code":"budget_exceeded","message":"spent","details":{"param":"model","limit":1.5},"request_id":"r"}}"#;
        assert_eq!((reply.status, String::from_utf8_lossy(&reply.body).as_ref()), (402, expected));
    }
}

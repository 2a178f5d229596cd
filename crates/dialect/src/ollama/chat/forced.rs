//! A tool that has to be called. The format has no word for that, but a schema that the reply must have: here it is that
//! of a call, and the text of the reply is read as one.

use crate::CallInText;
use crate::json::{Node, quoted};
use baton_model::ChatRequest;
use baton_model::chat::{Json, Tool, ToolChoice};

/// The schema of a call of the tool that has to be called, or of one of them; `None` if none has to be, or none can.
pub(super) fn demand(tools: &[Tool], request: &ChatRequest) -> Option<(Json, CallInText)> {
    let wanted = match &request.tool_choice {
        Some(ToolChoice::Required) => None,
        Some(ToolChoice::Tool(name)) => Some(name),
        _ => return None,
    };
    let functions = tools.iter().filter_map(|tool| match tool {
        Tool::Function { name, parameters, .. } => Some((name, parameters.as_ref())),
        Tool::Other { .. } => None,
    });
    let functions: Vec<_> = functions.filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name)).collect();
    let schema = match functions.as_slice() {
        [] => return None,
        [(name, parameters)] => call(name, *parameters, true),
        several => {
            let calls = several.iter().map(|(name, parameters)| call(name, *parameters, false));
            format!(r#"{{"anyOf":[{}]}}"#, calls.collect::<Vec<_>>().join(","))
        }
    };
    let names = functions.into_iter().map(|(name, _)| name.clone()).collect();
    Some((Json(schema), CallInText::of(names)))
}

/// The schema of a call of one tool, in the words that templates use for calls. `alone`: it is the whole schema.
fn call(name: &str, parameters: Option<&Json>, alone: bool) -> String {
    let schema = parameters.and_then(|schema| Node::parse(schema.0.as_bytes()).ok());
    let definitions = schema.as_ref().and_then(|schema| Some(("$defs", schema.get("$defs")?)));
    let older = || schema.as_ref().and_then(|schema| Some(("definitions", schema.get("definitions")?)));
    let definitions = definitions.or_else(older);
    let refers = parameters.is_some_and(|schema| schema.0.contains("\"$ref\""));
    let arguments = match parameters {
        // References begin at the root, where there is room for the definitions of one tool.
        Some(schema) if alone || !refers => schema.0.as_str(),
        _ => r#"{"type":"object"}"#,
    };
    let definitions = definitions.filter(|_| alone && refers);
    let definitions = definitions.map_or_else(String::new, |(name, node)| format!(r#","{name}":{}"#, node.text()));
    let name = quoted(name);
    format!(
        r#"{{"type":"object","properties":{{"name":{{"enum":[{name}]}},"arguments":{arguments}}},"required":["name","arguments"]{definitions}}}"#
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn function(name: &str, parameters: Option<&str>) -> Tool {
        Tool::Function {
            name: name.into(),
            description: None,
            parameters: parameters.map(|schema| Json(schema.into())),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        }
    }

    fn schema(tools: &[Tool], choice: ToolChoice) -> Option<String> {
        let request = ChatRequest { tool_choice: Some(choice), ..ChatRequest::default() };
        demand(tools, &request).map(|(schema, _)| schema.0)
    }

    #[test]
    fn the_schema_is_that_of_a_call() {
        let tools = [function("a", Some(r#"{"type":"object"}"#)), function("b", None)];
        let call = |name: &str| {
            format!(
                r#"{{"type":"object","properties":{{"name":{{"enum":["{name}"]}},"arguments":{{"type":"object"}}}},"required":["name","arguments"]}}"#
            )
        };
        assert_eq!(schema(&tools, ToolChoice::Tool("b".into())), Some(call("b")));
        assert_eq!(schema(&tools, ToolChoice::Required), Some(format!(r#"{{"anyOf":[{},{}]}}"#, call("a"), call("b"))));
        assert_eq!(schema(&tools, ToolChoice::Tool("c".into())), None);
        assert_eq!(schema(&tools, ToolChoice::Auto), None);
        assert_eq!(schema(&[], ToolChoice::Required), None);
    }

    #[test]
    fn references_find_their_definitions_at_the_root() {
        let parameters =
            r##"{"type":"object","properties":{"x":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"string"}}}"##;
        let tools = [function("a", Some(parameters)), function("b", None)];
        let one = schema(&tools, ToolChoice::Tool("a".into())).unwrap();
        assert!(one.ends_with(r#""required":["name","arguments"],"$defs":{"t":{"type":"string"}}}"#), "{one}");
        // Those of several tools could have the same names.
        let both = schema(&tools, ToolChoice::Required).unwrap();
        assert!(!both.contains("$ref") && both.contains(r#"["a"]},"arguments":{"type":"object"}"#), "{both}");
    }
}

//! Whole requests against published numbers.

use baton_meter::{CountMethod, Section, count, estimate};
use baton_model::chat::{ChatRequest, Image, Json, MediaSource, Message, MessageRole, Part, PartKind, Tool};
use baton_model::operation::{CompletionRequest, EmbeddingRequest, Prompt};
use baton_model::{Dialect, Model, ModelSource, Operation};

fn model(upstream: &str) -> Model {
    Model { source: ModelSource::Config, ..Model::new(upstream, "test") }
}

fn message(role: MessageRole, name: Option<&str>, text: &str) -> Message {
    Message { role, name: name.map(str::to_owned), parts: vec![Part::text(text)] }
}

fn chat(messages: Vec<Message>) -> Operation {
    Operation::Chat(Box::new(ChatRequest { messages, ..ChatRequest::default() }))
}

/// The example of OpenAI's cookbook, "How to count tokens with tiktoken", with the counts that the API itself gave.
#[test]
fn the_cookbooks_chat_has_the_cookbooks_count() {
    let jargon = "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.";
    let late = "This late pivot means we don't have time to boil the ocean for the client deliverable.";
    let request = chat(vec![
        message(MessageRole::System, None, jargon),
        message(MessageRole::System, Some("example_user"), "New synergies will help drive top-line growth."),
        message(MessageRole::System, Some("example_assistant"), "Things working well together will increase revenue."),
        message(
            MessageRole::System,
            Some("example_user"),
            "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
        ),
        message(
            MessageRole::System,
            Some("example_assistant"),
            "Let's talk later when we're less busy about how to do better.",
        ),
        message(MessageRole::User, None, late),
    ]);
    for (name, tokens) in [("gpt-3.5-turbo", 129), ("gpt-4", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)] {
        let count = count::operation(&request, &model(name), Dialect::OpenAi);
        assert_eq!((count.tokens, count.is_exact()), (tokens, true), "{name}");
    }
    // Reasoning models begin their reply with a token less, as recorded requests show.
    for (name, tokens, exact) in
        [("gpt-5-mini", 123, true), ("o3-mini", 123, true), ("gpt-4o-search-preview", 124, false)]
    {
        let count = count::operation(&request, &model(name), Dialect::OpenAi);
        assert_eq!((count.tokens, count.is_exact()), (tokens, exact), "{name}");
    }
    let claude = count::operation(&request, &model("claude-sonnet-4-5"), Dialect::Anthropic);
    assert_eq!((claude.is_exact(), claude.tokenizer), (false, "claude"));
    assert!((100..200).contains(&claude.tokens), "{claude:?}");
}

#[test]
fn completions_and_embeddings_are_exact_and_token_arrays_count_themselves() {
    let input = vec![Prompt::Text("hello world".into()), Prompt::Tokens(vec![1, 2, 3])];
    let embedding = Operation::Embedding(EmbeddingRequest { input: input.clone(), ..EmbeddingRequest::default() });
    let count = count::operation(&embedding, &model("text-embedding-3-small"), Dialect::OpenAi);
    assert_eq!((count.tokens, count.is_exact(), count.tokenizer), (5, true, "cl100k"));
    let request = CompletionRequest { prompts: input, suffix: Some("!".into()), ..CompletionRequest::default() };
    let completion = Operation::Completion(Box::new(request));
    assert_eq!(count::operation(&completion, &model("gpt-3.5-turbo-instruct"), Dialect::OpenAi).tokens, 6);
}

#[test]
fn tools_and_pictures_make_an_estimate() {
    let mut request =
        ChatRequest { messages: vec![message(MessageRole::User, None, "What is this?")], ..ChatRequest::default() };
    let plain = count::operation(&Operation::Chat(Box::new(request.clone())), &model("gpt-4o"), Dialect::OpenAi);
    assert!(plain.is_exact());
    request.tools.push(Tool::Function {
        name: "weather".into(),
        description: Some("The weather of a place.".into()),
        parameters: Some(Json(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#.into())),
        strict: None,
        cache: None,
        extensions: Vec::new(),
    });
    let with_tool = count::operation(&Operation::Chat(Box::new(request.clone())), &model("gpt-4o"), Dialect::OpenAi);
    assert!(with_tool.is_exact() && with_tool.tokens > plain.tokens + 20);
    let source = MediaSource::Url("https://example.com/cat.png".into());
    let image = PartKind::Image(Image { source, detail: Some("low".into()) });
    request.messages.first_mut().unwrap().parts.push(image.into());
    let with_picture = count::operation(&Operation::Chat(Box::new(request)), &model("gpt-4o"), Dialect::OpenAi);
    // OpenAI bills an image of low detail as 85 tokens, whatever its size.
    assert_eq!((with_picture.tokens, with_picture.is_exact()), (with_tool.tokens + 85, false));
    assert_eq!(with_picture.breakdown.get(Section::Images), 85);
}

/// The example of OpenAI's cookbook with a tool, with the counts that the API itself gave.
#[test]
fn the_cookbooks_tool_has_the_cookbooks_count() {
    let asks = "You are a helpful assistant that can answer to questions about the weather.";
    let request = ChatRequest {
        messages: vec![
            message(MessageRole::System, None, asks),
            message(MessageRole::User, None, "What's the weather like in San Francisco?"),
        ],
        tools: vec![Tool::Function {
            name: "get_current_weather".into(),
            description: Some("Get the current weather in a given location".into()),
            parameters: Some(Json(
                r#"{"type":"object","properties":{"location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"},"unit":{"type":"string","description":"The unit of temperature to return","enum":["celsius","fahrenheit"]}},"required":["location"]}"#.into(),
            )),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        }],
        ..ChatRequest::default()
    };
    let request = Operation::Chat(Box::new(request));
    for (name, tokens, exact) in
        [("gpt-3.5-turbo", 105, false), ("gpt-4", 105, false), ("gpt-4o", 101, true), ("gpt-4o-mini", 101, true)]
    {
        let count = count::operation(&request, &model(name), Dialect::OpenAi);
        assert_eq!((count.tokens, count.is_exact(), count.rule), (tokens, exact, "openai-tools"), "{name}");
    }
}

/// The parts sum to the number, the bound is no less, and everything that is read is in the part that it belongs to.
#[test]
fn every_count_has_parts_and_a_bound() {
    let mut request = ChatRequest {
        messages: vec![message(MessageRole::System, None, "Be brief."), message(MessageRole::User, None, "Hello, you")],
        ..ChatRequest::default()
    };
    request.tools.push(Tool::Function {
        name: "weather".into(),
        description: None,
        parameters: Some(Json(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#.into())),
        strict: None,
        cache: None,
        extensions: Vec::new(),
    });
    let request = Operation::Chat(Box::new(request));
    for name in ["gpt-4o", "gpt-5-mini", "claude-sonnet-4-5", "claude-opus-4-8", "gemini-2.5-pro", "olmo-3", "qwen3:4b"]
    {
        let model = model(name);
        let features = baton_meter::Features::of(&request, &model);
        let prior = estimate::estimate(&features, count::tokenizer(&model));
        assert_eq!(prior, count::estimate(&request, &model));
        assert_eq!(prior.method, CountMethod::Estimate, "{name}");
        for count in [prior, count::operation(&request, &model, Dialect::OpenAi)] {
            assert_eq!(count.breakdown.total(), count.tokens, "{name}");
            assert!(count.at_most >= count.tokens, "{name}");
            for section in [Section::System, Section::Messages, Section::Tools] {
                assert!(count.breakdown.get(section) > 0, "{name} {section:?}: {count:?}");
            }
            assert_eq!(count.breakdown.get(Section::Images), 0, "{name}");
        }
    }
}

#[test]
fn lengths_alone_give_estimates() {
    let estimate = count::bytes_estimate(4_000, &model("gpt-4o"));
    assert_eq!((estimate.tokens, estimate.is_exact()), (1_000, false));
    assert_eq!(count::bytes_estimate(4_000, &model("claude-opus-4-8")).tokens, 1_550);
    assert_eq!(count::bytes_estimate(0, &model("gpt-4o")).tokens, 0);
    assert_eq!(count::text("hello world", &model("gpt-4o")).tokens, 2);
}

//! Whole requests against published numbers.

use baton_meter::{PromptFit, count};
use baton_model::chat::{ChatRequest, Image, Json, MediaSource, Message, MessageRole, Part, PartKind, Tool};
use baton_model::operation::{CompletionRequest, EmbeddingRequest, Prompt};
use baton_model::{Model, ModelSource, Operation};

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
        let count = count::operation(&request, &model(name));
        assert_eq!((count.tokens, count.exact), (tokens, true), "{name}");
    }
    // The same encoding, but nobody has published what surrounds the messages: the number is an estimate.
    for name in ["gpt-5-mini", "o3-mini", "gpt-4o-search-preview"] {
        let count = count::operation(&request, &model(name));
        assert_eq!((count.tokens, count.exact), (124, false), "{name}");
    }
    let claude = count::operation(&request, &model("claude-sonnet-4-5"));
    assert_eq!((claude.exact, claude.tokenizer), (false, "claude"));
    assert!(claude.tokens > 124);
}

#[test]
fn completions_and_embeddings_are_exact_and_token_arrays_count_themselves() {
    let input = vec![Prompt::Text("hello world".into()), Prompt::Tokens(vec![1, 2, 3])];
    let embedding = Operation::Embedding(EmbeddingRequest { input: input.clone(), ..EmbeddingRequest::default() });
    let count = count::operation(&embedding, &model("text-embedding-3-small"));
    assert_eq!((count.tokens, count.exact, count.tokenizer), (5, true, "cl100k"));
    let request = CompletionRequest { prompts: input, suffix: Some("!".into()), ..CompletionRequest::default() };
    let completion = Operation::Completion(Box::new(request));
    assert_eq!(count::operation(&completion, &model("gpt-3.5-turbo-instruct")).tokens, 6);
}

#[test]
fn tools_and_pictures_make_an_estimate() {
    let mut request =
        ChatRequest { messages: vec![message(MessageRole::User, None, "What is this?")], ..ChatRequest::default() };
    let plain = count::operation(&Operation::Chat(Box::new(request.clone())), &model("gpt-4o"));
    assert!(plain.exact);
    request.tools.push(Tool::Function {
        name: "weather".into(),
        description: Some("The weather of a place.".into()),
        parameters: Some(Json(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#.into())),
        strict: None,
        cache: None,
        extensions: Vec::new(),
    });
    let with_tool = count::operation(&Operation::Chat(Box::new(request.clone())), &model("gpt-4o"));
    assert!(!with_tool.exact && with_tool.tokens > plain.tokens + 20);
    let source = MediaSource::Url("https://example.com/cat.png".into());
    let image = PartKind::Image(Image { source, detail: Some("low".into()) });
    request.messages.first_mut().unwrap().parts.push(image.into());
    let with_picture = count::operation(&Operation::Chat(Box::new(request)), &model("gpt-4o"));
    // OpenAI bills an image of low detail as 85 tokens, whatever its size.
    assert_eq!(with_picture.tokens, with_tool.tokens + 85);
}

#[test]
fn counting_runs_only_when_the_bytes_cannot_settle_it() {
    let request = chat(vec![message(MessageRole::User, None, &"word ".repeat(1_000))]);
    let model = model("gpt-4o");
    let PromptFit::Fits { at_most } = count::fits(&request, &model, 128_000) else { panic!("was counted") };
    assert_eq!(at_most, 5_000 + 3 + 4 + 3);
    let PromptFit::Counted { count, fits } = count::fits(&request, &model, 2_000) else { panic!("was not counted") };
    assert!(fits && count.exact && count.tokens <= 2_000);
    assert!(!count::fits(&request, &model, 500).fits());
    assert!(count::operation(&request, &model).tokens <= count::upper_bound(&request));
}

#[test]
fn lengths_alone_give_estimates() {
    let estimate = count::bytes_estimate(4_000, &model("gpt-4o"));
    assert_eq!((estimate.tokens, estimate.exact), (1_000, false));
    assert_eq!(count::bytes_estimate(4_000, &model("claude-opus-4-8")).tokens, 1_550);
    assert_eq!(count::bytes_estimate(0, &model("gpt-4o")).tokens, 0);
    assert_eq!(count::text("hello world", &model("gpt-4o")).tokens, 2);
}

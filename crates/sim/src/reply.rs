//! What a simulated model says, whatever API it is asked through.

use crate::schema;
use crate::tokens;
use serde_json::Value;

/// A question, as far as the reply depends on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimPrompt {
    pub(crate) model: String,
    /// What the user said last.
    pub(crate) text: String,
    /// Results of tools after that, in order.
    pub(crate) results: Vec<String>,
    /// How often tools were called after that.
    pub(crate) rounds: usize,
    /// The text that a reply must continue.
    pub(crate) prefix: String,
    /// What is seen in each image: see [`crate::image`].
    pub(crate) images: Vec<String>,
    pub(crate) tools: Vec<SimTool>,
    pub(crate) choice: SimToolChoice,
    /// Whether several calls may be made at once.
    pub(crate) parallel: bool,
    pub(crate) schema: Option<Value>,
    /// Any JSON object.
    pub(crate) json: bool,
    pub(crate) reasons: bool,
    pub(crate) stops: Vec<String>,
    pub(crate) max_tokens: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct SimTool {
    pub(crate) name: String,
    pub(crate) parameters: Value,
}

/// Whether tools are to be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SimToolChoice {
    #[default]
    Auto,
    None,
    Any,
    Named(String),
}

/// A reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimReply {
    pub(crate) reasoning: String,
    pub(crate) text: String,
    /// Name and arguments.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) end: SimEnd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SimEnd {
    Stop,
    StopText(String),
    Length,
    Calls,
}

const CITIES: [&str; 10] =
    ["Paris", "London", "Tokyo", "Berlin", "Rome", "Madrid", "Vienna", "Oslo", "New York", "San Francisco"];

/// Replies.
pub(crate) fn reply_to(question: &SimPrompt) -> SimReply {
    let reasoning = if question.reasons { write_reasoning(question) } else { String::new() };
    // Everything here follows from the question: the same request gets the same reply, in every format, so that tests
    // can compare formats.
    let calls = calls(question);
    let (text, end) = match calls.is_empty() {
        true => (text(question), SimEnd::Stop),
        false if question.text.contains("aloud") => ("Let me look that up.".to_owned(), SimEnd::Calls),
        false => (String::new(), SimEnd::Calls),
    };
    cut_reply(SimReply { reasoning, text, calls, end }, question)
}

impl SimReply {
    /// How many tokens it has, and how many of them are reasoning.
    pub(crate) fn tokens(&self) -> (u64, u64) {
        let reasoning = tokens::count(&self.reasoning);
        let calls = self.calls.iter().map(|(name, arguments)| tokens::count(&format!("{name} {arguments}")));
        (reasoning + tokens::count(&self.text) + calls.sum::<u64>(), reasoning)
    }
}

fn write_reasoning(question: &SimPrompt) -> String {
    let step = if question.rounds == 0 { String::new() } else { format!(" (step {})", question.rounds + 1) };
    format!("The user wants an answer to this: {}{step}", question.text)
}

fn text(question: &SimPrompt) -> String {
    // Before everything else: the schema also binds the reply that ends a loop of tools.
    if let Some(schema) = &question.schema {
        return schema::instance(schema, "simulated").to_string();
    }
    if question.json {
        return r#"{"answer": "simulated"}"#.to_owned();
    }
    if !question.results.is_empty() {
        return format!("Here is what I found: {}", question.results.join("; "));
    }
    if !question.prefix.is_empty() {
        return format!(" (after “{}”, I go on)", question.prefix);
    }
    if let Some(n) = words_wanted(&question.text) {
        return (1..=n).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    }
    let seen: String = question.images.iter().map(|image| format!(" I also see a picture: {image}.")).collect();
    let (model, asked) = (&question.model, &question.text);
    format!("You said: {asked}{seen} I am {model}, a simulated model, and this is my answer.")
}

/// The number before `words` in a prompt.
fn words_wanted(text: &str) -> Option<u64> {
    let words: Vec<_> = text.split_whitespace().collect();
    words.windows(2).find_map(|pair| match pair {
        [n, word] if word.trim_matches(|c: char| !c.is_alphanumeric()) == "words" => n.parse().ok(),
        _ => None,
    })
}

/// The calls of the step that is next: `then` in a question parts its steps.
fn calls(question: &SimPrompt) -> Vec<(String, Value)> {
    // Said in full, it is the only step, whatever else agents write around the question.
    if question.choice == SimToolChoice::Auto
        && let Some(call) = given_call(question)
    {
        return if question.rounds == 0 && question.results.is_empty() { vec![call] } else { Vec::new() };
    }
    // Results without calls before them: the client keeps no history of calls, so the reply only repeats the results.
    let answered = question.rounds == 0 && !question.results.is_empty();
    let Some(step) = question.text.split(" then ").nth(question.rounds).filter(|_| !answered) else {
        return Vec::new();
    };
    let asked = question.text.to_lowercase();
    let fits = |tool: &&SimTool| {
        let name = tool.name.to_lowercase();
        asked.contains(&name) || (asked.contains("weather") && name.contains("weather"))
    };
    let tool = match &question.choice {
        SimToolChoice::None => None,
        SimToolChoice::Named(name) => question.tools.iter().find(|tool| tool.name == *name),
        SimToolChoice::Any => question.tools.iter().find(fits).or(question.tools.first()),
        SimToolChoice::Auto => question.tools.iter().find(fits),
    };
    let Some(tool) = tool else { return Vec::new() };
    let mut cities: Vec<_> = CITIES.into_iter().filter(|city| step.contains(city)).collect();
    // In the order of the question and not of the list above.
    cities.sort_by_key(|city| step.find(city));
    // A tool may be called though the question names no city, and its arguments need one.
    if cities.is_empty() {
        cities.push("Paris");
    }
    if !question.parallel {
        cities.truncate(1);
    }
    cities.into_iter().map(|city| (tool.name.clone(), schema::instance(&tool.parameters, city))).collect()
}

/// The call that a question gives itself: `use get_weather with {"city": "Paris"}`.
fn given_call(question: &SimPrompt) -> Option<(String, Value)> {
    let text = question.text.as_str();
    let mut places = text.match_indices(" with {").filter_map(|(place, _)| text.split_at_checked(place));
    places.find_map(|(before, after)| {
        let name = before.split_whitespace().next_back()?;
        let tool = question.tools.iter().find(|tool| tool.name == name)?;
        let text = after.strip_prefix(" with ")?;
        Some((tool.name.clone(), serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()?))
    })
}

/// Cut at a stop text, and then at the limit.
fn cut_reply(mut reply: SimReply, question: &SimPrompt) -> SimReply {
    // Stop texts first, as vendors do: the limit counts what is left.
    let found = question.stops.iter().filter(|stop| !stop.is_empty());
    let found = found.filter_map(|stop| reply.text.find(stop.as_str()).map(|place| (place, stop))).min();
    if let Some((place, stop)) = found {
        reply.text.truncate(place);
        reply.end = SimEnd::StopText(stop.clone());
    }
    let Some(most) = question.max_tokens else { return reply };
    let (all, reasoning) = reply.tokens();
    if all > most {
        if reasoning >= most {
            reply.reasoning = first_tokens(&reply.reasoning, most);
            reply.text.clear();
        } else {
            reply.text = first_tokens(&reply.text, most - reasoning);
        }
        // A call that is cut has no valid arguments.
        reply.calls.clear();
        reply.end = SimEnd::Length;
    }
    reply
}

fn first_tokens(text: &str, n: u64) -> String {
    tokens::split(text).into_iter().take(usize::try_from(n).unwrap_or(usize::MAX)).collect()
}

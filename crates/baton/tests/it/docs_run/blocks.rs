//! The blocks of a Markdown document that are run.

/// A block of code.
pub enum Block {
    /// Commands and what they print.
    Console(Vec<Step>),
    /// A file with its name: `baton.toml` if the document says none.
    File(String, String),
}

/// A command, and the lines that it prints.
#[derive(Debug, PartialEq)]
pub struct Step {
    pub command: String,
    pub shown: Vec<String>,
}

/// In their order.
pub fn of(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        match kind {
            "console" => blocks.push(Block::Console(steps(&body))),
            "toml" => blocks.push(Block::File("baton.toml".to_owned(), body.join("\n"))),
            // The word behind the language, which readers of Markdown pass over.
            _ if let Some(name) = kind.strip_prefix("toml ").or(kind.strip_prefix("yaml ")) => {
                blocks.push(Block::File(name.to_owned(), body.join("\n")));
            }
            _ => {}
        }
    }
    blocks
}

fn steps(body: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in body {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: Vec::new() });
            continue;
        }
        let step = steps.last_mut().expect("a block begins with a command");
        if step.shown.is_empty() && step.command.ends_with('\\') {
            step.command = format!("{}\n{line}", step.command);
        } else {
            step.shown.push((*line).to_owned());
        }
    }
    // An empty line between two commands belongs to neither.
    for step in &mut steps {
        while step.shown.last().is_some_and(|line| line.is_empty()) {
            step.shown.pop();
        }
    }
    steps
}

#[test]
fn a_block_has_commands_and_what_they_print() {
    let text = "```console\n$ curl a \\\n    -d b\n{}\n\n$ baton\nx\n```\n```sh\n$ never\n```\n";
    let [Block::Console(steps)] = &of(text)[..] else { panic!() };
    let step = |command: &str, shown: &str| Step { command: command.into(), shown: vec![shown.into()] };
    assert_eq!(*steps, [step("curl a \\\n    -d b", "{}"), step("baton", "x")]);
}

//! Programs that people work with, each in front of Baton with a model of every vendor behind it: one chat, and one tool
//! that is called and whose result comes back. None of them may reach beyond this machine.

use crate::running::{KEY, Running};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A model of OpenAI's, one of Anthropic's, one of an Ollama.
const MODELS: [&str; 3] = ["gpt", "claude", "llama"];

/// What a shell makes of this shows that the tool ran: the prompt has no such word.
const SHELL: &str = "echo forty-$((40+2))";
const RESULT: &str = "forty-42";

/// A demonstration, and a home for a program that has nothing but what a test puts there.
struct Bench {
    home: tempfile::TempDir,
    demo: Running,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
        std::fs::create_dir(home.path().join("work")).unwrap();
        Self { home, demo, _folder: folder }
    }

    /// A path of Baton.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.demo.address)
    }

    /// A file of the program's home.
    fn write(&self, path: &str, text: &str) {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What a program prints.
    #[expect(clippy::disallowed_methods, reason = "programs find Node and a shell by the PATH")]
    fn run(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let nowhere = "http://127.0.0.1:9";
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.home.path().join("work"))
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", self.home.path())
            // Some of them look for updates and models in the network, which a test must not depend on.
            .envs([
                ("HTTPS_PROXY", nowhere),
                ("https_proxy", nowhere),
                ("NO_PROXY", "127.0.0.1"),
                ("no_proxy", "127.0.0.1"),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {printed}", program.display());
        printed
    }
}

/// Lets a program chat and call its tool with each model. `run` gets the model and the prompt.
fn chats_and_calls(tool: &str, argument: &str, run: impl Fn(&str, &str) -> String) {
    let more = if argument == "command" { r#", "description": "shows a word""# } else { "" };
    let call = format!(r#"Use {tool} with {{"{argument}": "{SHELL}"{more}}}"#);
    for model in MODELS {
        let chat = run(model, "Say hello");
        assert!(chat.contains("Say hello") && chat.contains("a simulated model"), "{model}: {chat}");
        let told = run(model, &call);
        assert!(told.contains("Here is what I found") && told.contains(RESULT), "{model}: {told}");
    }
}

/// A folder of the pinned programs.
#[expect(clippy::disallowed_methods, reason = "run_tests says where the programs are")]
fn programs() -> PathBuf {
    let folder = std::env::var("BATON_TEST_AGENTS").expect(
        "BATON_TEST_AGENTS names a folder with the packages of tests/agents/package.json: ./run_tests.sh makes one",
    );
    PathBuf::from(folder).join("node_modules")
}

/// The program of a package whose machine code is in a package of its own for each system.
fn native(folder: &Path, prefix: &str, program: &str) -> PathBuf {
    let packages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = packages
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix))
        .map(|path| path.join(program))
        .filter(|path| path.exists())
        .collect();
    // Builds for older processors have longer names.
    found.sort();
    found.into_iter().next().unwrap_or_else(|| panic!("no {prefix}*/{program} in {}", folder.display()))
}

#[test]
fn codex_chats_and_calls_tools() {
    let bench = Bench::new();
    let url = bench.url("/v1");
    bench.write(
        ".codex/config.toml",
        &format!(
            "model_provider = \"baton\"\n[model_providers.baton]\nname = \"Baton\"\nbase_url = \"{url}\"\n\
             env_key = \"BATON_API_KEY\"\nwire_api = \"responses\"\n"
        ),
    );
    let program = programs().join(".bin/codex");
    chats_and_calls("exec_command", "cmd", |model, prompt| {
        let arguments = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", model];
        bench.run(&program, &[&arguments[..], &[prompt]].concat(), &[("BATON_API_KEY", KEY)])
    });
}

#[test]
fn claude_code_chats_and_calls_tools() {
    let bench = Bench::new();
    let url = bench.url("");
    let program = native(&programs().join("@anthropic-ai"), "claude-code-", "claude");
    chats_and_calls("Bash", "command", |model, prompt| {
        let variables = [
            ("ANTHROPIC_BASE_URL", url.as_str()),
            ("ANTHROPIC_AUTH_TOKEN", KEY),
            ("ANTHROPIC_MODEL", model),
            ("ANTHROPIC_DEFAULT_HAIKU_MODEL", model),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            // It lets root skip permissions in a container alone.
            ("IS_SANDBOX", "1"),
        ];
        // One tool: the program describes the others in the prompt, and the simulated model would take that for a wish.
        bench.run(&program, &["-p", prompt, "--tools", "Bash", "--dangerously-skip-permissions"], &variables)
    });
}

#[test]
fn opencode_chats_and_calls_tools() {
    let bench = Bench::new();
    let models = MODELS.map(|model| (model.to_owned(), serde_json::json!({})));
    let config = serde_json::json!({
        "autoupdate": false,
        "share": "disabled",
        "small_model": "baton/gpt",
        "provider": { "baton": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Baton",
            "options": { "baseURL": bench.url("/v1"), "apiKey": KEY },
            "models": serde_json::Map::from_iter(models),
        } },
    });
    bench.write(".config/opencode/opencode.json", &config.to_string());
    let program = native(&programs(), "opencode-", "bin/opencode");
    chats_and_calls("bash", "command", |model, prompt| {
        // Word by word: it puts quotes around what has a space.
        let model = format!("baton/{model}");
        let arguments = ["run", "-m", &model].into_iter().chain(prompt.split(' ')).collect::<Vec<_>>();
        bench.run(&program, &arguments, &[])
    });
}

#[test]
fn qwen_code_chats_and_calls_tools() {
    let bench = Bench::new();
    let url = bench.url("/v1");
    bench.write(".qwen/settings.json", r#"{"privacy":{"usageStatisticsEnabled":false}}"#);
    let program = programs().join(".bin/qwen");
    chats_and_calls("run_shell_command", "command", |model, prompt| {
        // It takes the proxy for every address, whatever NO_PROXY says.
        let direct = [("HTTPS_PROXY", ""), ("https_proxy", "")];
        let variables = [("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", url.as_str()), ("OPENAI_MODEL", model)];
        let variables = [&direct[..], &variables].concat();
        bench.run(&program, &["--auth-type", "openai", "--yolo", "-p", prompt], &variables)
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "run_tests says which Python has the programs")]
fn llm_chats_and_calls_tools() {
    let bench = Bench::new();
    let python = std::env::var("BATON_TEST_PYTHON").expect("BATON_TEST_PYTHON: see sdks.rs");
    let program = Path::new(&python).with_file_name("llm");
    let models = MODELS.map(|model| {
        format!(
            "- model_id: {model}\n  model_name: {model}\n  api_base: {}\n  api_key_name: baton\n  supports_tools: true\n",
            bench.url("/v1")
        )
    });
    bench.write(".config/io.datasette.llm/extra-openai-models.yaml", &models.concat());
    let keys = serde_json::json!({ "baton": KEY });
    bench.write(".config/io.datasette.llm/keys.json", &keys.to_string());
    bench.write("tools.py", "import subprocess\n\ndef shell(cmd: str) -> str:\n    return subprocess.check_output(cmd, shell=True, text=True)\n");
    let tools = bench.home.path().join("tools.py");
    chats_and_calls("shell", "cmd", |model, prompt| {
        bench.run(&program, &["-m", model, "--functions", tools.to_str().unwrap(), prompt], &[])
    });
}

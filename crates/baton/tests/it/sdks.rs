//! The official SDKs and what is built upon them, each with every simulated provider behind Baton: the scripts in
//! `tests/sdk` compare what the SDK's own objects hold with what was sent, a named check each.

use crate::running::{KEY, Running, printed_text};
use baton_sim::{Kind, Sim, SimOptions};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Name, capability and the provider's name for it.
const MODELS: [(&str, &str, &str, &str); 15] = [
    ("gpt", "openai", "CHAT", "gpt-4o-mini"),
    ("gpt-thinks", "openai", "CHAT", "deepseek-reasoner"),
    ("gpt-5", "openai", "CHAT", "gpt-5"),
    ("claude", "anthropic", "CHAT", "claude-sonnet-4-5"),
    ("opus", "anthropic", "CHAT", "claude-opus-4-6"),
    ("llama", "ollama", "CHAT", "llama3.2:latest"),
    ("qwen", "ollama", "CHAT", "qwen3:8b"),
    ("embed-openai", "openai", "EMBEDDING", "text-embedding-3-small"),
    ("embed-ollama", "ollama", "EMBEDDING", "nomic-embed-text:latest"),
    ("paint", "openai", "IMAGE_GENERATION", "gpt-image-1"),
    ("vary", "openai", "IMAGE_GENERATION", "dall-e-2"),
    ("listen", "openai", "AUDIO_TRANSCRIPTION", "whisper-1"),
    ("listen-live", "openai", "AUDIO_TRANSCRIPTION", "gpt-4o-transcribe"),
    ("speak", "openai", "AUDIO_SPEECH", "tts-1"),
    ("judge", "openai", "MODERATION", "gpt-4o-mini"),
];

/// The faults for which each provider has a model, `openai-fail-429` and so on.
const FAULTS: [&str; 8] =
    ["fail-401", "fail-429", "fail-500", "fail-503", "fail-529", "fail-context", "error-mid-stream", "hang-mid-stream"];

/// Runs a script with the address of a Baton, its key, and the addresses of the providers as JSON.
async fn runs(program: &str, script: &Path) {
    let mut sims = Vec::new();
    for kind in Kind::ALL {
        let options = SimOptions::of(kind).model("deepseek-reasoner").model("gpt-4o-transcribe");
        sims.push(Sim::start(kind, options).await.unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, configuration(&sims)).unwrap();
    let places: serde_json::Value =
        sims.iter().map(|sim| (sim.kind().name().to_owned(), json!(sim.address().to_string()))).collect();
    // The simulated providers run on the same threads and have to go on while the script is waited for.
    tokio::task::block_in_place(|| {
        let file = file.to_str().unwrap();
        let variables = [("BATON_ADMIN_KEY", KEY)];
        let baton = Running::start(folder.path(), &["serve", "--config", file], &variables, "baton is ready");
        let url = format!("http://{}", baton.address);
        let output = Command::new(program).arg(script).args([&url, KEY, &places.to_string()]).output().unwrap();
        assert!(output.status.success(), "{}", printed_text(&output));
    });
}

fn configuration(sims: &[Sim]) -> String {
    let mut text = String::new();
    for sim in sims {
        let (name, url) = (sim.kind().name(), sim.base_url());
        let mut provider = format!("kind = \"{name}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\nretries = 0");
        if sim.kind() == Kind::OpenAi {
            // As OpenAI itself, which is known by its own address only.
            provider.push_str("\nquirks = { reasoning_history = \"none\" }");
        }
        // Otherwise the providers' own names of models would be there too, and a script could ask for one by mistake.
        writeln!(text, "[providers.{name}]\n{provider}\ndiscover = false").unwrap();
    }
    let mut model = |id: &str, provider: &str, capability: &str, upstream: &str| {
        let what = format!("provider = \"{provider}\"\ncapabilities = [\"{capability}\"]\nupstream = \"{upstream}\"");
        writeln!(text, "[[models]]\nmodel_id = \"{id}\"\n{what}").unwrap();
    };
    for (id, provider, capability, upstream) in MODELS {
        model(id, provider, capability, upstream);
    }
    for sim in sims {
        for fault in FAULTS {
            let provider = sim.kind().name();
            model(&format!("{provider}-{fault}"), provider, "CHAT", fault);
        }
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "run_tests says which Python has the SDKs")]
async fn python(script: &str) {
    let python = std::env::var("BATON_TEST_PYTHON").expect(
        "BATON_TEST_PYTHON names a Python that has the SDKs of tests/sdk/requirements.txt: ./run_tests.sh makes one",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/sdk/python/{script}.py"));
    runs(&python, &script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_embeddings_of_the_openai_sdk_for_python() {
    python("openai_chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_and_limits_in_the_libraries_for_python() {
    python("budgets").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_anthropic_sdk_for_python() {
    python("anthropic_messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_embeddings_of_the_ollama_library_for_python() {
    python("ollama_chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_of_the_openai_sdk_for_python() {
    python("openai_responses").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_models_and_batches_of_the_anthropic_sdk_for_python() {
    python("anthropic_others").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_audio_and_files_of_the_openai_sdk_for_python() {
    python("openai_others").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_by_the_sdks_for_python() {
    python("bad_input").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frameworks_for_python() {
    python("frameworks").await;
}

/// Runs a script from a folder inside the one with the packages: Node looks for imports in the folders above.
#[expect(clippy::disallowed_methods, reason = "run_tests says where the packages are")]
async fn node(script: &str) {
    let folder = std::env::var("BATON_TEST_NODE").expect(
        "BATON_TEST_NODE names a folder with the packages of tests/sdk/js/package.json: ./run_tests.sh makes one",
    );
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/js");
    let place = tempfile::Builder::new().prefix("scripts").tempdir_in(folder).unwrap();
    for entry in std::fs::read_dir(scripts).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
    }
    runs("node", &place.path().join(format!("{script}.js"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_embeddings_of_the_openai_sdk_for_javascript() {
    node("openai_chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_of_the_openai_sdk_for_javascript() {
    node("openai_responses").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_anthropic_sdk_for_javascript() {
    node("anthropic_messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_models_and_batches_of_the_anthropic_sdk_for_javascript() {
    node("anthropic_others").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_embeddings_of_the_ollama_library_for_javascript() {
    node("ollama_chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frameworks_for_javascript() {
    node("frameworks").await;
}

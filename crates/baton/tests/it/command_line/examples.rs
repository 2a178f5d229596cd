//! Arguments for every command of the binary.

/// Whom a command talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talks {
    /// To Baton, with the credentials, and ends; its success prints this.
    ToBaton { prints: &'static str },
    /// To Baton, with the credentials, until it is stopped.
    ToBatonUntilStopped,
    /// To Baton without credentials: a health check has none.
    ToBatonWithoutKey,
    /// To nobody.
    ToNobody,
    /// To nobody, until it is stopped; it is under way once a line holds this.
    ToNobodyUntilStopped { ready: &'static str },
}

use Talks::{ToBaton, ToBatonUntilStopped, ToBatonWithoutKey, ToNobody, ToNobodyUntilStopped};

/// An example of a command.
///
/// In its arguments `{baton}` is Baton's address, `{other}` an address that is not Baton's, `{new}` a name that nothing
/// has; `{key}`, `{project}`, `{model}`, `{webhook}`, `{delivery}` and `{request}` are ids of things that are there.
pub struct Example {
    /// The command and its subcommands.
    pub path: &'static str,
    pub arguments: &'static [&'static str],
    pub talks: Talks,
}

const fn example(path: &'static str, arguments: &'static [&'static str], talks: Talks) -> Example {
    Example { path, arguments, talks }
}

/// At least one for each command. A new command without one fails the test.
pub const EXAMPLES: &[Example] = &[
    example("serve", &["--listen", "127.0.0.1:0"], ToNobodyUntilStopped { ready: "baton is ready" }),
    example("demo", &["--listen", "127.0.0.1:0"], ToNobodyUntilStopped { ready: "group_by=model" }),
    example("check", &["--offline"], ToNobody),
    example("health", &["--url", "{baton}"], ToBatonWithoutKey),
    example("migrate", &[], ToNobody),
    example("db copy", &["--from", "sqlite:data/baton.db", "--to", "sqlite:copy.db"], ToNobody),
    example(
        "models list",
        &["--provider", "sim-openai", "--capability", "CHAT", "--search", "g"],
        ToBaton { prints: "gpt" },
    ),
    example("models show", &["gpt"], ToBaton { prints: "gpt-4o-mini" }),
    example(
        "models add",
        &["{new}", "--provider", "sim-openai", "--upstream", "gpt-4o", "--fallback", "gpt"],
        ToBaton { prints: "registered" },
    ),
    example("models remove", &["{model}", "--force"], ToBaton { prints: "removed" }),
    example("models discover", &["--dry-run"], ToBaton { prints: "added" }),
    example("models health", &["gpt"], ToBaton { prints: "closed" }),
    example("keys create", &["{new}", "--models", "gpt", "--addresses", "10.0.0.0/8"], ToBaton { prints: "bt-" }),
    example("keys rotate", &["{key}", "--overlap", "1h"], ToBaton { prints: "bt-" }),
    example("keys list", &[], ToBaton { prints: "id" }),
    example("keys revoke", &["{key}"], ToBaton { prints: "revoked" }),
    example("token mint", &["--sub", "ada"], ToNobody),
    example("secrets key", &[], ToNobody),
    example("secrets rotate", &[], ToNobody),
    example("usage", &["--group-by", "model,day"], ToBaton { prints: "requests" }),
    example("projects create", &["{new}", "--name", "Search"], ToBaton { prints: "made" }),
    example("projects list", &[], ToBaton { prints: "id" }),
    example("projects rename", &["{project}", "Retrieval"], ToBaton { prints: "Retrieval" }),
    example("projects remove", &["{project}"], ToBaton { prints: "removed" }),
    example("webhooks create", &["{other}/hook", "--types", "budget.exceeded"], ToBaton { prints: "whsec_" }),
    example("webhooks list", &[], ToBaton { prints: "id" }),
    example("webhooks remove", &["{webhook}"], ToBaton { prints: "removed" }),
    example("webhooks rotate", &["{webhook}"], ToBaton { prints: "whsec_" }),
    example("webhooks deliveries", &["{webhook}"], ToBaton { prints: "id" }),
    example("webhooks redeliver", &["{delivery}"], ToBaton { prints: "on its way" }),
    example("events", &["--after", "oldest"], ToBatonUntilStopped),
    example("audit", &["--kind", "key"], ToBaton { prints: "actor" }),
    example("chat", &["gpt", "Say hello"], ToBaton { prints: "hello" }),
    example("sim", &[], ToNobodyUntilStopped { ready: "ollama" }),
    example("openapi", &[], ToNobody),
    example("docs", &["metrics"], ToNobody),
];

//! Arguments for every command of the binary.

/// Whom a command talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalksTo {
    /// To Baton, with the credentials, and ends; its success prints this.
    Baton { prints: &'static str },
    /// To Baton, with the credentials, until it is stopped.
    BatonUntilStopped,
    /// To Baton without credentials, which a health check has none of; its success prints this.
    BatonWithoutKey { prints: &'static str },
    /// To nobody.
    Nobody,
    /// To nobody, until it is stopped; it is under way once a line holds this.
    NobodyUntilStopped { ready: &'static str },
}

use TalksTo::{Baton, BatonUntilStopped, BatonWithoutKey, Nobody, NobodyUntilStopped};

/// An example of a command.
///
/// In its arguments `{baton}` is Baton's address, `{other}` an address that is not Baton's, `{new}` a name that nothing
/// has; `{key}`, `{project}`, `{member}` (a project with the member `anna`), `{user}`, `{model}`, `{provider}`, `{webhook}`, `{price}`, `{budget}`, `{limit}`, `{prices}` (a file of prices), `{team}` (a file of things), `{backup}` (an archive of an installation), `{empty}` (a configuration with a data folder of its own), `{litellm}` (LiteLLM's configuration), `{replying}` (a webhook whose service replies), `{delivery}` and `{request}` are ids of things that are there.
pub struct Example {
    /// The command and its subcommands.
    pub path: &'static str,
    pub arguments: &'static [&'static str],
    pub talks_to: TalksTo,
}

const fn example(path: &'static str, arguments: &'static [&'static str], talks_to: TalksTo) -> Example {
    Example { path, arguments, talks_to }
}

/// At least one for each command. A new command without one fails the test.
pub const EXAMPLES: &[Example] = &[
    example("serve", &["--listen", "127.0.0.1:0"], NobodyUntilStopped { ready: "baton is ready" }),
    example("demo", &["--listen", "127.0.0.1:0"], NobodyUntilStopped { ready: "group_by=model" }),
    example("check", &["--offline"], Nobody),
    example("health", &["--url", "{baton}"], BatonWithoutKey { prints: "is ready" }),
    example("migrate", &[], Nobody),
    example("db copy", &["--from", "sqlite:data/baton.db", "--to", "sqlite:copy.db"], Nobody),
    example("backup", &["{new}.tar.gz"], Nobody),
    example("restore", &["{backup}", "--config", "{empty}"], Nobody),
    example("apply", &["-f", "{team}"], Baton { prints: "1 created, 0 unchanged" }),
    example("export", &["--kinds", "projects,keys"], Baton { prints: "# What is registered" }),
    example("import litellm", &["--config", "{litellm}"], Nobody),
    example(
        "models list",
        &["--provider", "sim-openai", "--capability", "CHAT", "--search", "g"],
        Baton { prints: "gpt" },
    ),
    example("models show", &["gpt"], Baton { prints: "gpt-4o-mini" }),
    example(
        "models add",
        &["{new}", "--provider", "sim-openai", "--upstream", "gpt-4o", "--fallback", "gpt", "--price", "input=1"],
        Baton { prints: "registered" },
    ),
    example("models remove", &["{model}", "--force"], Baton { prints: "removed" }),
    example("models discover", &["--dry-run"], Baton { prints: "added" }),
    example("models health", &["gpt"], Baton { prints: "closed" }),
    example("providers list", &[], Baton { prints: "sim-openai" }),
    example("providers show", &["sim-openai"], Baton { prints: "openai" }),
    example(
        "providers add",
        &["{new}", "--kind", "openai", "--base-url", "{other}/v1", "--api-key-from", "JWT_SECRET"],
        Baton { prints: "registered" },
    ),
    example("providers remove", &["{provider}"], Baton { prints: "removed" }),
    example("route", &["resilient", "Hello", "--max-tokens", "10"], Baton { prints: "claude" }),
    example(
        "keys create",
        &["{new}", "--models", "gpt", "--addresses", "10.0.0.0/8", "--scope", "all"],
        Baton { prints: "bt-" },
    ),
    example(
        "keys update",
        &["{key}", "--all-models", "--strict", "true", "--scope", "all"],
        Baton { prints: "changed" },
    ),
    example("keys rotate", &["{key}", "--overlap", "1h"], Baton { prints: "bt-" }),
    example("keys list", &[], Baton { prints: "ID" }),
    example("keys revoke", &["{key}"], Baton { prints: "revoked" }),
    example("prices list", &["--vendor", "openai", "--model", "gpt-5.4"], Baton { prints: "gpt-5.4-mini" }),
    example("prices set", &["{new}", "--provider", "sim-openai", "--factor", "0.9"], Baton { prints: "set" }),
    example("prices show", &["{price}"], Baton { prints: "0.9" }),
    example("prices rm", &["{price}"], Baton { prints: "removed" }),
    example("prices update", &["{prices}", "--dry-run"], Baton { prints: "amounts would be changed" }),
    example("usage reprice", &["--from", "2026-11-01", "--dry-run"], Baton { prints: "none" }),
    example(
        "budgets create",
        &["{new}", "--scope", "project=search", "--amount", "12.5", "--period", "month", "--alerts", "0.5,0.9"],
        Baton { prints: "created" },
    ),
    example("budgets list", &["--origin", "api"], Baton { prints: "AMOUNT" }),
    example("budgets get", &["{budget}"], Baton { prints: "when_unpriced" }),
    example(
        "budgets update",
        &["{budget}", "--when-unpriced", "allow", "--shrink", "true", "--scope", "user=*"],
        Baton { prints: "changed" },
    ),
    example(
        "budgets raise",
        &["{budget}", "--amount", "100", "--until", "2999-12-01"],
        Baton { prints: "raised by 100" },
    ),
    example("budgets reset", &["{budget}"], Baton { prints: "reset" }),
    example("budgets verify", &["{budget}"], Baton { prints: "none" }),
    example("budgets counters", &["{budget}"], Baton { prints: "none" }),
    example("budgets delete", &["{budget}"], Baton { prints: "deleted" }),
    example(
        "limits create",
        &["{new}", "--everything", "--requests", "1000", "--per", "second", "--burst", "10"],
        Baton { prints: "created" },
    ),
    example("limits list", &[], Baton { prints: "CONCURRENCY" }),
    example("limits get", &["{limit}"], Baton { prints: "concurrency" }),
    example("limits update", &["{limit}", "--concurrency", "9"], Baton { prints: "changed" }),
    example("limits counters", &["{limit}"], Baton { prints: "none" }),
    example("limits delete", &["{limit}"], Baton { prints: "deleted" }),
    example("token mint", &["--sub", "ada"], Nobody),
    example("secrets key", &[], Nobody),
    example("secrets rotate", &[], Nobody),
    example("usage", &["--group-by", "model,day"], Baton { prints: "total" }),
    example("requests list", &["--outcome", "completed"], Baton { prints: "completed" }),
    example("requests show", &["{request}"], Baton { prints: "attempts.0.model" }),
    example("feedback", &["{request}", "--score", "-0.5"], Baton { prints: "saved" }),
    example("cache size", &[], Baton { prints: "entries" }),
    example("cache purge", &["--model", "gpt"], Baton { prints: "0 cached replies" }),
    example("projects create", &["{new}", "--name", "Search"], Baton { prints: "created" }),
    example("projects list", &[], Baton { prints: "ID" }),
    example("projects get", &["{project}"], Baton { prints: "created_at" }),
    example(
        "projects update",
        &["{project}", "--budget", "500/month", "--key-creation", "member", "--charge-factor", "1.2"],
        Baton { prints: "changed" },
    ),
    example("projects add-member", &["{project}", "anna", "--role", "operator"], Baton { prints: "operator" }),
    example("projects members", &["{project}"], Baton { prints: "none" }),
    example("projects remove-member", &["{member}", "anna"], Baton { prints: "removed" }),
    example("users set", &["{new}", "--budget", "20/day", "--limits", "rpm=60"], Baton { prints: "set" }),
    example("users list", &["--search", "ann"], Baton { prints: "ID" }),
    example("users get", &["{user}"], Baton { prints: "registered" }),
    example("users remove", &["{user}"], Baton { prints: "removed" }),
    example("projects rename", &["{project}", "Retrieval"], Baton { prints: "Retrieval" }),
    example("projects remove", &["{project}"], Baton { prints: "removed" }),
    example(
        "webhooks create",
        &["{other}/hook", "--types", "budget.exceeded", "--format", "slack"],
        Baton { prints: "whsec_" },
    ),
    example("webhooks list", &[], Baton { prints: "budget.exceeded" }),
    example("webhooks remove", &["{webhook}"], Baton { prints: "removed" }),
    example("webhooks rotate", &["{webhook}"], Baton { prints: "whsec_" }),
    example("webhooks test", &["{replying}"], Baton { prints: "accepted the test message (204)" }),
    example("webhooks deliveries", &["{webhook}"], Baton { prints: "none" }),
    example("webhooks redeliver", &["{delivery}"], Baton { prints: "queued" }),
    example("events", &["--after", "oldest"], BatonUntilStopped),
    example("audit", &["--kind", "key"], Baton { prints: "ACTOR" }),
    example("chat", &["gpt", "Say hello"], Baton { prints: "hello" }),
    example("sim", &[], NobodyUntilStopped { ready: "ollama" }),
    example("openapi", &[], Nobody),
    example("completions", &["bash"], Nobody),
    example("docs", &["metrics"], Nobody),
];

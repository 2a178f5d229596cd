//! LiteLLM's words, and Baton's for them.

/// The providers that both know: what stands before the slash in `litellm_params.model`, and the kind of a provider.
// docs.litellm.ai/docs/providers
pub const PROVIDERS: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("azure", "azure-deployments"),
    ("cerebras", "cerebras"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("custom_openai", "openai-compatible"),
    ("deepinfra", "deepinfra"),
    ("deepseek", "deepseek"),
    ("fireworks_ai", "fireworks"),
    ("gemini", "gemini"),
    ("groq", "groq"),
    ("hosted_vllm", "vllm"),
    ("huggingface", "huggingface"),
    ("litellm_proxy", "openai-compatible"),
    ("llamafile", "openai-compatible"),
    ("lm_studio", "lmstudio"),
    ("mistral", "mistral"),
    ("moonshot", "moonshot"),
    ("nvidia_nim", "nvidia"),
    ("ollama", "ollama"),
    ("ollama_chat", "ollama"),
    ("openai", "openai"),
    ("openai_like", "openai-compatible"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("text-completion-openai", "openai"),
    ("together_ai", "together"),
    ("vllm", "vllm"),
    ("xai", "xai"),
    ("xinference", "openai-compatible"),
];

/// Providers of LiteLLM that Baton has no format for.
pub const OTHER_PROVIDERS: &[&str] = &[
    "ai21",
    "aiml",
    "azure_ai",
    "azure_text",
    "baseten",
    "bedrock",
    "clarifai",
    "cloudflare",
    "codestral",
    "databricks",
    "elevenlabs",
    "friendliai",
    "github",
    "github_copilot",
    "jina_ai",
    "maritalk",
    "meta_llama",
    "nlp_cloud",
    "petals",
    "predibase",
    "replicate",
    "sagemaker",
    "sagemaker_chat",
    "sambanova",
    "snowflake",
    "triton",
    "vertex_ai",
    "vertex_ai_beta",
    "volcengine",
    "voyage",
    "watsonx",
];

/// How names of models begin that LiteLLM knows without a provider before them.
pub const BARE_NAMES: &[(&str, &str)] = &[
    ("chatgpt-", "openai"),
    ("claude-", "anthropic"),
    ("dall-e", "openai"),
    ("ft:gpt-", "openai"),
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("omni-moderation", "openai"),
    ("text-embedding-", "openai"),
    ("text-moderation", "openai"),
    ("tts-", "openai"),
    ("whisper-", "openai"),
];

/// Dollars for one unit, and the class of a price, which is in dollars for a million.
// docs.litellm.ai/docs/proxy/custom_pricing
pub const COSTS: &[(&str, &str)] = &[
    ("input_cost_per_token", "input"),
    ("output_cost_per_token", "output"),
    ("cache_read_input_token_cost", "cache_read"),
    ("cache_creation_input_token_cost", "cache_write"),
    ("cache_creation_input_token_cost_above_1hr", "cache_write_1h"),
    ("output_cost_per_reasoning_token", "reasoning"),
    ("input_cost_per_audio_token", "audio_input"),
    ("output_cost_per_audio_token", "audio_output"),
    ("input_cost_per_character", "characters"),
];

/// `model_info.mode`, and a capability.
pub const MODES: &[(&str, &str)] = &[
    ("chat", "CHAT"),
    ("responses", "CHAT"),
    ("completion", "COMPLETION"),
    ("embedding", "EMBEDDING"),
    ("image_generation", "IMAGE_GENERATION"),
    ("audio_transcription", "AUDIO_TRANSCRIPTION"),
    ("audio_speech", "AUDIO_SPEECH"),
    ("rerank", "RERANK"),
    ("moderation", "MODERATION"),
];

/// Parameters of requests that a deployment sets, and their names in `configuration`.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    // OpenAI's older name for the same; Baton sends each provider the one that it knows.
    ("max_tokens", "max_completion_tokens"),
    ("max_completion_tokens", "max_completion_tokens"),
    ("seed", "seed"),
    ("stop", "stop"),
    ("presence_penalty", "presence_penalty"),
    ("frequency_penalty", "frequency_penalty"),
    ("reasoning_effort", "reasoning_effort"),
    ("response_format", "response_format"),
];

/// What Baton has in place of a setting without an equivalent here.
const HINTS: &[(&str, &str)] = &[
    ("cache", "see [cache] in baton.toml"),
    ("cache_params", "see [cache] in baton.toml"),
    ("callbacks", "see metrics, traces and webhooks"),
    ("content_policy_fallbacks", "a model's fallbacks are tried whatever it failed for"),
    ("context_window_fallbacks", "a model's fallbacks are tried whatever it failed for"),
    ("database_url", "set DATABASE_URL"),
    ("drop_params", "Baton drops what a model does not support, and says so; a strict key refuses it"),
    ("failure_callback", "see metrics, traces and webhooks"),
    ("guardrails", "Baton has none"),
    ("litellm_license", "Baton needs none"),
    ("master_key", "set BATON_ADMIN_KEY"),
    ("mcp_servers", "Baton has none"),
    ("redis_host", "set REDIS_URL"),
    ("redis_password", "set REDIS_URL"),
    ("redis_port", "set REDIS_URL"),
    ("routing_strategy", "Baton tries the model, then its fallbacks in order"),
    ("spend", "what was spent before does not count"),
    ("success_callback", "see metrics, traces and webhooks"),
    ("weight", "the first deployment is tried first, the others are its fallbacks"),
];

/// What is said of a field that is not taken over.
pub fn without_equivalent(field: &str) -> String {
    match lookup(HINTS, field) {
        Some(hint) => format!("`{field}` has no equivalent; {hint}"),
        None => format!("`{field}` has no equivalent"),
    }
}

/// What a word stands for.
pub fn lookup(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, ours)| *ours)
}

/// The period of a budget for a duration, and whether it is the same length.
pub fn period(duration: &str) -> Option<(&'static str, bool)> {
    // LiteLLM resets budgets of a day, a week and a month by the calendar, as Baton does.
    // docs.litellm.ai/docs/proxy/users#reset-budgets
    Some(match duration.trim().to_lowercase().as_str() {
        "1h" | "60m" | "3600s" | "hourly" => ("hour", true),
        "1d" | "24h" | "86400s" | "daily" => ("day", true),
        "7d" | "1w" | "weekly" => ("week", true),
        "1mo" | "monthly" => ("month", true),
        "30d" | "31d" | "28d" => ("month", false),
        _ => return None,
    })
}

//! What others call the vendors.

/// A vendor's names.
#[derive(Debug, Clone, Copy)]
pub struct VendorNames {
    /// Ours: the name of its preset.
    pub own: &'static str,
    /// In models.dev.
    pub models_dev: &'static str,
    /// In LiteLLM's map: its `litellm_provider`. The first names its models, as in `gemini/gemini-2.5-pro`.
    pub litellm: &'static [&'static str],
}

const fn names(own: &'static str, models_dev: &'static str, litellm: &'static [&'static str]) -> VendorNames {
    VendorNames { own, models_dev, litellm }
}

/// All vendors whose prices are known, by name. Servers of one's own have none.
pub const VENDORS: &[VendorNames] = &[
    names("anthropic", "anthropic", &["anthropic"]),
    names("azure", "azure", &["azure"]),
    names("cerebras", "cerebras", &["cerebras"]),
    names("cohere", "cohere", &["cohere", "cohere_chat"]),
    names("deepinfra", "deepinfra", &["deepinfra"]),
    names("deepseek", "deepseek", &["deepseek"]),
    names("fireworks", "fireworks-ai", &["fireworks_ai"]),
    names("gemini", "google", &["gemini"]),
    names("groq", "groq", &["groq"]),
    names("huggingface", "huggingface", &["huggingface"]),
    names("mistral", "mistral", &["mistral"]),
    names("moonshot", "moonshotai", &["moonshot"]),
    names("nvidia", "nvidia", &["nvidia_nim"]),
    names("openai", "openai", &["openai", "text-completion-openai"]),
    names("openrouter", "openrouter", &["openrouter"]),
    names("perplexity", "perplexity", &["perplexity"]),
    names("together", "togetherai", &["together_ai"]),
    names("xai", "xai", &["xai"]),
];

//! The vendors, each with a link to its reference.

use super::preset::{AuthHeader, KeyRequirement, PathStyle, Preset};
use baton_model::entity::{Alphabet, ChatApi, Limits, MaxTokensField, ReasoningHistory, SchemaSubset};
use baton_model::{Capability, Dialect};
use std::time::Duration;

const CHAT: &[Capability] = &[Capability::Chat];
const TEXT: &[Capability] = &[Capability::Chat, Capability::Completion];
const TEXT_EMBED: &[Capability] = &[Capability::Chat, Capability::Completion, Capability::Embedding];
const CHAT_EMBED: &[Capability] = &[Capability::Chat, Capability::Embedding];
const EVERYTHING: &[Capability] = &[
    Capability::Chat,
    Capability::Completion,
    Capability::Embedding,
    Capability::ImageGeneration,
    Capability::AudioTranscription,
    Capability::AudioTranslation,
    Capability::AudioSpeech,
    Capability::Moderation,
    Capability::Rerank,
];
/// OpenAI itself orders no documents.
const OPENAIS: &[Capability] = &[
    Capability::Chat,
    Capability::Completion,
    Capability::Embedding,
    Capability::ImageGeneration,
    Capability::AudioTranscription,
    Capability::AudioTranslation,
    Capability::AudioSpeech,
    Capability::Moderation,
];
/// What servers on one's own machines have: vLLM, llama.cpp, SGLang and the like rerank too.
const SERVERS: &[Capability] = &[Capability::Chat, Capability::Completion, Capability::Embedding, Capability::Rerank];

/// Parameters of llama.cpp, vLLM and Ollama, which OpenAI's reference does not have.
const SERVER_SAMPLING: &[&str] = &["top_k", "min_p", "repeat_penalty"];

/// The rules of the format.
const FORMATS_OWN: Limits = Limits {
    tool_name: None,
    tool_name_alphabet: Alphabet::Unspecified,
    call_id: None,
    call_id_alphabet: Alphabet::Unspecified,
    stops: None,
    user: None,
    opaque_user: None,
    tool_properties: None,
};

/// A service in OpenAI's format that needs a key and knows the older names.
const COMPATIBLE: Preset = Preset {
    name: "",
    title: "",
    catalogue: None,
    dialect: Dialect::OpenAi,
    base_url: None,
    key_env: None,
    key: KeyRequirement::Required,
    auth: AuthHeader::Bearer,
    paths: PathStyle::Plain,
    query: None,
    capabilities: TEXT,
    // Most compatible services know only the older name, and ignore or refuse the newer one.
    max_tokens: MaxTokensField::MaxTokens,
    stream_usage: None,
    // OpenAI renamed the system role for its own models; others refuse the new word.
    developer_role: Some(false),
    json_schema: None,
    refuses: &[],
    reasoning_history: ReasoningHistory::Unspecified,
    image_types: None,
    document_types: None,
    audio_formats: None,
    schemas: SchemaSubset::Unspecified,
    limits: FORMATS_OWN,
    api: ChatApi::Chat,
    first_token: None,
};

/// Whatever there is.
const ANY: Option<&[&str]> = Some(&["*"]);

/// The same on the operator's own machines, where a model may have to be loaded first.
const OWN: Preset = Preset {
    key: KeyRequirement::Optional,
    capabilities: SERVERS,
    // They put names and ids into a template, and check none.
    limits: Limits::NONE,
    // Their libraries for images and audio read more than vendors do, and grammars are made of most schemas.
    image_types: ANY,
    audio_formats: ANY,
    schemas: SchemaSubset::Any,
    first_token: Some(Duration::from_secs(300)),
    ..COMPATIBLE
};

/// OpenAI itself.
const OPENAI: Preset = Preset {
    name: "openai",
    title: "OpenAI",
    base_url: Some("https://api.openai.com/v1"),
    key_env: Some("OPENAI_API_KEY"),
    capabilities: OPENAIS,
    max_tokens: MaxTokensField::Unspecified,
    developer_role: None,
    // It answers 400 to every field that it does not know. What else its own models refuse stands in the catalogue:
    // clients use this name for other services too.
    refuses: SERVER_SAMPLING,
    api: ChatApi::Both,
    ..COMPATIBLE
};

/// All of them; the formats' own first, then by name.
pub const ALL: &[Preset] = &[
    OPENAI,
    // https://docs.anthropic.com/en/api
    Preset {
        name: "anthropic",
        title: "Anthropic",
        dialect: Dialect::Anthropic,
        base_url: Some("https://api.anthropic.com"),
        key_env: Some("ANTHROPIC_API_KEY"),
        auth: AuthHeader::Header("x-api-key"),
        capabilities: CHAT,
        max_tokens: MaxTokensField::Unspecified,
        developer_role: None,
        ..COMPATIBLE
    },
    // https://github.com/ollama/ollama/blob/main/docs/api.md
    Preset {
        name: "ollama",
        title: "Ollama",
        dialect: Dialect::Ollama,
        base_url: Some("http://127.0.0.1:11434"),
        key_env: Some("OLLAMA_API_KEY"),
        capabilities: &[
            Capability::Chat,
            Capability::Completion,
            Capability::Embedding,
            Capability::AudioTranscription,
        ],
        max_tokens: MaxTokensField::Unspecified,
        developer_role: None,
        limits: FORMATS_OWN,
        ..OWN
    },
    // Any service in OpenAI's format; every endpoint is tried, the service says what it has.
    Preset {
        name: "openai-compatible",
        title: "OpenAI-compatible",
        capabilities: EVERYTHING,
        api: ChatApi::Unspecified,
        // Of a service that nobody knows the strictest rules are assumed.
        limits: FORMATS_OWN,
        image_types: None,
        audio_formats: None,
        schemas: SchemaSubset::Unspecified,
        ..OWN
    },
    // https://learn.microsoft.com/azure/ai-foundry/openai/latest: base_url https://RESOURCE.openai.azure.com/openai/v1
    Preset {
        name: "azure",
        title: "Azure OpenAI",
        base_url: None,
        key_env: Some("AZURE_OPENAI_API_KEY"),
        auth: AuthHeader::Header("api-key"),
        ..OPENAI
    },
    // https://learn.microsoft.com/azure/ai-foundry/openai/reference: base_url https://RESOURCE.openai.azure.com
    Preset {
        name: "azure-deployments",
        title: "Azure OpenAI, with deployments",
        catalogue: Some("azure"),
        base_url: None,
        key_env: Some("AZURE_OPENAI_API_KEY"),
        auth: AuthHeader::Header("api-key"),
        paths: PathStyle::Deployments,
        query: Some("api-version=2024-10-21"),
        // Responses are below the newer address alone.
        api: ChatApi::Chat,
        ..OPENAI
    },
    // https://inference-docs.cerebras.ai/api-reference/chat-completions
    Preset {
        name: "cerebras",
        title: "Cerebras",
        base_url: Some("https://api.cerebras.ai/v1"),
        key_env: Some("CEREBRAS_API_KEY"),
        max_tokens: MaxTokensField::MaxCompletionTokens,
        refuses: &["frequency_penalty", "presence_penalty", "logit_bias"],
        ..COMPATIBLE
    },
    // https://docs.cohere.com/docs/compatibility-api
    Preset {
        name: "cohere",
        title: "Cohere",
        base_url: Some("https://api.cohere.ai/compatibility/v1"),
        key_env: Some("COHERE_API_KEY"),
        capabilities: CHAT_EMBED,
        ..COMPATIBLE
    },
    // https://docs.deepinfra.com
    Preset {
        name: "deepinfra",
        title: "DeepInfra",
        base_url: Some("https://api.deepinfra.com/v1/openai"),
        key_env: Some("DEEPINFRA_API_KEY"),
        capabilities: EVERYTHING,
        ..COMPATIBLE
    },
    // https://api-docs.deepseek.com: JSON mode, but no schemas.
    Preset {
        name: "deepseek",
        title: "DeepSeek",
        base_url: Some("https://api.deepseek.com/v1"),
        key_env: Some("DEEPSEEK_API_KEY"),
        capabilities: CHAT,
        json_schema: Some(false),
        reasoning_history: ReasoningHistory::ReasoningContent,
        ..COMPATIBLE
    },
    // https://docs.fireworks.ai/api-reference
    Preset {
        name: "fireworks",
        title: "Fireworks",
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        key_env: Some("FIREWORKS_API_KEY"),
        capabilities: TEXT_EMBED,
        reasoning_history: ReasoningHistory::ReasoningContent,
        ..COMPATIBLE
    },
    // https://ai.google.dev/gemini-api/docs/openai
    Preset {
        name: "gemini",
        title: "Google Gemini",
        base_url: Some("https://generativelanguage.googleapis.com/v1beta/openai"),
        key_env: Some("GEMINI_API_KEY"),
        capabilities: &[Capability::Chat, Capability::Embedding, Capability::ImageGeneration],
        // Unknown names are refused.
        refuses: SERVER_SAMPLING,
        reasoning_history: ReasoningHistory::None,
        // https://ai.google.dev/gemini-api/docs/image-understanding, /api/caching#Schema
        image_types: Some(&["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"]),
        schemas: SchemaSubset::Gemini,
        ..COMPATIBLE
    },
    // https://console.groq.com/docs/api-reference
    Preset {
        name: "groq",
        title: "Groq",
        base_url: Some("https://api.groq.com/openai/v1"),
        key_env: Some("GROQ_API_KEY"),
        capabilities: &[
            Capability::Chat,
            Capability::AudioTranscription,
            Capability::AudioTranslation,
            Capability::AudioSpeech,
        ],
        max_tokens: MaxTokensField::MaxCompletionTokens,
        // Not supported by the reference, or unknown: both are refused.
        refuses: &["logprobs", "logit_bias", "top_k", "min_p", "repeat_penalty"],
        reasoning_history: ReasoningHistory::None,
        ..COMPATIBLE
    },
    // https://huggingface.co/docs/inference-providers
    Preset {
        name: "huggingface",
        title: "Hugging Face",
        base_url: Some("https://router.huggingface.co/v1"),
        key_env: Some("HF_TOKEN"),
        capabilities: CHAT,
        ..COMPATIBLE
    },
    // https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    Preset {
        name: "llama.cpp",
        reasoning_history: ReasoningHistory::ReasoningContent,
        title: "llama.cpp",
        base_url: Some("http://127.0.0.1:8080/v1"),
        ..OWN
    },
    // https://lmstudio.ai/docs/developer
    Preset {
        name: "lmstudio",
        title: "LM Studio",
        base_url: Some("http://127.0.0.1:1234/v1"),
        api: ChatApi::Both,
        reasoning_history: ReasoningHistory::ReasoningContent,
        ..OWN
    },
    // https://localai.io
    Preset {
        name: "localai",
        title: "LocalAI",
        base_url: Some("http://127.0.0.1:8080/v1"),
        capabilities: EVERYTHING,
        ..OWN
    },
    // https://docs.mistral.ai/api: usage comes in every stream, and asking for it is an unknown field.
    Preset {
        name: "mistral",
        title: "Mistral",
        base_url: Some("https://api.mistral.ai/v1"),
        key_env: Some("MISTRAL_API_KEY"),
        capabilities: &[Capability::Chat, Capability::Embedding, Capability::AudioTranscription],
        stream_usage: Some(false),
        // Every other field is refused as an extra input.
        refuses: &[
            "top_k",
            "min_p",
            "repeat_penalty",
            "seed",
            "logprobs",
            "logit_bias",
            "user",
            "service_tier",
            "verbosity",
        ],
        reasoning_history: ReasoningHistory::None,
        // Its API takes call ids of nine letters and digits alone.
        limits: Limits { call_id: Some(9), call_id_alphabet: Alphabet::Alphanumeric, ..FORMATS_OWN },
        ..COMPATIBLE
    },
    // https://platform.moonshot.ai/docs
    Preset {
        name: "moonshot",
        title: "Moonshot",
        base_url: Some("https://api.moonshot.ai/v1"),
        key_env: Some("MOONSHOT_API_KEY"),
        capabilities: CHAT,
        reasoning_history: ReasoningHistory::ReasoningContent,
        ..COMPATIBLE
    },
    // https://docs.api.nvidia.com
    Preset {
        name: "nvidia",
        title: "NVIDIA",
        base_url: Some("https://integrate.api.nvidia.com/v1"),
        key_env: Some("NVIDIA_API_KEY"),
        capabilities: TEXT_EMBED,
        ..COMPATIBLE
    },
    // https://openrouter.ai/docs/api-reference
    Preset {
        name: "openrouter",
        title: "OpenRouter",
        base_url: Some("https://openrouter.ai/api/v1"),
        key_env: Some("OPENROUTER_API_KEY"),
        capabilities: TEXT_EMBED,
        reasoning_history: ReasoningHistory::Reasoning,
        ..COMPATIBLE
    },
    // https://docs.perplexity.ai/api-reference: usage comes in every stream.
    Preset {
        name: "perplexity",
        title: "Perplexity",
        base_url: Some("https://api.perplexity.ai"),
        key_env: Some("PERPLEXITY_API_KEY"),
        capabilities: CHAT,
        stream_usage: Some(false),
        ..COMPATIBLE
    },
    // https://docs.sglang.ai/basic_usage/openai_api.html
    Preset {
        name: "sglang",
        reasoning_history: ReasoningHistory::ReasoningContent,
        title: "SGLang",
        base_url: Some("http://127.0.0.1:30000/v1"),
        ..OWN
    },
    // https://docs.together.ai/reference
    Preset {
        name: "together",
        title: "Together",
        base_url: Some("https://api.together.xyz/v1"),
        key_env: Some("TOGETHER_API_KEY"),
        capabilities: EVERYTHING,
        ..COMPATIBLE
    },
    // https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    Preset {
        name: "vllm",
        title: "vLLM",
        base_url: Some("http://127.0.0.1:8000/v1"),
        capabilities: &[
            Capability::Chat,
            Capability::Completion,
            Capability::Embedding,
            Capability::AudioTranscription,
            Capability::AudioTranslation,
        ],
        api: ChatApi::Both,
        reasoning_history: ReasoningHistory::ReasoningContent,
        ..OWN
    },
    // https://docs.x.ai/docs/api-reference
    Preset {
        name: "xai",
        title: "xAI",
        base_url: Some("https://api.x.ai/v1"),
        key_env: Some("XAI_API_KEY"),
        capabilities: &[Capability::Chat, Capability::Completion, Capability::ImageGeneration],
        // https://docs.x.ai/docs/guides/image-understanding
        image_types: Some(&["image/png", "image/jpeg"]),
        api: ChatApi::Both,
        ..COMPATIBLE
    },
];

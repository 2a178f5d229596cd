//! The wire formats of OpenAI, Anthropic and Ollama, read and written by one codec each.

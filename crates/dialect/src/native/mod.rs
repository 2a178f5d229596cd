//! Baton's own request API: OpenAI's shapes with a few fields more, and an envelope around the reply.

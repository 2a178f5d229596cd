//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key of the environment.

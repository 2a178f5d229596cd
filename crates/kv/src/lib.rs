//! What nodes share while they run.

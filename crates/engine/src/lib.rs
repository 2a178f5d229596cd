//! The pipeline of a request, one file a step.

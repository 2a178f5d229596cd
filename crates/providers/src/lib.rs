//! The providers, one folder each, and presets for services that speak a known format.

//! Simulated providers on real sockets, for demonstrations, tests and benchmarks.

//! Three nodes on PostgreSQL, Redis and NATS, as a company runs them.
//!
//! [`cluster`] starts them; [`clients`] ask them, as if through a load balancer, and remember what they saw.

mod bad_days;
mod budget;
mod clients;
mod cluster;
mod one_service;

//! The edge: no client holds what it does not use, and whatever clients do, others are served.

mod connections;
mod development;
mod files;
mod http2;
mod labels;
mod logs;
mod management;
mod pages;
mod slow;

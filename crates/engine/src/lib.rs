//! The pipeline of a request, one file a step: `admit → limit → cache → route → dispatch → meter → record`.
//!
//! `pipeline.rs` tells the order. What goes down is one [`Call`]; what comes up is one [`Reply`], a head and a stream
//! of frames. The engine knows no wire format and no vendor: a format is a value that client APIs and providers agree on,
//! and bytes pass through unread.
//!
//! - [`registry`]: the models and providers in force, one snapshot a request;
//! - [`ledger`]: the journal, and the way from there into the database;
//! - [`calibration`]: what replies teach about how models count;
//! - [`health`], [`metrics`]: how models fare, and what is counted;
//! - [`policy`]: the budgets and limits in force;
//! - [`unpriced`]: which models were used without a price;
//! - [`trace`], [`observe`]: which trace a request belongs to, and who is told when it is over.

mod admit;
mod ask;
pub mod batched;
pub mod cache;
pub mod calibration;
pub mod call;
mod chance;
mod coalesce;
mod dispatch;
mod edge_metrics;
mod engine;
mod fit;
pub mod health;
pub mod ledger;
pub mod limit;
mod meter;
mod metric_labels;
pub mod metrics;
pub mod metrics_text;
mod model_metrics;
pub mod names;
pub mod observe;
mod pipeline;
// Money is counted in integers all the way.
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
pub mod policy;
mod provider_counts;
mod reasoning_cache;
mod record;
pub mod registry;
mod reply;
mod reply_stream;
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod reserve;
pub mod route;
mod settings;
mod shared;
mod shares;
pub mod trace;
pub mod unpriced;

pub use batched::BatchedReply;
pub use cache::{CacheDefault, CacheSettings, CacheShare};
pub use calibration::Calibration;
pub use call::{CachePolicy, Call, CallOptions, Content, HeadSent, Identity, ModelSelector, Routing};
pub use edge_metrics::{ConnectionRefusal, EdgeMetrics, OpenConnection, Port, SlowClient};
pub use engine::{Engine, EngineParts};
pub use health::{Circuit, CircuitSettings, RetryBudgetSettings};
pub use ledger::{JournalSettings, Ledger};
pub use observe::Observer;
pub use policy::{CounterReading, PolicyKind, PolicySet};
pub use registry::{PriceLookup, Registry, Snapshot};
pub use reply::{Bill, Reply, ReplyHead};
pub use settings::{EngineSettings, RetrySettings};
pub use shares::Hold;
pub use trace::{Trace, TraceSampling};
